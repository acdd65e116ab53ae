"""Salvage of damaged runs: what comes out can be shown, verified, replayed and finished."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import (
    LOG_NAME,
    Event,
    GenerationCompleted,
    GenerationRequested,
    LogFile,
    LogForeign,
    LogReader,
    LogSalvaged,
    LogUnsalvageable,
    RunEnded,
    RunResumed,
)
from events.codec import BadLine, check_line
from events.envelope import Line
from fractal_agent.case import Case, HiddenTests
from fractal_agent.catalog import Catalog, load_catalog
from fractal_agent.datasets import load, select
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.recorder import LogRecorder
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.run import run_cases
from fractal_agent.salvaging import Salvaged, is_damaged, salvage_run
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.scope import World
from replay.journal import Journal
from replay.policy import Fork, Resume
from replay.timeline import Timeline
from replay.verify import verify_log

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "v1"
TROUPE = str(ROOT / "tests" / "golden" / "troupe.py")
REPAIR = ROOT / "examples" / "repair"

Harm = Callable[[bytes, random.Random], bytes]


def flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def cut_out(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice((1, 100, 4096)) :]


def blank(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes(4096) + data[at + 4096 :]


def drop(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    return b"".join(lines[:at] + lines[at + chance.choice((1, 2, 3)) :])


def repeat(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"".join(lines)


def swap(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def join(data: bytes, chance: random.Random) -> bytes:
    """A newline that was damaged, so that two lines stand in one."""
    ends = [at for at, byte in enumerate(data) if byte == 10]
    at = chance.choice(ends)
    return data[:at] + b"*" + data[at + 1 :]


HARMS: list[Harm] = [flip, cut_out, blank, drop, repeat, swap, join]


def written(folder: Path, data: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / LOG_NAME).write_bytes(data)
    return folder


def lines_of(folder: Path) -> list[Line]:
    return list(LogReader(folder / LOG_NAME))


def events_of(folder: Path) -> Counter[tuple[str, str]]:
    """Each event of a case with its place and its text."""
    return Counter((line.path, repr(line.event)) for line in lines_of(folder) if line.path)


def answered(folder: Path) -> set[str]:
    """Where a model or a sandbox has answered, in the present beginning of each case."""
    return {path for path, effect in Journal(lines_of(folder)).effects.items() if effect.result is not None}


async def go_on(folder: Path, catalog: Catalog, *, anew: bool = False, stop: int = 10**9) -> set[str]:
    """Takes up a run with a model that says other things than it was recorded with; what was performed.

    With `anew`, unfinished cases begin anew, as after a change of code that was accepted. The world ends
    after `stop` effects.
    """
    recording = Recording(folder)
    performed: list[str] = []
    log, _ = LogFile.reopen(folder)
    recorder = LogRecorder(log)
    chosen, policy = recording.started.settings, (Fork if anew else Resume)(Journal(lines_of(folder)))

    def answer(request: GenerationRequested, path: str) -> str:
        performed.append(path)
        if len(performed) > stop:
            raise RuntimeError("the world ends")
        return f"    return {len(performed)}\n"

    world = World(
        engine=ScriptedEngine(answer),
        sandbox=InstantSandbox(),
        recorder=recorder,
        policy=policy,
        seed=chosen.seed,
    )
    done = {case.id for case in recording.timeline.graded}
    cases = [
        Case(
            path=task.problem.task_id,
            problem=task.problem,
            tests=HiddenTests.of(task.hidden_tests),
            world=world,
        )
        for task in select(load(chosen.dataset), ids=chosen.tasks)
        if task.problem.task_id not in done
    ]
    ended = RunEnded(outcome="interrupted")
    try:
        await recorder.record("", RunResumed(provenance=recording.started.provenance))
        architecture, cast = catalog.architecture(chosen.architecture), catalog.cast(chosen.cast)
        await run_cases(cases, settings=chosen, architecture=architecture, cast=cast)
        ended = RunEnded(outcome="completed")
    except Exception:
        if len(performed) <= stop:
            raise
    finally:
        log.stage("", ended)
        log.seal()
        log.close()
    return set(performed)


def check_promises(damaged: Path, into: Path, catalog: Catalog, plugins: list[str]) -> Salvaged:
    """Salvages and finishes the run, and asserts on the way all that salvage promises."""
    before = (damaged / LOG_NAME).read_bytes()
    salvaged = salvage_run(damaged, into, plugins)
    assert (damaged / LOG_NAME).read_bytes() == before

    timeline = Timeline.of(LogReader(into / LOG_NAME))
    assert isinstance(lines_of(into)[1].event, LogSalvaged)
    assert timeline.sealed
    assert timeline.completed <= (not timeline.unfinished)
    assert not {case.id for case in timeline.graded} & set(salvaged.reopened)
    verified = verify_log(into / LOG_NAME)
    assert verified.holds, verified.checks
    replayed = replay_run(into, catalog)
    assert replayed.divergences == []
    assert (replayed.cases, replayed.partial) == (len(timeline.graded), len(timeline.unfinished))

    kept = answered(into)
    performed = anyio.run(lambda: go_on(into, catalog))
    assert not performed & kept
    assert len(Timeline.of(LogReader(into / LOG_NAME)).graded) == len(Recording(into).started.settings.tasks)
    assert verify_log(into / LOG_NAME).holds
    assert replay_run(into, catalog).divergences == []
    return salvaged


@pytest.fixture(scope="session")
def troupe() -> Catalog:
    return load_catalog([TROUPE])


@pytest.fixture(scope="session")
def histories(tmp_path_factory: pytest.TempPathFactory, troupe: Catalog) -> dict[str, bytes]:
    """Logs of one architecture: whole, resumed after stops, begun anew on the way."""
    place = tmp_path_factory.mktemp("histories")
    whole = (GOLDEN / "agrees" / LOG_NAME).read_bytes()
    head = b"".join(whole.splitlines(keepends=True)[:30])
    resumed, anew = written(place / "resumed", head), written(place / "anew", head)
    anyio.run(lambda: go_on(resumed, troupe, stop=2))
    anyio.run(lambda: go_on(resumed, troupe, stop=1))
    anyio.run(lambda: go_on(resumed, troupe))
    anyio.run(lambda: go_on(anew, troupe, stop=2))
    anyio.run(lambda: go_on(anew, troupe, anew=True, stop=1))
    anyio.run(lambda: go_on(anew, troupe))
    return {
        "whole": whole,
        "resumed": (resumed / LOG_NAME).read_bytes(),
        "anew": (anew / LOG_NAME).read_bytes(),
    }


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    harms=st.lists(st.sampled_from(HARMS), min_size=1, max_size=3),
    history=st.sampled_from(["whole", "resumed", "anew"]),
    chance=st.randoms(use_true_random=False),
)
def test_whatever_the_damage(
    tmp_path_factory: pytest.TempPathFactory,
    troupe: Catalog,
    histories: dict[str, bytes],
    harms: list[Harm],
    history: str,
    chance: random.Random,
) -> None:
    """Any damage but to the header leaves a run that holds, replays and can be finished."""
    place, data = tmp_path_factory.mktemp("damage"), histories[history]
    original = events_of(written(place / "original", data))
    for harm in harms:
        data = harm(data, chance)
    damaged = written(place / "damaged", data)
    if not is_damaged(damaged):
        return
    try:
        salvage_run(damaged, place / "first", [TROUPE])
    except (LogUnsalvageable, LogForeign):
        assert not any(line.startswith(b'{"seq":0,') and is_whole(line) for line in data.split(b"\n"))
        return

    assert events_of(place / "first") <= original
    check_promises(damaged, place / "new", troupe, [TROUPE])


def is_whole(line: bytes) -> bool:
    try:
        check_line(line + b"\n")
    except BadLine:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_prefixes_of_a_real_run(tmp_path: Path, seed: int) -> None:
    """A run of a real model that was killed and damaged keeps its promises too."""
    chance, catalog = random.Random(seed), load_catalog()
    lines = (REPAIR / LOG_NAME).read_bytes().splitlines(keepends=True)
    data = b"".join(lines[: chance.randrange(200, len(lines))])
    header, rest = data.split(b"\n", 1)
    for harm in chance.sample(HARMS, 2):
        rest = harm(rest, chance)
    damaged = written(tmp_path / "damaged", header + b"\n" + rest)

    check_promises(damaged, tmp_path / "new", catalog, [])


def damaged_at(tmp_path: Path, number: int, *, log: Path = GOLDEN / "agrees") -> Path:
    """A copy of a log with a byte changed in the middle of the line of that number, from 0."""
    lines = (log / LOG_NAME).read_bytes().splitlines(keepends=True)
    half = len(lines[number]) // 2
    lines[number] = lines[number][:half] + b"\x00" + lines[number][half + 1 :]
    return written(tmp_path / "damaged", b"".join(lines))


def number_of(path: str, kind: type[Event], *, log: Path = GOLDEN / "agrees") -> int:
    return next(line.seq for line in lines_of(log) if line.path == path and isinstance(line.event, kind))


def test_lost_generation_costs_what_follows_from_it(tmp_path: Path, troupe: Catalog) -> None:
    """When an answer of the model is lost, only that branch is done again; other branches are kept."""
    place = "HumanEval/53/draft-0/sketcher.0/generate.0"
    damaged = damaged_at(tmp_path, number_of(place, GenerationCompleted))

    salvaged = salvage_run(damaged, tmp_path / "new", [TROUPE])

    kept = answered(tmp_path / "new")
    assert "HumanEval/53" in salvaged.reopened
    assert not [path for path in kept if path.startswith("HumanEval/53/draft-0/")]
    assert [path for path in kept if path.startswith("HumanEval/53/draft-1/")]


def test_lost_line_of_one_case_costs_the_others_their_verdicts_only(tmp_path: Path, troupe: Catalog) -> None:
    """Cases in flight beside the lost line are reopened, and all that the model said for them is kept."""
    damaged = damaged_at(
        tmp_path, number_of("HumanEval/53/draft-0/sketcher.0/generate.0", GenerationCompleted)
    )

    salvaged = salvage_run(damaged, tmp_path / "new", [TROUPE])

    said = {path for path in answered(GOLDEN / "agrees") if path.startswith("HumanEval/23/")}
    assert "HumanEval/23" in salvaged.reopened
    assert said - answered(tmp_path / "new") == {"HumanEval/23/grade.0"}


def test_without_the_roles_reopened_cases_end_before_the_loss(tmp_path: Path) -> None:
    """When the run's plug-in is gone, a reopened case keeps what stands before the first lost line."""
    damaged = damaged_at(tmp_path, 40)

    salvaged = salvage_run(damaged, tmp_path / "new")

    assert not salvaged.followed
    assert verify_log(tmp_path / "new" / LOG_NAME).holds
    assert salvaged.kept == 40


