"""Forks: what an edit touches is performed, the rest is reused, and the new run stands on its own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from events import (
    LOG_NAME,
    Branch,
    CodeWritten,
    Edit,
    EventUnencodable,
    GenerationCompleted,
    GenerationRequested,
    LogReader,
    PlanRevised,
    Settings,
)
from fractal_agent.catalog import UnknownName, load_catalog
from fractal_agent.cli import run
from fractal_agent.datasets import load
from fractal_agent.exits import Exit
from fractal_agent.forking import edits_at, fork_job, resume_fork_job, samples
from fractal_agent.job import Job, Unwatched
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.report.forked import forked
from fractal_agent.solving import resume, solve
from replay.edit import BadEdit, edit_settings
from replay.timeline import Timeline

CASE = "T/0"
REPAIRER = f"{CASE}/repairer.0"
GOOD_PLAN = "1. Add one."

SCRIPT = [
    {"path": "*sample-1/*/repairer.*", "text": " Add one."},
    {"path": "*/coder.*", "contains": "Add one.", "text": "    return x + 1\n"},
    {"path": "*/coder.0/*", "text": "    return None\n"},
    {"path": "*/coder.*", "text": "    return 5\n"},
    {"path": "*", "text": " Think.\n"},
]

PROBLEM = {
    "prompt": 'def f(x):\n    """Return x plus one.\n\n    >>> f(1)\n    2\n    """\n',
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(2) == 3\n",
    "canonical_solution": "    return x + 1\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set of two problems and a script that fails them until a plan says: Add one."""
    folder = tmp_path_factory.mktemp("place")
    tasks = [{"task_id": f"T/{number}", **PROBLEM} for number in range(2)]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    (folder / "script.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SCRIPT))
    return folder


@pytest.fixture(scope="module")
def parent(place: Path) -> Recording:
    """A run in which both cases were revised twice, in vain."""
    settings = Settings(
        dataset=str(place / "tasks.jsonl"),
        tasks=("T/0", "T/1"),
        architecture="repair",
        model="none",
        engine="scripted",
        script=str(place / "script.jsonl"),
    )
    job = Job(
        run_id="parent",
        folder=place / "parent",
        settings=settings,
        tasks=load(settings.dataset),
        catalog=load_catalog(),
    )
    assert solve(job, Unwatched()).passed == 0
    return Recording(job.folder)


@pytest.fixture
def fork(parent: Recording, tmp_path: Path) -> Callable[..., Recording]:
    """Makes a fork of the parent, or of another run, and returns its recording."""

    def make(
        at: str = "", changes: Mapping[str, str] = {}, *, of: Recording = parent, **options: Any
    ) -> Recording:
        if at:
            case, _, options["edits"] = edits_at(of, at, changes)
            options.setdefault("cases", [case])
        job = fork_job(of, load_catalog(), folder=tmp_path / f"fork-of-{of.started.run_id}", **options)
        solve(job, Unwatched())
        return Recording(job.folder)

    return make


def requests(run: Recording) -> dict[str, bool]:
    """Path of each generation to whether it was reused."""
    return {
        path: effect.request.reused
        for path, effect in run.journal.effects.items()
        if isinstance(effect.request, GenerationRequested)
    }


def test_edited_plan_leads_to_another_verdict(fork: Callable[..., Recording]) -> None:
    """With a good plan in the Repairer's place the case passes; what came before the plan is reused."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})

    assert run.timeline.cases[CASE].passed
    assert requests(run) == {
        f"{CASE}/planner.0/generate.0": True,
        f"{CASE}/coder.0/generate.0": True,
        f"{REPAIRER}/generate.0": True,
        f"{CASE}/coder.1/generate.0": False,
    }
    assert (run.timeline.reused, run.timeline.performed) == (4, 3)
    revised = run.journal.facts[REPAIRER].event
    assert isinstance(revised, PlanRevised)
    assert revised.plan == GOOD_PLAN


def test_only_the_forked_case_is_run(fork: Callable[..., Recording]) -> None:
    """A fork at a path holds the case of that path and no other."""
    assert list(fork(REPAIRER, {"plan": GOOD_PLAN}).timeline.cases) == [CASE]


def test_reused_tokens_are_not_counted(fork: Callable[..., Recording]) -> None:
    """The tokens of a fork are those that the model wrote for it."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})

    written = run.journal.effects[f"{CASE}/coder.1/generate.0"].result
    assert isinstance(written, GenerationCompleted)
    assert run.timeline.completion_tokens == written.completion_tokens
    assert run.timeline.in_flight == 0


def test_header_names_parent_and_edits(parent: Recording, fork: Callable[..., Recording]) -> None:
    """The first line says which run was forked, at which state of its log, and what was changed."""
    origin = fork(REPAIRER, {"plan": GOOD_PLAN}).started.origin

    assert origin is not None
    assert (origin.run_id, origin.head) == ("parent", parent.head)
    assert [(edit.path, edit.field, edit.value) for edit in origin.edits] == [(REPAIRER, "plan", GOOD_PLAN)]


@pytest.mark.parametrize(
    ("at", "changes"),
    [
        (REPAIRER, {"plan": GOOD_PLAN}),
        (f"{REPAIRER}/generate.0", {"text": GOOD_PLAN}),
        (f"{CASE}/planner.0/generate.0", {"prompt": "Plan it. Add one."}),
        (f"{CASE}/critic.0", {"passed": "true"}),
        (f"{CASE}/critic.0/execute.0", {"outcome": "passed", "results": "[]"}),
        (f"{CASE}/answer", {"code": "def f(x):\n    return x + 1\n"}),
        (CASE, {"prompt": 'def f(x):\n    """Add one."""\n'}),
    ],
    ids=["plan", "answer of the model", "prompt", "review", "execution", "submission", "problem"],
)
def test_fork_replays_without_its_parent(
    fork: Callable[..., Recording], at: str, changes: dict[str, str]
) -> None:
    """Whatever was edited, the fork is a run like any other: a strict replay of it alone agrees."""
    run = fork(at, changes)

    replayed = replay_run(run.folder, load_catalog())

    assert (replayed.cases, replayed.divergences) == (1, [])


def test_untouched_fork_performs_nothing(parent: Recording, fork: Callable[..., Recording]) -> None:
    """A fork without an edit, under the same code, takes every answer from the record and ends the same."""
    run = fork()

    assert run.timeline.performed == 0
    assert run.timeline.reused == len(parent.journal.effects)
    assert [case.verdict for case in run.timeline.graded] == [c.verdict for c in parent.timeline.graded]
    assert run.started.provenance.model_origin == "none"


def test_changed_setting_runs_on_from_the_end(parent: Recording, fork: Callable[..., Recording]) -> None:
    """With one more round, two rounds are reused and the third is performed."""
    run = fork(edits=[edit_settings(parent.started.settings, "rounds", "3")], cases=[CASE])

    assert run.started.settings.rounds == 3
    performed = [path for path, reused in requests(run).items() if not reused]
    assert performed == [f"{CASE}/repairer.2/generate.0", f"{CASE}/coder.3/generate.0"]


@pytest.mark.parametrize(("setting", "reuses"), [("model", False), ("engine", True)])
def test_another_model_answers_anew(
    parent: Recording, fork: Callable[..., Recording], setting: str, reuses: bool
) -> None:
    """Generations are reused unless the setting that changed is the model itself."""
    run = fork(edits=[edit_settings(parent.started.settings, setting, "scripted")], cases=[CASE])

    assert set(requests(run).values()) == {reuses}


def test_another_seed_draws_samples_anew(parent: Recording, fork: Callable[..., Recording]) -> None:
    """Under another seed greedy answers are reused, and what was sampled is drawn anew."""
    run = fork(edits=[edit_settings(parent.started.settings, "seed", "7")], cases=[CASE])

    greedy = {
        path: effect.request.temperature == 0
        for path, effect in run.journal.effects.items()
        if isinstance(effect.request, GenerationRequested)
    }
    assert {path: reused for path, reused in requests(run).items() if path in greedy} == greedy
    assert set(greedy.values()) == {True, False}


def test_cast_role_reads_the_recorded_events(fork: Callable[..., Recording]) -> None:
    """With another role in the Repairer's place, all that came before it is reused."""
    run = fork(cast={"repairer": "repairer"}, cases=[CASE])

    assert run.started.settings.cast == {"repairer": "repairer"}
    assert run.timeline.performed == 0


def test_samples_draw_apart(fork: Callable[..., Recording], parent: Recording, place: Path) -> None:
    """Drawn anew from one step, each sample has paths and seeds of its own and a verdict of its own."""
    step = f"{REPAIRER}/generate.0"
    run = fork(cases=[CASE], branches=samples(3, anew=step))

    assert [case.passed for case in run.timeline.graded] == [False, True, False]
    drawn = [run.journal.effects[f"sample-{n}/{step}"].request for n in range(3)]
    assert all(isinstance(request, GenerationRequested) and not request.reused for request in drawn)
    assert len({request.seed for request in drawn if isinstance(request, GenerationRequested)}) == 3
    assert requests(run)[f"sample-0/{CASE}/coder.0/generate.0"]
    assert replay_run(run.folder, load_catalog()).cases == 3

    report = forked(parent, run.timeline, str(run.folder / LOG_NAME))
    assert [(case.case, case.before, case.passed) for case in report.cases] == [(CASE, "failed", 1)]


def test_later_steps_are_drawn_anew_too(fork: Callable[..., Recording]) -> None:
    """From the step that is drawn anew on, no generation is reused; executions are."""
    run = fork(cases=[CASE], branches=samples(1, anew=f"{CASE}/coder.0/generate.0"))

    front = f"sample-0/{CASE}"
    assert [path for path, reused in requests(run).items() if reused] == [f"{front}/planner.0/generate.0"]
    assert run.journal.effects[f"{front}/critic.0/execute.0"].requested >= 0
    assert run.timeline.executions == 0


def test_fork_of_a_fork_keeps_its_edits(fork: Callable[..., Recording]) -> None:
    """What the parent had edited stays edited in the child, which adds its own."""
    first = fork(REPAIRER, {"plan": "1. Think twice."})
    second = fork(f"{CASE}/repairer.1", {"plan": GOOD_PLAN}, of=first)

    assert second.timeline.cases[CASE].passed
    assert second.started.origin is not None
    assert [edit.path for edit in second.started.origin.edits] == [REPAIRER, f"{CASE}/repairer.1"]
    assert replay_run(second.folder, load_catalog()).divergences == []


def test_branch_of_a_fork_can_be_forked(fork: Callable[..., Recording]) -> None:
    """One sample among several is forked by its path; the child has the plain paths again."""
    several = fork(cases=[CASE], branches=samples(2, anew=f"{REPAIRER}/generate.0"))
    one = fork(f"sample-0/{CASE}/repairer.1", {"plan": GOOD_PLAN}, of=several)

    assert one.timeline.cases[CASE].passed
    assert one.started.origin is not None
    assert one.started.origin.branch == "sample-0"
    assert requests(one)[f"{REPAIRER}/generate.0"]


def cut(folder: Path, lines: int) -> None:
    """Leaves the first lines of a log, as a kill would."""
    log = folder / LOG_NAME
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.mark.parametrize("lines", [1, 4, 9, 14])
def test_interrupted_fork_goes_on(fork: Callable[..., Recording], lines: int) -> None:
    """A fork cut off anywhere ends as it would have: it takes from its own log, then from its parent's."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})
    whole = {path: effect.result for path, effect in run.journal.effects.items()}
    cut(run.folder, lines)

    timeline = resume(resume_fork_job(Recording(run.folder), load_catalog()), Unwatched())

    again = Recording(run.folder)
    assert timeline.completed
    assert {path: effect.result for path, effect in again.journal.effects.items()} == whole
    assert [path for path, reused in requests(again).items() if not reused] == [f"{CASE}/coder.1/generate.0"]
    assert replay_run(run.folder, load_catalog()).divergences == []


def test_fork_goes_on_without_its_parent(
    fork: Callable[..., Recording], parent: Recording, tmp_path: Path
) -> None:
    """Where the parent is gone, what the fork had not copied yet is performed."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})
    cut(run.folder, 1)
    begun = Recording(run.folder)
    (parent.folder / LOG_NAME).rename(parent.folder / "elsewhere")
    try:
        job = resume_fork_job(begun, load_catalog())
    finally:
        (parent.folder / "elsewhere").rename(parent.folder / LOG_NAME)

    assert job.parent is None
    assert resume(job, Unwatched()).reused == 0


@pytest.mark.parametrize(
    ("at", "changes", "message"),
    [
        (
            f"{CASE}/repairer.7",
            {"plan": ""},
            r"nothing was recorded at 'T/0/repairer\.7'\. Near ones: T/0/rep",
        ),
        ("T/9", {"prompt": ""}, "nothing was recorded at 'T/9'"),
        (REPAIRER, {"plam": ""}, "PlanRevised has no field 'plam' to edit; expected plan, previous"),
        (REPAIRER, {"problem": "{}"}, "has no field 'problem' to edit"),
        (f"{REPAIRER}/generate.0", {"temperature": "hot"}, "temperature is float and is set as JSON"),
        (f"{REPAIRER}/generate.0", {"temperature": '"hot"'}, "Expected `float`, got `str`"),
        (f"{REPAIRER}/generate.0", {"finish_reason": "never"}, "Invalid enum value 'never'"),
        (f"{REPAIRER}/generate.0", {"seed": "3"}, "has no field 'seed' to edit; expected prompt, messages"),
        (f"{CASE}/grade.0", {"outcome": "passed"}, "a verdict is the hidden tests' and cannot be edited"),
        (REPAIRER, {}, r"no generation was recorded .* Near ones: T/0/repairer\.0/generate\.0"),
        (f"{CASE}/critic.0/execute.0", {}, "without --set only a generation can be drawn anew"),
    ],
)
def test_bad_edit_is_refused(parent: Recording, at: str, changes: dict[str, str], message: str) -> None:
    """An edit of what is not there, or that does not fit, says what is there and what would fit."""
    with pytest.raises(BadEdit, match=message):
        edits_at(parent, at, changes)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tasks", "[]", "no setting 'tasks' to edit; expected architecture, model"),
        ("rounds", "many", "setting rounds is int and is set as JSON"),
        ("rounds", '"3"', "setting rounds is int, and '\"3\"' does not fit"),
    ],
)
def test_bad_setting_is_refused(parent: Recording, key: str, value: str, message: str) -> None:
    """A setting that a fork cannot change, or a value of another type, is refused by name."""
    with pytest.raises(BadEdit, match=message):
        edit_settings(parent.started.settings, key, value)


