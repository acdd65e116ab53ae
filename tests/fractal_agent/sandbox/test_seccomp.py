"""The table of system calls agrees with the kernel's own, and the filters say what they are meant to."""

import errno
import fcntl
import os
import re
import socket
import struct
from pathlib import Path

import pytest

from fractal_agent.sandbox.inside.seccomp import ABSENT, ALLOWED, GUARDED, allowing, is_known, narrowing

HEADERS = {
    "x86_64": (0, Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")),
    "aarch64": (1, Path("/usr/include/asm-generic/unistd.h")),
}
TABLE = ALLOWED | GUARDED | ABSENT
NEWER = {"fstat", "newfstatat", "fadvise64", "setrlimit", "getrlimit"}
"""The generic header gives these other names, or only on request."""


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers(machine: str) -> None:
    """Each number in the table is the one in the kernel's header, where this machine has the header."""
    column, header = HEADERS[machine]
    if not header.is_file():
        pytest.skip(f"{header} is not installed")
    kernel = dict(re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(), re.MULTILINE))

    known = {name: numbers[column] for name, numbers in TABLE.items() if name in kernel}
    missing = {name for name, numbers in TABLE.items() if name not in kernel and numbers[column] is not None}

    assert known == {name: int(kernel[name]) for name in known}
    assert missing <= NEWER


@pytest.mark.parametrize("column", [0, 1])
def test_no_number_twice(column: int) -> None:
    """No two calls share a number, so none is allowed by another's name."""
    numbers = [entry[column] for entry in TABLE.values() if entry[column] is not None]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("machine", HEADERS)
def test_length(machine: str) -> None:
    """A filter is whole instructions, no more of them than the kernel takes."""
    for instructions in (allowing(machine), narrowing(7, machine)):
        count, rest = divmod(len(instructions), 8)

        assert rest == 0
        assert 20 < count < 4096


def test_unknown_machine() -> None:
    """A machine whose calls are not known is told apart, rather than given a wrong filter."""
    assert not is_known("pdp11")


PID = 7
ALLOW, DONE, REFUSED = 0x7FFF0000, 0x00050000, 0x00050000 | errno.EPERM
"""What a filter says of a call: run it, say that it was run, fail."""

VERDICTS = {
    ("read",): ALLOW,
    ("fork",): REFUSED,
    ("seccomp",): REFUSED,
    ("chmod",): DONE,
    ("fchmod",): DONE,
    ("fchmodat",): DONE,
    ("clone", 0x10000 | 0x100): ALLOW,
    ("clone", 17): REFUSED,
    ("tgkill", PID): ALLOW,
    ("tgkill", PID + 1): REFUSED,
    ("prlimit64", 0): ALLOW,
    ("prlimit64", PID): REFUSED,
    ("ioctl", 0, 0x5401): ALLOW,
    ("ioctl", 0, 0x5452): REFUSED,
    ("socketpair", socket.AF_UNIX, socket.SOCK_STREAM): ALLOW,
    ("socketpair", socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK): ALLOW,
    ("socketpair", socket.AF_UNIX, socket.SOCK_DGRAM): REFUSED,
    ("socketpair", socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC): REFUSED,
    ("socketpair", socket.AF_UNIX, socket.SOCK_RAW): REFUSED,
    ("socketpair", socket.AF_INET, socket.SOCK_STREAM): REFUSED,
    ("sendto", 9, 1, 1, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT, 1, 1): ALLOW,
    ("sendto", 9, 1, 1, socket.MSG_NOSIGNAL | socket.MSG_OOB): REFUSED,
    ("recvfrom", 9, 1, 1, socket.MSG_PEEK, 1, 1): ALLOW,
    ("recvfrom", 9, 1, 1, socket.MSG_PEEK | socket.MSG_OOB): REFUSED,
    ("recvfrom", 9, 1, 1, 1 << 40 | socket.MSG_OOB): REFUSED,
    ("sendmsg", 9, 1, socket.MSG_NOSIGNAL, 1): ALLOW,
    ("sendmsg", 9, 1, socket.MSG_NOSIGNAL | socket.MSG_OOB): REFUSED,
    ("recvmsg", 9, 1, socket.MSG_CMSG_CLOEXEC, 1): ALLOW,
    ("recvmsg", 9, 1, socket.MSG_CMSG_CLOEXEC | socket.MSG_OOB): REFUSED,
    ("fcntl", 9, fcntl.F_DUPFD_CLOEXEC, 3): ALLOW,
    ("fcntl", 9, fcntl.F_SETLKW): ALLOW,
    ("fcntl", 9, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND): ALLOW,
    ("fcntl", 9, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC): REFUSED,
    ("fcntl", 9, fcntl.F_GETFL, os.O_ASYNC): ALLOW,
    ("fcntl", 9, fcntl.F_SETOWN, 1): REFUSED,
    ("fcntl", 9, fcntl.F_SETSIG, 9): REFUSED,
    ("fcntl", 9, 15): REFUSED,
    ("fcntl", 9, fcntl.F_SETLEASE): REFUSED,
    ("fcntl", 9, fcntl.F_NOTIFY): REFUSED,
    ("open", 1 << 40, os.O_RDONLY | os.O_CLOEXEC): ALLOW,
    ("open", 1 << 40, os.O_RDONLY | os.O_TRUNC): REFUSED,
    ("openat", 5, 1 << 40, os.O_WRONLY | os.O_CREAT | os.O_TRUNC): ALLOW,
    ("openat", 5, 1 << 40, os.O_RDWR | os.O_EXCL): ALLOW,
    ("openat", 5, 1 << 40, os.O_RDONLY | os.O_TRUNC): REFUSED,
    ("openat", 5, 1 << 40, os.O_ACCMODE): REFUSED,
    ("openat", 5, 1 << 40, os.O_ACCMODE | os.O_TRUNC): REFUSED,
}  # fmt: skip
"""A call and its first arguments: what `narrowing` says of it."""

DROPPED = {"utimensat": (280, 88), "truncate": (76, 45), "fallocate": (285, 47), "fchmodat2": (452, 452)}
DROPPED |= {"utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "connect": (42, 203)}
DROPPED |= {"sendmmsg": (307, 269), "recvmmsg": (299, 243)}


def verdict(instructions: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would make of a filter."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *(0,) * (6 - len(arguments)))
    loaded = place = 0
    while True:
        code, then, otherwise, value = struct.unpack_from("=HBBI", instructions, 8 * place)
        place += 1
        match code:
            case 0x06:
                return value
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, value)
            case 0x54:
                loaded &= value
            case 0x15:
                place += then if loaded == value else otherwise
            case 0x35:
                place += then if loaded >= value else otherwise


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)])
def test_verdicts(machine: str, architecture: int) -> None:
    """A program may make exactly those calls that concern itself alone; its zygote may make them all."""
    column = HEADERS[machine][0]
    for (name, *arguments), expected in VERDICTS.items():
        number = TABLE[name][column]
        if number is not None:
            call = (architecture, number, *arguments)

            assert verdict(allowing(machine), *call) == ALLOW
            assert (name, arguments, verdict(narrowing(PID, machine), *call)) == (name, arguments, expected)
    for numbers in DROPPED.values():
        if numbers[column] is not None:
            assert verdict(allowing(machine), architecture, numbers[column]) == REFUSED