def test_changed_roles_tell_nothing_of_what_is_lost(tmp_path: Path, troupe: Catalog) -> None:
    """When the roles no longer ask what was recorded, a reopened case ends before the first lost line."""
    damaged = damaged_at(tmp_path, 40, log=GOLDEN / "diverges")

    salvaged = salvage_run(damaged, tmp_path / "new", [TROUPE])

    assert salvaged.followed
    assert salvaged.kept == 40
    assert verify_log(tmp_path / "new" / LOG_NAME).holds


def test_swapped_lines_lose_nothing(tmp_path: Path) -> None:
    """Lines that were only moved are put back: no case is reopened and the run stays completed."""
    lines = (GOLDEN / "agrees" / LOG_NAME).read_bytes().splitlines(keepends=True)
    lines[0], lines[50] = lines[50], lines[0]
    damaged = written(tmp_path / "damaged", b"".join(lines))

    salvaged = salvage_run(damaged, tmp_path / "new", [TROUPE])

    assert (salvaged.lost, salvaged.dropped, salvaged.reopened) == ((), (), ())
    assert salvaged.kept == len(lines) - 1
    assert Timeline.of(LogReader(tmp_path / "new" / LOG_NAME)).completed


def test_completed_run_with_a_reopened_case_is_not_completed(tmp_path: Path) -> None:
    """The end of a run that had been completed is not kept when a case is open again."""
    salvage_run(damaged_at(tmp_path, 40), tmp_path / "new", [TROUPE])

    timeline = Timeline.of(LogReader(tmp_path / "new" / LOG_NAME))
    assert timeline.ended is None
    assert timeline.unfinished
    assert timeline.started is not None
    assert timeline.started.run_id == "new"