def test_unknown_case_is_refused(parent: Recording, tmp_path: Path) -> None:
    """A case that the run does not have is named, with a near one, and no folder is made."""
    with pytest.raises(UnknownName, match="unknown case 'T/3'"):
        fork_job(parent, load_catalog(), folder=tmp_path / "fork", cases=["T/3"])
    assert not (tmp_path / "fork").exists()


def test_parent_is_not_touched(parent: Recording, fork: Callable[..., Recording]) -> None:
    """The log of the parent is the same bytes after a fork as before."""
    before = (parent.folder / LOG_NAME).read_bytes()
    fork(REPAIRER, {"plan": GOOD_PLAN})

    assert (parent.folder / LOG_NAME).read_bytes() == before


def test_edited_text_has_no_digest_of_tokens(fork: Callable[..., Recording]) -> None:
    """An answer that a person wrote is not passed off as the tokens of a model."""
    run = fork(f"{REPAIRER}/generate.0", {"text": GOOD_PLAN})

    result = run.journal.effects[f"{REPAIRER}/generate.0"].result
    assert isinstance(result, GenerationCompleted)
    assert (result.text, result.tokens_digest) == (GOOD_PLAN, "")


def test_newline_of_an_editor_is_dropped(parent: Recording) -> None:
    """A text from a file ends in a newline only where the recorded one does."""
    _, _, (plan,) = edits_at(parent, REPAIRER, {"plan": "1. Go.\n"})
    _, _, (code,) = edits_at(parent, f"{CASE}/coder.0", {"code": "pass\n"})
    recorded = parent.journal.facts[f"{CASE}/coder.0"].event

    assert plan.value == "1. Go."
    assert isinstance(recorded, CodeWritten)
    assert code.value == ("pass\n" if recorded.code.endswith("\n") else "pass")


