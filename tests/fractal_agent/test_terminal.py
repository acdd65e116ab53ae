"""What programs and models say is shown, and steers nothing."""

import io
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from unicodedata import category

import pytest
from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from fractal_agent.commands.options import console, print_json
from fractal_agent.report.live import spoken_on
from fractal_agent.terminal import Terminal, visible, visible_line

HOSTILE = "\x1b[2A\x1b]0;title\x9b31m\x7f\u202epassed\u2066"
SHOWN = r"\u001b[2A\u001b]0;title\u009b31m\u007f\u202epassed\u2066"
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def in_table(text: str) -> RenderableType:
    table = Table()
    table.add_row(Text(text))
    return table


def test_text_stays_text() -> None:
    """Lines, tabs, brackets and any alphabet are left alone."""
    text = "[bold]a\tb\n¿ünï 世界 😀 \\ שלום"

    assert visible(text) == text
    assert visible_line("a\nb") == r"a\nb"
    assert visible("\r\ud800") == r"\u000d\ud800"


def test_everything_unseen_is_shown() -> None:
    """Whatever controls, formats or ends lines, is half a character or nobody's, is escaped, and no more."""
    unseen = {chr(code) for code in range(sys.maxunicode + 1) if category(chr(code)) in UNSEEN} - {"\t", "\n"}
    unseen |= {chr(code) for code in range(0xE0000, 0xE0080)}
    every = {chr(code) for code in range(sys.maxunicode + 1)}

    escaped = {letter for letter in every if visible(letter) != letter}

    assert not unseen - escaped
    assert {category(letter) for letter in escaped - unseen} <= {"Cn"}, "newer Pythons know more of them"


@pytest.mark.parametrize(
    ("letter", "shown"),
    [
        ("\u200e", r"\u200e"),
        ("\u200f", r"\u200f"),
        ("\u061c", r"\u061c"),
        ("\u200b", r"\u200b"),
        ("\ufeff", r"\ufeff"),
        ("\u00ad", r"\u00ad"),
        ("\u2028", r"\u2028"),
        ("\u2029", r"\u2029"),
        ("\udfff", r"\udfff"),
        ("\ue000", r"\ue000"),
        ("\U000e0041", r"\udb40\udc41"),
        ("\U0010eeee", r"\udbfb\udeee"),
    ],
)
def test_letters(letter: str, shown: str) -> None:
    """A character is escaped as in JSON, in two halves where it needs them, amid text that stays."""
    assert visible(f"a{letter}é\n{letter}") == f"a{shown}é\n{shown}"
    assert visible_line(f"{letter}\n") == rf"{shown}\n"


def test_document_stays_one(capsys: pytest.CaptureFixture[str]) -> None:
    """What `--json` prints is read back as it was, and holds nothing unseen."""
    said = "\x00\t\x7f\x9b\u200e\u061c\ufeff\u2029\ue000\U000e0001\U000e0041\U0010eeee é 😀\\u200e"

    print_json({said: [said]})

    out = capsys.readouterr().out
    assert json.loads(out) == {said: [said]}
    assert not {letter for letter in out if category(letter) in UNSEEN} - {"\n"}


@pytest.mark.parametrize(
    "shape", [Text, in_table, lambda text: Panel(Text(text)), lambda text: Syntax(text, "python")]
)
def test_printed(shape: Callable[[str], RenderableType]) -> None:
    """However it is laid out, with colours or without, a console of ours shows what it is given.

    A table may cut what it thought shorter.
    """
    for terminal in (False, True):
        stream = io.StringIO()
        Terminal(file=stream, width=200, force_terminal=terminal, color_system="standard").print(
            shape(HOSTILE), soft_wrap=True
        )

        written = Text.from_ansi(stream.getvalue()).plain
        assert SHOWN[:12] in written
        assert SHOWN in written or shape is in_table
        assert not set(written) & set(HOSTILE) - set(SHOWN)


def test_live_display_still_steers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own displays move the cursor as before."""
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    page = Terminal(file=stream, force_terminal=True, width=80)
    with Live(Text("one"), console=page, auto_refresh=False) as live:
        live.update(Text("two\x1b[2A"), refresh=True)

    assert "\x1b[2K" in stream.getvalue()
    assert "\x1b[2A" not in stream.getvalue()


@pytest.mark.parametrize("opened", [lambda: nullcontext(console()), lambda: spoken_on(io.StringIO())])
def test_consoles_of_commands(opened: Callable[[], AbstractContextManager[Console]]) -> None:
    """Every console that commands print on is such a terminal."""
    with opened() as page:
        assert isinstance(page, Terminal)
