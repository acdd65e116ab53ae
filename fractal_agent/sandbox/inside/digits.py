"""Lifts Python's limit on the digits of an integer where a data set is read, which may hold long ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def any_digits() -> Iterator[None]:
    """Inside, an integer in text may have any number of digits. Not for text that a program has written."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)
