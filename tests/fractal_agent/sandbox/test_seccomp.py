"""The table of system calls agrees with the kernel's own."""

import re
from pathlib import Path

import pytest

from fractal_agent.sandbox.seccomp import CLONE, CLONE3, DENIED, system_call_filter

HEADERS = {
    "x86_64": (0, Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")),
    "aarch64": (1, Path("/usr/include/asm-generic/unistd.h")),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers(machine: str) -> None:
    """Each number in the table is the one in the kernel's header, where this machine has the header."""
    column, header = HEADERS[machine]
    if not header.is_file():
        pytest.skip(f"{header} is not installed")
    kernel = dict(re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(), re.MULTILINE))

    table = DENIED | {"clone": CLONE, "clone3": CLONE3}

    known = {name: numbers[column] for name, numbers in table.items() if name in kernel}
    assert known == {name: int(kernel[name]) for name in known}
    assert len(known) > 50
    assert all(
        numbers[column] is None for name, numbers in table.items() if name in {"fork", "vfork"} - known.keys()
    )


@pytest.mark.parametrize("machine", HEADERS)
def test_length(machine: str) -> None:
    """The filter is whole instructions, no more of them than the kernel takes."""
    instructions, rest = divmod(len(system_call_filter(machine)), 8)

    assert rest == 0
    assert 50 < instructions < 4096


def test_unknown_machine() -> None:
    """A machine whose calls are not known gets no filter rather than a wrong one."""
    assert system_call_filter("pdp11") == b""
