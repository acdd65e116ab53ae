"""Thinking behind a prefill."""

import pytest

from fractal_agent.engines.thinking import Parted, parted


@pytest.mark.parametrize(
    ("prefill", "written", "found"),
    [
        ("", "hm</think>ok", Parted("hm", "ok")),
        ("1.", " Add.\n</think>\n2. Return.", Parted("", " Add.\n</think>\n2. Return.")),
        ("1.", "<think>hm</think> Add.", Parted("hm", " Add.")),
        ("```python\n", "    return a + b\n", Parted("", "    return a + b\n")),
        ("def f():\n", "    [1]\n", Parted("", "    [1]\n")),
    ],
)
def test_prefill(prefill: str, written: str, found: Parted) -> None:
    """Behind a prefill only a block that begins the text is thinking."""
    assert parted(written, prefill=prefill) == found
