"""A warm interpreter that is confined once and then forked for each program.

It takes one-letter commands on its control socket: `f` with two descriptors forks a child for them, `k` kills
the child and is answered by its exit status, with a `!` if there will be no other. It never reads what a
program or the judge has to say.
"""

from __future__ import annotations

import gc
import os
import resource
import socket
import struct
import sys
from itertools import islice

from fractal_agent.sandbox.inside import confinement, program, seccomp

PRELOADED = (
    "collections",
    "functools",
    "heapq",
    "bisect",
    "itertools",
    "math",
    "operator",
    "re",
    "string",
    "typing",
)
"""What most programs import. Each module makes every fork a little slower."""

_ROOM_FOR_TWO = socket.CMSG_SPACE(8)
"""Bytes of ancillary data that two descriptors take."""
_FILES_AT_ONCE = 1_000
"""A program that left more files than this costs the zygote its life rather than the time to remove them."""


def main(settings: dict[str, object]) -> None:
    """Serve until the control socket is closed. `settings` is what `worker` makes of limits and jail."""
    control = socket.socket(fileno=int(str(settings["control"])))
    try:
        prepared = _prepare(settings)
    except Exception as error:  # noqa: BLE001  # the judge reports it
        control.send(f"{type(error).__name__}: {error}".encode())
        return
    control.send(b"ready")
    own = os.getpid()
    while True:
        command, ancillary, _, _ = control.recvmsg(1, _ROOM_FOR_TWO)
        if not command:
            return
        if command != b"f":
            continue
        channel, output = struct.unpack("=ii", ancillary[0][2])
        child = os.fork()
        if not child:
            _become_program(settings, prepared, channel, output, own)
        os.close(channel)
        os.close(output)
        control.recv(1)  # `k`, or the end of the judge.
        os.kill(child, 9)
        _, status = os.waitpid(child, 0)
        if settings["orphans"]:
            _end_orphans()
        clean = _wipe()
        control.send(b"%d%s" % (os.waitstatus_to_exitcode(status), b"" if clean else b"!"))
        if not clean:
            return


def _prepare(settings: dict[str, object]) -> program.Program:
    """All that need not be done anew in each fork."""
    confinement.die_with_parent(0)
    confinement.adopt_orphans()
    os.chdir(str(settings["folder"]))
    os.environ.clear()
    for name in PRELOADED:
        __import__(name)
    if settings["zones"]:
        __import__("zoneinfo").reset_tzpath([settings["zones"]])
    prepared = program.Program(int(str(settings["characters"])))
    prepared.warm()
    sys.stdin.close()
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # the program's own
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]  # ours now
    sys.argv[:] = [""]
    confinement.give_up_privileges()
    if settings["landlock"]:
        confinement.restrict_files(list(settings["readable"]), [str(settings["folder"]), "/dev/null"])  # type: ignore[call-overload]  # strings
    if settings["seccomp"]:
        seccomp.narrowing(0)  # Prepared once, so that no child has to.
        confinement.filter_calls(seccomp.allowing())
    for number, soft, hard in settings["limits"]:  # type: ignore[attr-defined]  # a list of triples
        resource.setrlimit(number, (soft, hard))
    gc.collect()
    gc.freeze()
    return prepared


def _become_program(
    settings: dict[str, object], prepared: program.Program, channel: int, output: int, zygote: int
) -> None:
    """In the child: take the channel and the pipe, take the limits, run. Never returns."""
    try:
        if settings["orphaned"]:
            confinement.die_with_parent(zygote)
        os.dup2(output, 1)
        if channel != program.CHANNEL:
            os.dup2(channel, program.CHANNEL, inheritable=False)
        os.closerange(program.CHANNEL + 1, 1 + max(channel, output, int(str(settings["control"])), 63))
        for number, soft, hard in settings["own_limits"]:  # type: ignore[attr-defined]  # as above
            resource.setrlimit(number, (soft, hard))
        if settings["seccomp"]:
            confinement.filter_calls(seccomp.narrowing(os.getpid()))
        os.write(program.CHANNEL, b"!")  # From here on the judge knows whose processor time to watch.
        prepared.serve()
    finally:
        os._exit(0)


def _end_orphans() -> None:
    """Kill what the program started, where no filter kept it from starting anything."""
    while True:
        try:
            with open("/proc/thread-self/children") as file:  # noqa: PTH123  # no pathlib here
                for child in file.read().split():
                    os.kill(int(child), 9)
            os.waitpid(-1, 0)
        except (ChildProcessError, FileNotFoundError, ProcessLookupError):
            return


def _wipe() -> bool:
    """Remove what the program left in the folder. False when it is too much, or gone, or resists."""
    try:
        os.chmod(".", 0o700)  # noqa: PTH101  # as above
        if not os.stat(".").st_nlink:  # noqa: PTH116  # as above
            return False
        left = _names(".")
        found = len(left)
        while left:
            for name in left:
                if found > _FILES_AT_ONCE:
                    return False
                found += _remove(name, found)
            left = _names(".")
    except OSError:
        return False
    return True


def _names(folder: str) -> list[str]:
    """What lies there, or so much of it as is already too much."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, _FILES_AT_ONCE + 1)]


def _remove(name: str, serial: int) -> int:
    """Remove a file or link; of a folder, bring the content up, so that no depth matters. So much came up."""
    if os.path.islink(name) or not os.path.isdir(name):  # noqa: PTH112, PTH114  # as above
        os.unlink(name)  # noqa: PTH108  # as above
        return 0
    os.chmod(name, 0o700)  # noqa: PTH101  # as above
    inner = _names(name)
    for place, item in enumerate(inner):
        os.rename(f"{name}/{item}", f".{serial}.{place}.{os.urandom(4).hex()}")  # noqa: PTH104  # as above
    os.rmdir(name)  # noqa: PTH106  # as above
    return len(inner)
