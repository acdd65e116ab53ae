"""Reading a log: every damage is found and placed, a torn tail is not damage, a live log can be followed."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from events import (
    Entry,
    Event,
    GenerationCompleted,
    Line,
    LogCorrupt,
    LogFile,
    LogForeign,
    LogMissing,
    LogReader,
    LogSealed,
    RunEnded,
    Unknown,
)
from events.codec import digest_line, encode_line
from events.envelope import GENESIS
from events.fakes import code, header, small_run


def chained(*events: Event) -> bytes:
    """A log of these events, its chain and checksums right."""
    lines, head = [], GENESIS
    for seq, event in enumerate(events):
        lines.append(encode_line(Entry(seq=seq, at=1.0, path="", cause=None, event=event), head))
        head = digest_line(lines[-1][:-1])
    return b"".join(lines)


def rechecksummed(line: bytes) -> bytes:
    """The line, changed, with a checksum that fits again."""
    head = line[: line.rindex(b',"crc"')]
    return b'%s,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def read(path: Path) -> tuple[list[Line], LogReader]:
    reader = LogReader(path)
    return list(reader), reader


def found(path: Path) -> str:
    """What a reader makes of the log: the error's kind and place, or how much of it is good."""
    reader = LogReader(path)
    try:
        for _ in reader:
            pass
    except LogCorrupt as error:
        return f"corrupt at {error.offset}"
    except LogForeign:
        return "foreign"
    return f"{reader.lines} lines, torn {reader.torn}"


def test_a_log_reads_back_as_it_was_written(sealed: Path) -> None:
    """The events and their paths come back in the order of their numbers."""
    lines, _ = read(sealed)

    assert [(line.path, line.event) for line in lines[:-1]] == small_run()
    assert [line.seq for line in lines] == [0, 1, 2, 3, 4, 5]


def test_a_sealed_log_says_so(sealed: Path) -> None:
    """After a fitting seal the reader is sealed, whole, and at the end of the file."""
    lines, reader = read(sealed)

    assert isinstance(lines[-1].event, LogSealed)
    assert (reader.sealed, reader.torn, reader.end) == (True, 0, sealed.stat().st_size)


def test_a_log_without_a_seal_says_so(unsealed: Path) -> None:
    """A log whose writer was stopped is read whole and is not sealed."""
    lines, reader = read(unsealed)

    assert len(lines) == 5
    assert not reader.sealed


def test_a_log_that_goes_on_after_its_seal_is_not_sealed(sealed: Path) -> None:
    """Only a seal that is the last line counts."""
    log, _ = LogFile.reopen(sealed.parent)
    log.stage("T/0", code())
    log.close()

    assert not read(sealed)[1].sealed


@pytest.mark.parametrize("wrong", [{"events": 7}, {"head": "0" * 32}], ids=["count", "head"])
def test_a_seal_that_does_not_fit_is_no_seal(tmp_path: Path, wrong: dict[str, object]) -> None:
    """A seal that counts other lines, or names another line before it, does not make the log sealed."""
    fitting = LogSealed(events=1, head=digest_line(chained(header())[:-1]))
    seal = msgspec.structs.replace(fitting, **wrong)
    path = tmp_path / "log.jsonl"
    path.write_bytes(chained(header(), seal))

    assert not read(path)[1].sealed


def test_a_wrong_number_is_found(tmp_path: Path) -> None:
    """A line whose number is not the next one is refused though its checksum and its place are right."""
    first, second = chained(header(), code()).splitlines(keepends=True)
    path = tmp_path / "log.jsonl"
    path.write_bytes(first + rechecksummed(second.replace(b'"seq":1', b'"seq":2')))

    with pytest.raises(LogCorrupt, match=r"line 2 .*number 2 where 1 was due"):
        read(path)


def test_a_cut_at_every_byte_leaves_the_whole_lines(sealed: Path) -> None:
    """A cut log is its longest prefix of whole lines and a torn tail; without a header it is foreign."""
    data = sealed.read_bytes()
    wrong = []
    with sealed.open("r+b", buffering=0) as file:
        for end in reversed(range(len(data))):
            file.truncate(end)
            whole, tail = data[:end].count(b"\n"), end - (data.rfind(b"\n", 0, end) + 1)
            due = f"{whole} lines, torn {tail}" if whole else "foreign"
            if found(sealed) != due:
                wrong.append((end, found(sealed), due))

    assert wrong == []


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_a_flip_of_every_byte_is_found(sealed: Path, bit: int) -> None:
    """A changed byte is placed at its line, or cuts the log there when nothing good follows."""
    data = sealed.read_bytes()
    last = data.rfind(b"\n", 0, -1) + 1
    wrong = []
    with sealed.open("r+b", buffering=0) as file:
        for index, byte in enumerate(data):
            begin = data.rfind(b"\n", 0, index) + 1
            # The newline before the last line joins the last two, so that nothing good follows.
            nothing_follows = begin == last or index == last - 1
            whole = data.count(b"\n", 0, begin)
            torn = f"{whole} lines, torn {len(data) - begin}"
            os.pwrite(file.fileno(), bytes([byte ^ bit]), index)
            if found(sealed) != (torn if nothing_follows else f"corrupt at {begin}"):
                wrong.append((index, found(sealed)))
            os.pwrite(file.fileno(), bytes([byte]), index)

    assert wrong == []