def test_log_of_a_fork_is_one_chain(fork: Callable[..., Recording]) -> None:
    """A fork's log reads from the first line to its seal, each effect's result behind its request."""
    run = fork(cases=[CASE], branches=[Branch(name="a"), Branch(name="b")])

    reader = LogReader(run.folder / LOG_NAME)
    entries = list(reader)
    assert reader.sealed
    assert Timeline.of(entries).unfinished == []
    results = [entry for entry in entries if isinstance(entry.event, GenerationCompleted)]
    assert all(entries[entry.cause or 0].path == entry.path for entry in results)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": "-1"}, "temperature is from 0 to 2, and -1 is not"),
        ({"top_p": "1.5"}, "top_p is from 0 to 1, and 1.5 is not"),
        ({"max_tokens": "0"}, "max_tokens is from 1 to 1,000,000, and 0 is not"),
    ],
)
def test_number_that_makes_no_sense_is_refused(
    parent: Recording, change: dict[str, str], message: str
) -> None:
    """A number outside what an engine takes is refused before anything is started."""
    with pytest.raises(BadEdit, match=message):
        edits_at(parent, f"{REPAIRER}/generate.0", change)


ANOTHER = '''
from agents import Context, role
from events import CodeReviewed, CodeWritten, PlanDrafted, PlanRevised, ProblemPosed
from agents.coder import coder
from fractal_agent.architectures.base import Stage, architecture


@role
async def helper(review: CodeReviewed, ctx: Context) -> PlanRevised:
    """Knows the plan."""
    return PlanRevised(problem=review.problem, plan="1. Add one.", previous=review.plan)


@architecture
async def own_plan(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Makes its plan itself, and has two codes written from it."""
    plan = PlanDrafted(problem=problem, plan="1. Nothing.")
    await stage.ask(coder, plan)
    return await stage.ask(coder, plan)
'''


