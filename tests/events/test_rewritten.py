"""Logs that git, an editor or a compressor has rewritten: told as what they are, and put right again."""

import codecs
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from events import LogCorrupt, LogForeign, LogReader
from events.errors import LogRewritten
from events.rewritten import restored

Rewriting = Callable[[bytes], bytes]

REWRITTEN: dict[str, tuple[Rewriting, str]] = {
    "crlf": (
        lambda data: data.replace(b"\n", b"\r\n"),
        "a first line that ends in CR LF, the line end of Windows",
    ),
    "cr": (lambda data: data.replace(b"\n", b"\r"), "lines that end in CR alone"),
    "mark": (lambda data: codecs.BOM_UTF8 + data, "a byte order mark before the first line"),
    "mark and crlf": (
        lambda data: codecs.BOM_UTF8 + data.replace(b"\n", b"\r\n"),
        "a byte order mark before the first line",
    ),
    "utf-16": (lambda data: data.decode().encode("utf-16"), "text in UTF-16"),
    "utf-16-be": (lambda data: data.decode().encode("utf-16-be"), "text in UTF-16"),
    "utf-16 and crlf": (lambda data: data.decode().replace("\n", "\r\n").encode("utf-16"), "text in UTF-16"),
    "gzip": (gzip.compress, "a gzip file"),
    "blanks": (lambda data: data.replace(b"\n", b"  \n"), "a first line that has blanks around it"),
    "indented": (lambda data: b"  " + data.replace(b"\n", b"\n  "), "a first line that has blanks around it"),
    "blank lines": (lambda data: data.replace(b"\n", b"\n\n"), ""),
    "blank first": (lambda data: b"\n" + data, ""),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_restored(sealed: Path, name: str) -> None:
    """Each of these is undone without loss: the bytes are those that were written."""
    data = sealed.read_bytes()

    assert restored(REWRITTEN[name][0](data)) == data


@pytest.mark.parametrize("name", [name for name, (_, found) in REWRITTEN.items() if found])
def test_told(sealed: Path, name: str) -> None:
    """The error says what was done to the file, and which command takes it back."""
    rewrite, found = REWRITTEN[name]
    sealed.write_bytes(rewrite(sealed.read_bytes()))

    with pytest.raises(LogRewritten, match=found) as told:
        list(LogReader(sealed))

    assert f"`python -m fractal_agent salvage {sealed.parent}`" in str(told.value)
    assert "`*.jsonl -text`" in str(told.value)


def test_quoted_folder(sealed: Path) -> None:
    """The command names the folder such that a shell takes it as one word."""
    folder = sealed.parent.rename(sealed.parent.with_name("it's $here"))
    log = folder / sealed.name
    log.write_bytes(log.read_bytes().replace(b"\n", b"\r\n"))

    with pytest.raises(LogRewritten, match=r"salvage '/.*it'\"'\"'s \$here'`"):
        list(LogReader(log))


def test_one_line_with_another_end(sealed: Path) -> None:
    """A line in the middle that ends in CR LF is damage, and its place and kind are told."""
    lines = sealed.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"\n", b"\r\n")
    sealed.write_bytes(b"".join(lines))

    with pytest.raises(LogCorrupt, match=r"line 3 .* ends in CR LF"):
        list(LogReader(sealed))


def test_editors_blank_line(sealed: Path) -> None:
    """A blank line at the end, as an editor leaves it, hides none of the lines before it."""
    sealed.write_bytes(sealed.read_bytes() + b"\n")
    reader = LogReader(sealed)

    assert len(list(reader)) == 6
    assert (reader.sealed, reader.torn) == (True, 1)


@pytest.mark.parametrize("indent", [None, 2])
def test_formatted_anew(sealed: Path, indent: int | None) -> None:
    """JSON that was laid out anew cannot be put right, and the error says what to do instead."""
    events = [json.loads(line) for line in sealed.read_bytes().splitlines()]
    sealed.write_text("\n".join(json.dumps(event, indent=indent) for event in events))

    with pytest.raises(LogForeign, match=r"formatted anew.*get the file again") as told:
        list(LogReader(sealed))

    assert "salvage" not in str(told.value)


def test_torn_header_is_not_called_formatted(sealed: Path) -> None:
    """The beginning of a first line, as a killed writer leaves it, is told as cut short."""
    sealed.write_bytes(sealed.read_bytes()[:200])

    with pytest.raises(LogForeign, match="cut short"):
        list(LogReader(sealed))