def test_a_byte_turned_into_a_newline_is_found(sealed: Path) -> None:
    """A line broken in two by damage is placed at its beginning."""
    data = bytearray(sealed.read_bytes())
    begin = data.find(b"\n") + 1
    data[begin + 40] = ord("\n")
    sealed.write_bytes(data)

    assert found(sealed) == f"corrupt at {begin}"


Rearranged = Callable[[list[bytes]], list[bytes]]


@pytest.mark.parametrize(
    ("rearrange", "line"),
    [
        pytest.param(lambda x: x[:2] + x[3:], 3, id="dropped"),
        pytest.param(lambda x: x[:3] + x[2:], 4, id="duplicated"),
        pytest.param(lambda x: [*x, x[-1]], 7, id="last duplicated"),
        pytest.param(lambda x: [x[0], x[2], x[1], *x[3:]], 2, id="swapped"),
        pytest.param(lambda x: [*x[:-2], x[-1]], 5, id="last but one dropped"),
        pytest.param(lambda x: [*x[:3], b"\n", *x[3:]], 4, id="empty line"),
        pytest.param(lambda x: [*x[:3], b"\x00" * 512 + b"\n", *x[3:]], 4, id="zeros"),
    ],
)
def test_rearranged_lines_are_corrupt(sealed: Path, rearrange: Rearranged, line: int) -> None:
    """Good lines in the wrong places are refused at the first that is out of place."""
    lines = sealed.read_bytes().splitlines(keepends=True)
    changed = rearrange(lines)
    sealed.write_bytes(b"".join(changed))

    with pytest.raises(LogCorrupt) as corrupt:
        read(sealed)

    assert (corrupt.value.line, corrupt.value.offset) == (line, len(b"".join(changed[: line - 1])))


def test_an_edited_line_breaks_the_chain(sealed: Path) -> None:
    """A line that was edited and checksummed anew is found by the line after it."""
    lines = sealed.read_bytes().splitlines(keepends=True)
    original = read(sealed)[0][3]
    assert isinstance(original.event, GenerationCompleted)
    edited: Entry[Event] = Entry(
        seq=original.seq,
        at=original.at,
        path=original.path,
        cause=original.cause,
        event=msgspec.structs.replace(original.event, text="    return 2\n"),
    )
    lines[3] = encode_line(edited, original.prev)
    sealed.write_bytes(b"".join(lines))

    with pytest.raises(LogCorrupt, match=r"line 5 .*changed, dropped or moved"):
        read(sealed)


def test_the_lines_before_damage_are_given(sealed: Path) -> None:
    """A reader hands out every good line before it raises at the bad one."""
    lines = sealed.read_bytes().splitlines(keepends=True)
    sealed.write_bytes(b"".join([*lines[:3], b"x" + lines[3][1:], *lines[4:]]))
    seen: list[int] = []
    with pytest.raises(LogCorrupt):
        seen.extend(line.seq for line in LogReader(sealed))

    assert seen == [0, 1, 2]


def test_damage_says_where_and_what(sealed: Path) -> None:
    """The message of damage holds the file, the line, the byte offset and what was found."""
    lines = sealed.read_bytes().splitlines(keepends=True)
    sealed.write_bytes(b"".join([lines[0], lines[1].replace(b"def", b"DEF"), *lines[2:]]))

    with pytest.raises(
        LogCorrupt, match=rf"{sealed}: line 2 \(byte {len(lines[0])}\) is damaged: its checksum"
    ):
        read(sealed)


