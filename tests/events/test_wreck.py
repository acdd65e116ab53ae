"""What is found in a damaged log."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events import LogFile, LogForeign, LogUnsalvageable, RunStarted, Unknown
from events.codec import digest_line, encode_line
from events.envelope import Entry
from events.fakes import code, header
from events.wreck import Wreck, read_wreck

Damage = Callable[[list[bytes]], list[bytes]]


def wreck_of(log: Path, damage: Damage) -> Wreck:
    """What is found when the lines of the log, with their newlines, have been damaged."""
    log.write_bytes(b"".join(damage(log.read_bytes().splitlines(keepends=True))))
    return read_wreck(log)


def numbers(wreck: Wreck) -> list[int]:
    return [found.seq for found in wreck.lines]


def problems(wreck: Wreck) -> list[tuple[int, int, int, str]]:
    return [(part.line, part.offset, part.length, part.problem.split(":")[0]) for part in wreck.lost]


def replaced(place: int, line: bytes) -> Damage:
    return lambda lines: [*lines[:place], line, *lines[place + 1 :]]


def test_damaged_line(sealed: Path) -> None:
    """A damaged line is lost, with its place and its length; the others are found."""
    lines = sealed.read_bytes().splitlines(keepends=True)

    wreck = wreck_of(sealed, replaced(3, lines[3].replace(b"return", b"retorn")))

    assert numbers(wreck) == [0, 1, 2, 4, 5]
    assert problems(wreck) == [(4, sum(map(len, lines[:3])), len(lines[3]), "is damaged")]
    assert (wreck.first_missing(0), wreck.first_missing(3)) == (3, None)


def test_events_are_kept_byte_for_byte(sealed: Path) -> None:
    """The event's bytes are the line's own."""
    lines = sealed.read_bytes().splitlines()

    assert all(found.raw in lines[found.seq] for found in wreck_of(sealed, lambda lines: lines).lines)


def test_lines_without_a_newline_between_them(sealed: Path) -> None:
    """Two whole lines that a damaged newline joined are both found, and one byte is lost."""
    wreck = wreck_of(sealed, lambda lines: [*lines[:2], lines[2][:-1] + b"\0", *lines[3:]])

    assert numbers(wreck) == [0, 1, 2, 3, 4, 5]
    assert [part[2:] for part in problems(wreck)] == [(1, "holds bytes that belong to no line")]


def test_garbage_before_and_after_a_line(sealed: Path) -> None:
    """A whole line is found within bytes that are none."""
    wreck = wreck_of(sealed, lambda lines: [*lines[:2], b"xx" + lines[2][:-1] + b"yyy\n", *lines[3:]])

    assert numbers(wreck) == [0, 1, 2, 3, 4, 5]
    assert [part[2] for part in problems(wreck)] == [2, 3]


def test_lines_that_left_no_trace(sealed: Path) -> None:
    """Lines that were cut out whole are told by their numbers, where they should be."""
    lines = sealed.read_bytes().splitlines(keepends=True)

    wreck = wreck_of(sealed, lambda lines: [*lines[:2], *lines[4:]])

    [part] = wreck.lost
    assert (part.line, part.offset, part.length) == (3, len(lines[0] + lines[1]), 0)
    assert part.problem == "should be lines number 2 to 3 of the log, which are nowhere in the file"


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [lines[3], *lines[:3], *lines[4:]],
        lambda lines: [*lines, lines[2], lines[0]],
        lambda lines: lines[::-1],
    ],
    ids=["moved", "repeated", "reversed"],
)
def test_moved_and_repeated_lines(sealed: Path, damage: Damage) -> None:
    """Good lines in another order, or twice, are found once and in order, and nothing is lost."""
    wreck = wreck_of(sealed, damage)

    assert (numbers(wreck), wreck.lost) == ([0, 1, 2, 3, 4, 5], [])


def line(seq: int, prev: str, text: str) -> bytes:
    return encode_line(Entry(seq=seq, at=0.0, path="T/0/coder.0", cause=None, event=code(text)), prev)


def test_line_that_was_changed_with_its_checksum(sealed: Path) -> None:
    """A line whose checksum was made to fit is lost when the line after it continues another."""
    prev = digest_line(sealed.read_bytes().splitlines()[3])

    wreck = wreck_of(sealed, replaced(4, line(4, prev, "forged")))

    assert numbers(wreck) == [0, 1, 2, 3, 5]
    assert problems(wreck)[0][3] == "was changed after it had been written"


def test_contradiction(sealed: Path) -> None:
    """Two different lines of one number are refused: either may be true."""
    prev = digest_line(sealed.read_bytes().splitlines()[3])

    with pytest.raises(LogUnsalvageable, match="lines 5 and 7 both say that they are number 4 and differ"):
        wreck_of(sealed, lambda lines: [*lines, line(4, prev, "other")])


def test_lost_header(sealed: Path) -> None:
    """Without the header nothing can be made of the other lines."""
    with pytest.raises(LogUnsalvageable, match="its header is lost"):
        wreck_of(sealed, lambda lines: [lines[0][:-9], b"\n", *lines[1:]])


def test_changed_header(sealed: Path) -> None:
    """A header that the second line does not continue is as good as lost."""
    forged = encode_line(Entry(seq=0, at=0.0, path="", cause=None, event=header(run_id="x")), "0" * 32)

    with pytest.raises(LogUnsalvageable, match="its header is lost"):
        wreck_of(sealed, replaced(0, forged))


@pytest.mark.parametrize("text", [b"", b'{"seq":0}\n', b"\0" * 5000], ids=["empty", "foreign", "zeros"])
def test_no_log(tmp_path: Path, text: bytes) -> None:
    """A file without one undamaged line is no log."""
    (tmp_path / "log.jsonl").write_bytes(text)

    with pytest.raises(LogForeign, match="no undamaged line"):
        read_wreck(tmp_path / "log.jsonl")


def test_newer_format(tmp_path: Path) -> None:
    """A damaged log of a newer format is left to the version that wrote it."""
    log = LogFile.create(tmp_path)
    log.stage("", header(format=99))
    log.close()

    with pytest.raises(LogForeign, match="format 99"):
        read_wreck(log.path)


def test_newer_event(tmp_path: Path) -> None:
    """A line that a newer version can read is not thrown away: salvage waits for that version."""
    log = LogFile.create(tmp_path)
    log.stage("", header())
    newer = Unknown(type="CodeWritten:9", raw=b'{"type":"CodeWritten:9"}')
    log.stage("T/0/coder.0", newer)  # type: ignore[arg-type]  # an unknown event is written as it is
    log.close()

    with pytest.raises(LogForeign, match="CodeWritten in version 9"):
        read_wreck(log.path)


def test_header_is_read(sealed: Path) -> None:
    """The header is found wherever it stands."""
    assert isinstance(wreck_of(sealed, lambda lines: [*lines[1:], lines[0]]).header, RunStarted)
