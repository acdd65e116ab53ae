"""What makes a function a role."""

import pytest

from agents import Context, Role, RoleError, role
from agents.coder import coder
from agents.critic import critic
from agents.planner import planner
from agents.testing import ScriptedContext
from events import CodeReviewed, CodeWritten, GradingCompleted, PlanDrafted, ProblemPosed

PROBLEM = ProblemPosed(task_id="Test/0", prompt="def f(): ...", entry_point="f")


def test_types_are_read_from_the_signature() -> None:
    """A role knows which events it takes and returns, a union included."""
    assert planner.accepts == (ProblemPosed,)
    assert set(coder.accepts) >= {ProblemPosed, PlanDrafted}
    assert coder.returns == (CodeWritten,)
    assert repr(planner) == "planner: ProblemPosed -> PlanDrafted"


def test_plain_function_is_refused() -> None:
    """A function that is not async is refused with the shape that was expected."""
    with pytest.raises(RoleError, match="role lazy is not an async function; expected async def lazy"):

        @role  # type: ignore[arg-type]
        def lazy(problem: ProblemPosed, ctx: Context) -> PlanDrafted: ...


def test_missing_context_is_refused() -> None:
    """A function of one parameter is refused."""
    with pytest.raises(RoleError, match="takes 1 parameters"):

        @role  # type: ignore[arg-type]
        async def lonely(problem: ProblemPosed) -> PlanDrafted: ...


def test_unannotated_event_is_refused() -> None:
    """A role must say which event it takes."""
    with pytest.raises(RoleError, match="does not say which event it takes"):

        @role
        async def vague(problem, ctx: Context) -> PlanDrafted:  # type: ignore[no-untyped-def]  # noqa: ANN001
            ...


def test_result_that_is_no_event_is_refused() -> None:
    """A role must return an event, not text."""
    with pytest.raises(RoleError, match="role chatty returns str, which is no event; expected"):

        @role  # type: ignore[type-var]
        async def chatty(problem: ProblemPosed, ctx: Context) -> str: ...


async def test_wrong_answer_is_named() -> None:
    """A role that returns another event than it declares is told so, with both names."""

    @role
    async def liar(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
        return problem  # type: ignore[return-value]

    with pytest.raises(RoleError, match="role liar returned ProblemPosed, but it declares PlanDrafted"):
        await liar.act(PROBLEM, ScriptedContext())


def test_role_can_play_a_part_with_the_same_events() -> None:
    """A part is open to roles that take at least its events and return at most its events."""

    @role
    async def skeptic(written: CodeWritten, ctx: Context) -> CodeReviewed: ...

    assert skeptic.can_play(critic)
    assert not planner.can_play(critic)


def test_narrower_role_cannot_play_a_wider_part() -> None:
    """A coder that takes plans only cannot stand in for one that takes bare problems too."""

    @role
    async def planned(plan: PlanDrafted, ctx: Context) -> CodeWritten: ...

    assert not planned.can_play(coder)


def test_source_is_the_whole_file() -> None:
    """The fingerprint of a role covers the prompts that stand beside its function."""
    found: Role[ProblemPosed, PlanDrafted] = planner

    assert "PROMPT" in found.source


def test_events_of_the_run_itself_are_refused() -> None:
    """A role cannot return a verdict or the answer of the world: only the run may log those."""
    with pytest.raises(RoleError, match="role judge exchanges GradingCompleted, which only the run"):

        @role
        async def judge(written: CodeWritten, ctx: Context) -> GradingCompleted: ...


def test_annotation_that_cannot_be_resolved_is_refused() -> None:
    """An event that is imported for the type checker only is named."""
    with pytest.raises(
        RoleError, match="role vague has annotations that cannot be resolved: NameError: name 'Plan'"
    ):

        @role
        async def vague(problem: "Plan", ctx: Context) -> PlanDrafted: ...  # type: ignore[name-defined]  # noqa: F821


def test_context_by_keyword_is_refused() -> None:
    """A role is given its event and its context by position."""
    with pytest.raises(RoleError, match="role named does not take ctx by position"):

        @role  # type: ignore[arg-type]
        async def named(problem: ProblemPosed, *, ctx: Context) -> PlanDrafted: ...


def test_name_of_the_run_itself_is_refused() -> None:
    """A role called grade would record where the verdict is recorded."""
    with pytest.raises(RoleError, match="a role cannot be called grade"):

        @role
        async def grade(problem: ProblemPosed, ctx: Context) -> PlanDrafted: ...


async def test_nothing_is_no_answer() -> None:
    """A role that returns nothing is told so."""

    @role
    async def silent(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
        return None  # type: ignore[return-value]

    with pytest.raises(RoleError, match="role silent returned NoneType, but it declares PlanDrafted"):
        await silent.act(PROBLEM, ScriptedContext())