def test_a_whole_line_that_cannot_be_understood_is_not_torn(tmp_path: Path) -> None:
    """An undamaged last line that does not fit its schema is refused, never taken for a cut one."""
    begin, end = chained(header(), RunEnded(outcome="completed")).splitlines(keepends=True)
    path = tmp_path / "log.jsonl"
    path.write_bytes(begin + rechecksummed(end.replace(b"completed", b"a newer outcome")))

    with pytest.raises(LogCorrupt, match=r"line 2 .*RunEnded.*\$\.event\.outcome"):
        read(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A log of a format from the future is foreign, and the message says to upgrade."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(chained(header(format=2), code()))

    with pytest.raises(LogForeign, match=r"format 2.*upgrade"):
        read(path)


def test_a_newer_format_is_refused_whatever_its_header_holds(tmp_path: Path) -> None:
    """The format is looked at before the rest of the header, which a newer one may have changed."""
    line = chained(header(format=2)).replace(b'"run_id":"run"', b'"run_id":{"no":"text"}')
    path = tmp_path / "log.jsonl"
    path.write_bytes(rechecksummed(line) + b"".join(chained(header(), code()).splitlines(keepends=True)[1:]))

    with pytest.raises(LogForeign, match=r"format 2.*upgrade"):
        read(path)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b'{"task_id":"HumanEval/0"}\n{"task_id":"HumanEval/1"}\n', "not a line", id="JSONL"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a line", id="binary"),
        pytest.param(b"no newline at all", "cut short", id="text"),
        pytest.param(chained(code(), code()), "no RunStarted", id="no header"),
        pytest.param(b"\x00" * 4096, "cut short", id="zeros"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    """What is no log is foreign, and the message says what was found and what was expected."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(data)

    with pytest.raises(LogForeign, match=rf"{told}.*expected a log that begins with a RunStarted"):
        read(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder in the place of a log is foreign, not an error of the operating system."""
    with pytest.raises(LogForeign, match="a folder"):
        read(tmp_path)


@pytest.mark.parametrize("place", ["nowhere.jsonl", "file/log.jsonl"])
def test_a_missing_log_is_missing(tmp_path: Path, place: str) -> None:
    """Where there is no file, also where a folder is a file, the log is missing."""
    (tmp_path / "file").touch()

    with pytest.raises(LogMissing, match="runs"):
        read(tmp_path / place)


def test_an_unknown_event_does_not_stop_a_reader(tmp_path: Path) -> None:
    """A plug-in's event that is not loaded here is given as unknown, and the lines after it are read."""
    line, nxt = chained(header(), code("plugged"), code()).splitlines(keepends=True)[1:]
    unknown = rechecksummed(line.replace(b'"type":"CodeWritten"', b'"type":"NeverLoaded"'))
    follows = nxt.replace(digest_line(line[:-1]).encode(), digest_line(unknown[:-1]).encode())
    path = tmp_path / "log.jsonl"
    path.write_bytes(chained(header()) + unknown + rechecksummed(follows))

    lines, _ = read(path)

    assert isinstance(lines[1].event, Unknown)
    assert lines[1].event.type == "NeverLoaded"
    assert lines[2].event == code()


def test_a_reader_follows_a_live_writer(begun: LogFile) -> None:
    """At whatever byte the writer has come to, a reader sees a prefix of whole lines and does not raise."""
    for number in range(3):
        begun.stage("T/0", code(f"{number}"))
    pending = b"".join(begun.take())
    written = begun.path.stat().st_size
    seen = []
    with begun.path.open("ab", buffering=0) as writer:
        for index in range(len(pending)):
            writer.write(pending[index : index + 1])
            lines, reader = read(begun.path)
            assert reader.end + reader.torn == written + index + 1
            seen.append(len(lines))

    assert seen == sorted(seen)
    assert set(seen) == {1, 2, 3, 4}


def test_a_reading_ends_where_the_log_ended_when_it_began(unsealed: Path) -> None:
    """Lines that a writer appends meanwhile are for another reader; they are neither given nor torn."""
    reader = LogReader(unsealed)
    lines = iter(reader)
    next(lines)
    log, _ = LogFile.reopen(unsealed.parent)
    log.stage("T/0", code())
    log.close()

    assert len(list(lines)) == 4
    assert (reader.lines, reader.torn) == (5, 0)


def test_a_line_finished_while_it_is_read_is_not_damage(
    unsealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may finish a line, and write more, just after a reader met its beginning."""
    lines = unsealed.read_bytes().splitlines(keepends=True)
    cut = len(lines[2]) // 2
    unsealed.write_bytes(b"".join(lines[:2]) + lines[2][:cut])
    end_at = LogReader._end_at

    def end_after_the_writer_went_on(*met: object) -> None:
        monkeypatch.undo()
        with unsealed.open("ab") as writer:
            writer.write(lines[2][cut:] + b"".join(lines[3:]))
        end_at(*met)  # type: ignore[arg-type]  # whatever it takes

    monkeypatch.setattr(LogReader, "_end_at", end_after_the_writer_went_on)

    assert found(unsealed) == f"2 lines, torn {cut}"
    assert found(unsealed) == "5 lines, torn 0"