@pytest.fixture
def command(parent: Recording, tmp_path: Path) -> Callable[..., int]:
    """Calls the command line with runs in a folder of the test's own."""

    def call(*arguments: str) -> int:
        return run([*arguments, "--runs-dir", str(tmp_path)])

    return call


def test_role_of_a_plugin_plays_in_a_fork(
    parent: Recording, command: Callable[..., int], tmp_path: Path
) -> None:
    """A role from a file takes a part in a fork, whose header names the file."""
    plugin = tmp_path / "another.py"
    plugin.write_text(ANOTHER)
    casting = ["--case", CASE, "--cast", "repairer=helper", "--plugin", str(plugin), "--run-id", "cast"]

    assert command("fork", str(parent.folder), *casting) == Exit.DONE

    forked_run = Recording(tmp_path / "cast")
    assert forked_run.timeline.cases[CASE].passed
    assert forked_run.started.settings.plugins == (str(plugin),)


def test_text_that_cannot_be_logged_is_refused(
    parent: Recording, command: Callable[..., int], tmp_path: Path
) -> None:
    """An edit that UTF-8 cannot carry is a usage error, and no log is left that begins without a header."""
    assert (
        command("fork", str(parent.folder), "--at", REPAIRER, "--set", "plan=\udcff", "--run-id", "bad")
        == Exit.USAGE
    )
    assert not (tmp_path / "bad" / LOG_NAME).exists()


