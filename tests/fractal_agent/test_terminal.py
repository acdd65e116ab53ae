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
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from fractal_agent.commands.options import console, print_json
from fractal_agent.report.live import live_progress, spoken_on
from fractal_agent.terminal import Terminal, drawn_width, visible, visible_line
from replay.timeline import Timeline

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


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing of colours and widths."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


def styled(stream: io.StringIO) -> str:
    """What comes of a bold and a coloured word, and of a progress display, on the stream."""
    page = Terminal(file=stream)
    page.print(Text("bold", style="bold"), Text("red", style="dim red"))
    with live_progress(page, Timeline(), 3):
        pass
    return stream.getvalue()


def test_no_color_leaves_no_escape(environment: pytest.MonkeyPatch) -> None:
    """With NO_COLOR not one escape sequence is written, on a terminal and whatever else is asked for."""
    assert "\x1b" in styled(Screen())

    environment.setenv("NO_COLOR", "1")
    environment.setenv("FORCE_COLOR", "3")
    assert "\x1b" not in styled(Screen())


@pytest.mark.parametrize(
    ("name", "value", "coloured"),
    [
        ("FORCE_COLOR", "1", True),
        ("FORCE_COLOR", "3", True),
        ("FORCE_COLOR", "true", True),
        ("CLICOLOR_FORCE", "1", True),
        ("FORCE_COLOR", "", False),
        ("FORCE_COLOR", "0", False),
        ("CLICOLOR_FORCE", "0", False),
        ("CLICOLOR", "1", False),
    ],
)
def test_colours_that_are_piped(
    environment: pytest.MonkeyPatch, name: str, value: str, coloured: bool
) -> None:
    """Where there is no terminal, only what forces colours brings them, and never a cursor that moves."""
    environment.setenv(name, value)
    written = styled(io.StringIO())

    assert ("\x1b[" in written) == coloured
    assert "\x1b[?25" not in written
    assert "\x1b[2K" not in written


@pytest.mark.parametrize(
    ("name", "value"), [("CLICOLOR", "0"), ("FORCE_COLOR", "0"), ("FORCE_COLOR", "false")]
)
def test_colours_that_are_unwanted(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """On a terminal these variables take the styles away."""
    environment.setenv(name, value)
    stream = Screen()
    Terminal(file=stream).print(Text("bold", style="bold red"))

    assert stream.getvalue() == "bold\n"


def test_dumb_terminal(environment: pytest.MonkeyPatch) -> None:
    """A dumb terminal gets no escape sequence, and rules of the width that is asked for."""
    environment.setenv("TERM", "dumb")
    environment.setenv("COLUMNS", "60")
    stream = Screen()
    page = Terminal(file=stream)
    page.print(Rule("title"))

    assert len(stream.getvalue().rstrip("\n")) == 60
    assert "\x1b" not in styled(Screen())


@pytest.mark.parametrize(("asked", "width"), [("60", 60), ("", 100), ("abc", 100), ("²", 100), ("0", 100)])
def test_rules_that_are_piped(environment: pytest.MonkeyPatch, asked: str, width: int) -> None:
    """In a pipe rules are as wide as $COLUMNS, where that is a width, however long the lines are."""
    environment.setenv("COLUMNS", asked)
    page = Terminal(file=io.StringIO(), width=5_000)

    assert drawn_width(page, page.width) == width
