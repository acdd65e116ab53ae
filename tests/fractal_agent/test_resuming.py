"""Going on with a run under changed code: told before anything runs, and only on purpose."""

import json
from pathlib import Path

import pytest

from events import LOG_NAME, GenerationCompleted, GenerationRequested, LogReader, RunResumed
from fractal_agent.catalog import load_catalog
from fractal_agent.datasets import load
from fractal_agent.job import Job, Unwatched
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.run import RunFailed
from fractal_agent.solving import CodeChanged, resume, solve
from fractal_agent.testing import make_settings

PLUGIN = '''
from agents import Context, role
from events import CodeWritten, Message, PlanDrafted, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@role
async def thinker(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
    """Thinks."""
    answer = await ctx.generate([Message(role="user", content=f"Think about {problem.entry_point}.")])
    return PlanDrafted(problem=problem, plan=answer.text)


@role
async def writer(plan: PlanDrafted, ctx: Context) -> CodeWritten:
    """Writes."""
    answer = await ctx.generate([Message(role="user", content=f"Write it: {plan.plan}")])
    return CodeWritten(problem=plan.problem, code=answer.text)


@architecture
async def pair(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Think, then write."""
    return await stage.ask(writer, await stage.ask(thinker, problem))
'''

RIGHT = "def f(x):\n    return x + 1\n"