def test_header_that_cannot_be_written_leaves_no_log(parent: Recording, tmp_path: Path) -> None:
    """When the header itself is refused, the log holds nothing, rather than an end without a beginning."""
    edit = Edit(path=REPAIRER, field="plan", value="\udcff")
    job = fork_job(parent, load_catalog(), folder=tmp_path / "bad", cases=[CASE], edits=[edit])

    with pytest.raises(EventUnencodable):
        solve(job, Unwatched())
    assert not (tmp_path / "bad" / LOG_NAME).exists()


def test_event_that_the_architecture_made_can_be_edited(
    place: Path, command: Callable[..., int], tmp_path: Path
) -> None:
    """An event that no role returned is edited where the first role got it, and all read it edited."""
    plugin = tmp_path / "another.py"
    plugin.write_text(ANOTHER)
    solving = ["--engine", "scripted", "--script", str(place / "script.jsonl"), "--plugin", str(plugin)]
    data = ["--dataset", str(place / "tasks.jsonl"), "--task", CASE, "--architecture", "own_plan"]
    assert command("solve", *solving, *data, "--run-id", "own") == Exit.DONE
    assert not Recording(tmp_path / "own").timeline.cases[CASE].passed

    editing = ["--at", f"{CASE}/coder.0/given", "--set", "plan=1. Add one.", "--run-id", "edited"]
    assert command("fork", str(tmp_path / "own"), *editing) == Exit.DONE

    edited = Recording(tmp_path / "edited")
    assert edited.timeline.cases[CASE].passed
    assert set(requests(edited).values()) == {False}
    assert command("replay", str(tmp_path / "edited")) == Exit.DONE
    assert command("verify", str(tmp_path / "edited")) == Exit.DONE


