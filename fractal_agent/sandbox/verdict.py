"""From the transcript of a process to the outcome of a program."""

from typing import Literal, TypeAlias

import msgspec

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted
from events.work import Example, ExampleResult
from fractal_agent.sandbox.base import Limits, SandboxError
from fractal_agent.sandbox.transcript import Transcript, name_of_end

Outcome: TypeAlias = Literal["passed", "failed", "error", "timeout", "killed"]


class _End(msgspec.Struct, frozen=True, kw_only=True):
    """How the program as a whole fared."""

    outcome: Outcome
    error: str


def executed(request: ExecutionRequested, transcript: Transcript, limits: Limits) -> ExecutionCompleted:
    """How the examples fared. An example during which the program died is the last result."""
    end = _end_of(transcript, limits)
    results = [
        ExampleResult(example=example, outcome=ran.outcome, actual=ran.actual, error=ran.error)
        for example, ran in zip(request.examples, transcript.results, strict=False)
    ]
    if transcript.was_loaded and transcript.ended is None and len(results) < len(request.examples):
        results.append(_interrupted(request.examples[len(results)], end))
    stdout = transcript.stdout[: limits.shown_characters]
    return ExecutionCompleted(outcome=end.outcome, results=tuple(results), error=end.error, stdout=stdout)


def graded(transcript: Transcript, limits: Limits) -> GradingCompleted:
    """How the hidden tests fared."""
    end = _end_of(transcript, limits)
    return GradingCompleted(outcome=end.outcome, error=end.error)


def _end_of(transcript: Transcript, limits: Limits) -> _End:
    """The program's end. Raises SandboxError if the program never had its chance."""
    ended = transcript.ended
    if not transcript.was_ready:
        raise SandboxError(
            where="starting a program in the sandbox",
            found=f"the process {name_of_end(transcript.status)} saying {transcript.stderr.strip()!r}",
            expected="it to report that it is ready",
            advice='Open the sandbox with kind="limits" if this machine cannot isolate programs.',
        )
    if ended is None:
        return _cut_short(transcript, limits)
    if ended.outcome == "unusable":
        raise SandboxError(
            where="loading the hidden tests",
            found=ended.error,
            expected="Python source that defines check(candidate)",
            advice="Check the data set that the tests come from.",
        )
    return _End(outcome=ended.outcome, error=ended.error)


def _cut_short(transcript: Transcript, limits: Limits) -> _End:
    """The end of a program that did not live to see its verdict."""
    way = name_of_end(transcript.status)
    if transcript.flooded:
        return _End(outcome="killed", error=f"printed more than {limits.output_bytes} bytes")
    if transcript.status is None:
        return _End(outcome="timeout", error=f"no verdict within {limits.wall_seconds:g} s")
    if way == "died of SIGXCPU":
        return _End(outcome="timeout", error=f"used {limits.cpu_seconds} s of processor time")
    return _End(outcome="killed", error=f"{way} before there was a verdict")


def _interrupted(example: Example, end: _End) -> ExampleResult:
    if end.outcome == "timeout":
        return ExampleResult(example=example, outcome="timeout")
    return ExampleResult(example=example, outcome="error", error=end.error)