class Place:
    """A folder with a data set of two problems, a plug-in, and a script that can be extended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tasks = [
            {
                "task_id": f"T/{number}",
                "prompt": "def f(x):\n",
                "entry_point": "f",
                "test": "def check(candidate):\n    assert candidate(1) == 2\n",
            }
            for number in range(2)
        ]
        self.dataset = folder / "tasks.jsonl"
        self.dataset.write_text("".join(json.dumps(task) + "\n" for task in tasks))
        self.script = folder / "script.jsonl"
        self.plugin = folder / "pair.py"
        self.plugin.write_text(PLUGIN)

    def answer(self, **answers: str) -> None:
        """What the model says, by the role that asks."""
        lines = [{"path": f"*/{role}.*", "text": text} for role, text in answers.items()]
        self.script.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def job(self) -> Job:
        tasks = load(str(self.dataset))
        files = {"dataset": str(self.dataset), "script": str(self.script)}
        settings = make_settings(tasks, "pair", concurrency=1, **files)
        return Job(
            run_id="run",
            folder=self.folder / "run",
            settings=settings,
            tasks=tasks,
            catalog=load_catalog([str(self.plugin)]),
        )

    def recording(self) -> Recording:
        return Recording(self.folder / "run")


@pytest.fixture
def half(tmp_path: Path) -> Place:
    """A run whose first case has a verdict, and whose second stopped when its plan was there."""
    place = Place(tmp_path)
    lines = [
        {"path": "*/thinker.*", "text": "add"},
        {"path": "T/0/writer.*", "text": RIGHT},
    ]
    place.script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(RunFailed):
        solve(place.job(), Unwatched())
    recording = place.recording()
    assert [case.id for case in recording.timeline.graded] == ["T/0"]
    assert "T/1/thinker.0" in recording.journal.facts
    place.answer(thinker="another thought", writer=RIGHT)
    return place


def requests(recording: Recording, case: str) -> dict[str, bool]:
    """Path of each generation of the case to whether its answer was reused."""
    return {
        path: effect.request.reused
        for path, effect in recording.journal.effects.items()
        if path.startswith(case) and isinstance(effect.request, GenerationRequested)
    }


def test_changed_prompt_is_told_before_anything_runs(half: Place) -> None:
    """Code that changed since is named with its first difference, and the log is left as it is."""
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))
    before = (half.folder / "run" / LOG_NAME).read_bytes()

    with pytest.raises(CodeChanged, match="changed since it was recorded: thinker, writer, pair") as caught:
        resume(half.job(), Unwatched())

    assert caught.value.first is not None
    assert caught.value.first.path == "T/1/writer.0/generate.0"
    assert "+  content: Write it well: add" in str(caught.value)
    assert (half.folder / "run" / LOG_NAME).read_bytes() == before


def test_change_without_a_difference_is_told_too(half: Place) -> None:
    """A change of the source after which everything recorded still agrees is named, and said to be so."""
    half.plugin.write_text(PLUGIN + "\n# A remark.\n")

    with pytest.raises(CodeChanged, match="So far nothing that was recorded differs") as caught:
        resume(half.job(), Unwatched())
    assert caught.value.first is None


def test_graded_cases_are_not_compared_when_none_is_left_half_done(half: Place) -> None:
    """Where every case that began has its verdict, a change shows no difference: resuming touches none."""
    log = half.folder / "run" / LOG_NAME
    lines = log.read_bytes().splitlines(keepends=True)
    last = max(line.seq for line in LogReader(log) if line.path.startswith("T/0"))
    log.write_bytes(b"".join(lines[: last + 1]))
    assert half.recording().timeline.unfinished == []
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))

    with pytest.raises(CodeChanged, match="No case is half done, so nothing was compared") as caught:
        resume(half.job(), Unwatched())

    assert caught.value.first is None


def test_accepted_drift_reuses_what_is_asked_the_same(half: Place) -> None:
    """With drift accepted, an unfinished case begins anew, and only changed requests are performed."""
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))

    timeline = resume(half.job(), Unwatched(), accept_drift=True)

    recording = half.recording()
    assert timeline.completed
    assert (timeline.passed, len(timeline.cases)) == (2, 2)
    assert requests(recording, "T/1") == {
        "T/1/thinker.0/generate.0": True,
        "T/1/writer.0/generate.0": False,
    }
    assert replay_run(recording.folder, half.job().catalog, cases=["T/1"]).divergences == []


def test_graded_case_is_not_touched_by_drift(half: Place) -> None:
    """A case that has its verdict stays as it was recorded, so a replay of it under the new code diverges."""
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))

    resume(half.job(), Unwatched(), accept_drift=True)

    recording = half.recording()
    assert not any(requests(recording, "T/0").values())
    diverged = replay_run(recording.folder, half.job().catalog).divergences
    assert [one.path for one in diverged] == ["T/0/writer.0/generate.0"]


def test_log_says_what_drift_was_accepted(half: Place) -> None:
    """The event that takes the run up again names the sources that had changed."""
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))

    resume(half.job(), Unwatched(), accept_drift=True)

    resumed = [line.event for line in LogReader(half.folder / "run" / LOG_NAME)]
    drifted = [event.drifted for event in resumed if isinstance(event, RunResumed)]
    assert drifted == [("thinker", "writer", "pair")]


def test_drift_is_measured_from_the_last_stretch(half: Place) -> None:
    """A change that was accepted once is not asked about again."""
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))
    half.script.write_text("")
    with pytest.raises(RunFailed):
        resume(half.job(), Unwatched(), accept_drift=True)
    half.answer(writer=RIGHT)

    timeline = resume(half.job(), Unwatched())

    assert timeline.completed
    assert timeline.resumed == 2


def test_resume_under_the_same_code_needs_no_consent(half: Place) -> None:
    """With the code as it was, the run goes on where it stopped and asks for nothing again."""
    timeline = resume(half.job(), Unwatched())

    answered = [
        line.path
        for line in LogReader(half.folder / "run" / LOG_NAME)
        if isinstance(line.event, GenerationCompleted)
    ]
    assert timeline.completed
    assert timeline.reused == 0
    assert sorted(answered) == sorted(set(answered))


def test_kill_while_drift_is_accepted_loses_no_answer(half: Place) -> None:
    """Killed when a case has just begun anew, a run still reuses what the case had been answered."""
    half.plugin.write_text(PLUGIN.replace("Write it:", "Write it well:"))
    resume(half.job(), Unwatched(), accept_drift=True)
    log = half.folder / "run" / LOG_NAME
    lines = log.read_bytes().splitlines(keepends=True)
    posed = [
        line.seq
        for line in LogReader(log)
        if line.path == "T/1" and type(line.event).__name__ == "ProblemPosed"
    ]
    log.write_bytes(b"".join(lines[: posed[-1] + 1]))

    timeline = resume(half.job(), Unwatched())

    assert timeline.completed
    assert requests(half.recording(), "T/1") == {
        "T/1/thinker.0/generate.0": True,
        "T/1/writer.0/generate.0": False,
    }
