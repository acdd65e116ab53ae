"""Keeping the terminal for the run: what an engine prints goes into a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def output_in(log: Path) -> Iterator[None]:
    """Processes started inside write to `log` for as long as they live; this process, until the end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    _flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    saved = [(number, os.dup(number)) for number in (1, 2)]
    try:
        for number, _ in saved:
            os.dup2(file, number)
        yield
    finally:
        _flush()
        for number, copy in saved:
            os.dup2(copy, number)
            os.close(copy)
        os.close(file)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
