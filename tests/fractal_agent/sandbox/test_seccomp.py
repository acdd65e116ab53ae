"""The table of system calls agrees with the kernel's own."""

import re
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
