"""Where an architecture meets its roles."""

import anyio
import pytest

from agents import Context, role
from agents.coder import coder
from agents.critic import critic
from agents.planner import planner
from events import (
    CodeReviewed,
    CodeWritten,
    Entry,
    Event,
    GenerationRequested,
    PlanDrafted,
    ProblemPosed,
)
from fractal_agent.architectures.base import Architecture, Stage, architecture
from fractal_agent.architectures.repair import repair
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.run import RunFailed
from fractal_agent.testing import make_task, run_in_memory


async def record(shape: Architecture, **changes: object) -> list[Entry[Event]]:
    return list(await run_in_memory([make_task()], shape, ScriptedEngine(placeholder), **changes))


def cause_of(entries: list[Entry[Event]], path: str) -> str:
    """The path of the line that the last line at `path` follows from."""
    entry = [entry for entry in entries if entry.path == path][-1]
    assert entry.cause is not None
    return entries[entry.cause].path


async def test_each_event_names_the_event_it_follows_from() -> None:
    """The cause of a role's answer is the line of the event the role was given."""
    entries = await record(repair)

    assert cause_of(entries, "Test/0/planner.0") == "Test/0"
    assert cause_of(entries, "Test/0/coder.0") == "Test/0/planner.0"
    assert cause_of(entries, "Test/0/critic.0") == "Test/0/coder.0"
    assert cause_of(entries, "Test/0/answer") == "Test/0/coder.0"


async def test_event_of_the_architectures_own_is_logged_first() -> None:
    """An event that no role returned gets a line of its own before a role receives it."""

    @architecture
    async def own(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        return await stage.ask(coder, PlanDrafted(problem=problem, plan="1. Mine."))

    entries = await record(own)

    given = next(entry for entry in entries if entry.path == "Test/0/coder.0/given")
    assert isinstance(given.event, PlanDrafted)
    assert cause_of(entries, "Test/0/coder.0") == "Test/0/coder.0/given"


async def test_results_come_in_the_items_order() -> None:
    """Branches that end in the reverse order still give their results in the items' order."""
    turns = [anyio.Event() for _ in range(4)]
    turns[3].set()

    @architecture
    async def race(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        async def run(branch: Stage, number: int) -> int:
            await turns[number].wait()
            if number:
                turns[number - 1].set()
            return number

        order = await stage.each(range(4), run, key="lane")
        return CodeWritten(problem=problem, code=repr(order))

    entries = await record(race)

    assert "(0, 1, 2, 3)" in repr([entry.event for entry in entries if entry.path == "Test/0/answer"])


async def test_first_error_in_the_items_order_is_raised() -> None:
    """When two branches raise, it is the first by item that shows, whichever came first in time."""
    late = anyio.Event()

    @architecture
    async def stumble(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        async def run(branch: Stage, number: int) -> None:
            if number == 0:
                await late.wait()
            late.set()
            raise ValueError(f"branch {number}")

        await stage.each(range(2), run, key="lane")
        raise AssertionError

    with pytest.raises(RunFailed, match="branch 0"):
        await record(stumble)


async def test_a_key_used_again_counts_on() -> None:
    """Two fan-outs with one key share no path: the second's branches are numbered after the first's."""

    @architecture
    async def twice(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        async def run(branch: Stage, number: int) -> CodeWritten:
            return await branch.ask(coder, problem)

        first = await stage.each(range(2), run, key="lane")
        second = await stage.each(range(2), run, key="lane")
        return [*first, *second][-1]

    entries = await record(twice)

    written = sorted(entry.path for entry in entries if isinstance(entry.event, CodeWritten))
    assert written == [f"Test/0/lane-{number}/coder.0" for number in range(4)]


async def test_cast_role_plays_under_the_parts_path() -> None:
    """A role that plays another's part is asked at that part's path, so records stay comparable."""

    @role
    async def skeptic(written: CodeWritten, ctx: Context) -> CodeReviewed:
        return CodeReviewed(problem=written.problem, code=written.code, plan="doubted", passed=True)

    entries = await record(repair, cast={"critic": skeptic})

    reviews = [entry.event for entry in entries if entry.path == "Test/0/critic.0"]
    assert isinstance(reviews[0], CodeReviewed)
    assert reviews[0].plan == "doubted"


async def test_rounds_bound_the_revisions() -> None:
    """With K rounds the repairer is asked K times at most, and the coder once more than that."""
    from events import ExecutionCompleted
    from fractal_agent.sandbox import InstantSandbox

    failing = InstantSandbox(execute=lambda request: ExecutionCompleted(outcome="failed"))

    entries = await record(repair, sandbox=failing, rounds=3)

    asked = [entry.path for entry in entries if isinstance(entry.event, GenerationRequested)]
    assert sum("repairer" in path for path in asked) == 3
    assert sum("coder" in path for path in asked) == 4


async def test_passing_code_is_not_touched_again() -> None:
    """Code that passes its visible examples is submitted at once."""
    entries = await record(repair, rounds=3)

    assert not any("repairer" in entry.path for entry in entries)


def test_shipped_roles_are_what_architectures_ask() -> None:
    """The roles that the repair architecture asks are the ones in the package."""
    assert (planner.name, coder.name, critic.name) == ("planner", "coder", "critic")