def test_lost_header(tmp_path: Path) -> None:
    """Without a header a log is refused, and nothing is written."""
    damaged = damaged_at(tmp_path, 0)

    with pytest.raises(LogUnsalvageable, match=r"its header is lost.*Nothing was written"):
        salvage_run(damaged, tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_line_ends_are_put_right(tmp_path: Path) -> None:
    """A log that git checked out with CR LF is written as it was, byte for byte, and stays as it is there."""
    there = tmp_path / "there"
    there.mkdir()
    written = (REPAIR / LOG_NAME).read_bytes()
    (there / LOG_NAME).write_bytes(written.replace(b"\n", b"\r\n"))

    salvaged = salvage_run(there, tmp_path / "here")

    assert is_damaged(there)
    assert (tmp_path / "here" / LOG_NAME).read_bytes() == written
    assert (salvaged.kept, salvaged.lost, salvaged.reopened) == (written.count(b"\n"), (), ())


def test_line_ends_of_a_damaged_log(tmp_path: Path) -> None:
    """A log that is damaged besides is salvaged like any other."""
    there = tmp_path / "there"
    there.mkdir()
    lines = (REPAIR / LOG_NAME).read_bytes().splitlines()
    lines[5] = lines[5].replace(b"a", b"b")
    (there / LOG_NAME).write_bytes(b"\r\n".join(lines) + b"\r\n")

    salvaged = salvage_run(there, tmp_path / "here")

    assert salvaged.lost
    assert verify_log(tmp_path / "here" / LOG_NAME).holds