def test_step_that_was_edited_is_drawn_anew_without_the_edit(fork: Callable[..., Recording]) -> None:
    """What a parent edited at a step does not cover what a child draws there."""
    edited = fork(f"{REPAIRER}/generate.0", {"text": "1. Nope."})
    drawn = fork(of=edited, cases=[CASE], branches=samples(2, anew=f"{REPAIRER}/generate.0"))

    texts = [drawn.journal.effects[f"sample-{n}/{REPAIRER}/generate.0"].result for n in range(2)]
    assert [one.text for one in texts if isinstance(one, GenerationCompleted)] == [
        "1. Think.\n",
        "1. Add one.",
    ]
    assert replay_run(drawn.folder, load_catalog()).divergences == []


@pytest.mark.parametrize("lines", [1, 2])
def test_fork_of_an_interrupted_run_has_all_its_cases(
    parent: Recording, fork: Callable[..., Recording], tmp_path: Path, lines: int
) -> None:
    """A fork takes all the cases that its parent was to solve, also those that had not begun."""
    folder = tmp_path / "parent-cut"
    folder.mkdir()
    (folder / LOG_NAME).write_bytes((parent.folder / LOG_NAME).read_bytes())
    cut(folder, lines)

    assert len(fork(of=Recording(folder)).timeline.graded) == 2


def test_branches_are_not_forked_together(fork: Callable[..., Recording]) -> None:
    """A fork of a run with branches names one; the error says how."""
    several = fork(cases=[CASE], branches=samples(2, anew=f"{REPAIRER}/generate.0"))

    with pytest.raises(BadEdit, match=f"name a case, for example --case sample-0/{CASE}"):
        fork_job(several, load_catalog(), folder=several.folder.with_name("x"))
    with pytest.raises(BadEdit, match=f"Near ones: sample-1/{CASE}/repairer"):
        edits_at(several, f"sample-1/{CASE}/repairer.9", {"plan": ""})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--case", CASE, "--samples", "3"],
        ["--at", REPAIRER, "--at", CASE, "--set", "plan=x"],
        ["--at", f"{REPAIRER}/generate.0", "--cast", "repairer=repairer"],
        ["--set", "engine=nope"],
        ["--at", f"{REPAIRER}/generate.0", "--set", "messages=[]"],
    ],
)
def test_request_that_would_mislead_is_refused(
    parent: Recording, command: Callable[..., int], tmp_path: Path, arguments: list[str]
) -> None:
    """What would copy one verdict, drop an option or start nothing is a usage error; nothing is written."""
    assert command("fork", str(parent.folder), *arguments) == Exit.USAGE
    assert list(tmp_path.iterdir()) == []


def test_counts_of_an_interrupted_fork_are_those_of_a_whole_one(fork: Callable[..., Recording]) -> None:
    """An answer that is copied again after a kill counts once."""
    whole = fork(REPAIRER, {"plan": GOOD_PLAN})
    counts = whole.timeline.reused, whole.timeline.performed
    cut(whole.folder, 3)

    timeline = resume(resume_fork_job(Recording(whole.folder), load_catalog()), Unwatched())

    assert (timeline.reused, timeline.performed) == counts
