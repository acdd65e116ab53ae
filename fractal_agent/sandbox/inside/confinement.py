"""What a process of the sandbox gives up for ever: files, system calls and privileges."""

from __future__ import annotations

import ctypes
import os
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls, which have these numbers on every machine."""
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER_MODE, _DEATH_SIGNAL, _SUBREAPER = 38, 22, 2, 1, 36

_WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 1, 1 << 2, 1 << 3
_REMOVE_FOLDER, _REMOVE_FILE, _MAKE_FOLDER, _MAKE_FILE, _MAKE_LINK = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_READING = _READ_FILE | _READ_FOLDER
_WRITING = (
    (_READING | _WRITE_FILE | _REMOVE_FOLDER | _REMOVE_FILE)
    | (_MAKE_FOLDER | _MAKE_FILE | _MAKE_LINK | _REFER | _TRUNCATE)
)  # fmt: skip


def landlock_version() -> int:
    """Landlock's interface version; 0 where this kernel has none or it is switched off."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, 0, 1)))


def restrict_files(readable: list[str], writable: list[str]) -> None:
    """From now on only these exist, with what is below them. Raises OSError where Landlock refuses.

    Paths that do not exist are passed over. Needs `give_up_privileges` first.
    """
    version = landlock_version()
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    networks = 3 if version >= 4 else 0
    scopes = 3 if version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("=QQQ", handled, networks, scopes)
    ruleset = _call(_CREATE_RULESET, attributes, size, 0)
    for paths, access in ((readable, _READING), (writable, _WRITING)):
        for path in paths:
            if os.path.exists(path):  # noqa: PTH110  # no pathlib where each import is paid by every fork
                _allow(ruleset, path, access & handled)
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):  # noqa: PTH112  # as above
        access &= _WRITE_FILE | _READ_FILE | _TRUNCATE
    _call(_ADD_RULE, ruleset, 1, struct.pack("=Qi", access, place), 0)
    os.close(place)


def give_up_privileges() -> None:
    """No program started from here on gets more rights than this process has."""
    _prctl(_NO_NEW_PRIVILEGES, 1)


def filter_calls(instructions: bytes) -> None:
    """Install a filter, an array of `struct sock_filter`. Needs `give_up_privileges` first."""
    program = _Program(len(instructions) // 8, instructions)
    _prctl(_SECCOMP, _FILTER_MODE, ctypes.addressof(program))


def die_with_parent(parent: int) -> None:
    """Be killed when the process `parent` ends; at once if it already has."""
    _prctl(_DEATH_SIGNAL, 9)
    if parent and os.getppid() != parent:
        os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of every process below whose own parent ends."""
    _prctl(_SUBREAPER, 1)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _prctl(option: int, first: int, second: int = 0) -> None:
    if _LIBC.prctl(option, first, second, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option} was refused")


def _call(number: int, *arguments: object) -> int:
    result = int(_LIBC.syscall(number, *arguments))
    if result < 0:
        raise OSError(
            ctypes.get_errno(), f"system call {number} was refused: {os.strerror(ctypes.get_errno())}"
        )
    return result
