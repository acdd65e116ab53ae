"""The objects in a file of a data set, each with its line, in whatever way people write them down."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fractal_agent.datasets.base import BadRecord, MissingDataset

MOST_DIGITS = 2_000_000
"""Of an integer in the data."""
_CHUNK = 600
"""So many digits any Python converts, whatever its limit is set to."""


def read_objects(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Line and content of each object: one a line, or the items of one array.

    A byte order mark, UTF-16 and Windows's line ends are read. Raises MissingDataset when the file cannot be
    read, BadRecord at what is not an object.
    """
    content = _content(path)
    if content.lstrip()[:1] == b"[" and (items := _array(content, path)) is not None:
        yield from items
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, _decoded(line, path, number)


def kind_of(value: object) -> str:
    """The type, in JSON's words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"


def parsed(text: str | bytes) -> object:
    """The value that is written there, with integers of any length. Raises ValueError, RecursionError."""
    return json.loads(text, parse_int=_integer, object_pairs_hook=_object)


class _Repeating(dict[str, Any]):
    """An object that names a field twice."""

    repeated = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeating = _Repeating(made)
    names = [name for name, _ in pairs]
    repeating.repeated = next(name for name in names if names.count(name) > 1)
    return repeating


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits, of which {MOST_DIGITS} are read")
    return -_positive(text[1:]) if text.startswith("-") else _positive(text)


def _positive(digits: str) -> int:
    """By halves: faster than Python's own way for long ones, and without a limit."""
    if len(digits) <= _CHUNK:
        return int(digits)
    half = len(digits) // 2
    return _positive(digits[:-half]) * int(10**half) + _positive(digits[-half:])


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        remedy = "Fetch the file again, or drop .gz from its name if it is not compressed."
        raise MissingDataset(path, f"not a whole gzip file ({error})", remedy) from error
    except OSError as error:
        raise MissingDataset(path, f"cannot be read ({error.strerror})", "Check the path.") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16").encode()
        except UnicodeError as error:
            found = f"it begins as UTF-16 and does not go on as that ({error})"
            raise MissingDataset(path, found, "Save the file as UTF-8.") from error
    return content.removeprefix(codecs.BOM_UTF8)


def _decoded(line: bytes, path: Path, number: int) -> Mapping[str, object]:
    try:
        record = parsed(line.removeprefix(codecs.BOM_UTF8))
    except RecursionError as error:
        found = "JSON that is nested too deeply"
        raise BadRecord(path, number, field="", found=found, expected="one JSON object") from error
    except ValueError as error:
        found = f"malformed JSON ({error}{_hint(error)})"
        raise BadRecord(
            path, number, field="", found=found, expected="one JSON object on this line"
        ) from error
    return _checked(record, path, number)


def _checked(record: object, path: Path, number: int) -> Mapping[str, object]:
    if not isinstance(record, dict):
        raise BadRecord(path, number, field="", found=kind_of(record), expected="one JSON object")
    if isinstance(record, _Repeating):
        found = "the field twice"
        raise BadRecord(path, number, field=record.repeated, found=found, expected="each field once")
    return record


def _hint(error: ValueError) -> str:  # noqa: PLR0911  # one for each mistake
    """What probably stands there, in a reader's words."""
    if not isinstance(error, json.JSONDecodeError):
        return ""
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()
    if error.msg == "Extra data":
        return {",": ": a comma follows the object", "{": ": two objects stand on one line"}.get(
            after[:1], ""
        )
    if before.endswith(",") and after[:1] in {"}", "]"}:
        return ": a comma stands before the closing bracket"
    if after.startswith("'"):
        return ": single quotes, as Python writes them"
    if after[:4] in {"None", "True", "Fals"}:
        return f": Python's {after.split(',')[0].split('}')[0]}, not JSON's"
    if not after or error.msg.startswith("Unterminated"):
        return ": the line ends inside the object, which may not go on on the next one"
    return ""


def _array(content: bytes, path: Path) -> list[tuple[int, Mapping[str, object]]] | None:
    """The items of the one array that the file is; None if it is none. Raises BadRecord."""
    try:
        text = content.decode()
    except UnicodeError:
        return None
    decoder = json.JSONDecoder(parse_int=_integer, object_pairs_hook=_object)
    items: list[tuple[int, Mapping[str, object]]] = []
    at, line, counted = text.index("[") + 1, 1, 0
    while True:
        at = _past_space(text, at)
        line, counted = line + text.count("\n", counted, at), at
        if text[at : at + 1] == "]":
            break
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if not items and "\n[" in text:
                return None
            found = f"a broken item of the array ({error})"
            raise BadRecord(path, line, field="", found=found, expected="a JSON object") from error
        items.append((line, _checked(item, path, line)))
        at = _past_space(text, at)
        if text[at : at + 1] == ",":
            at += 1
            if text[_past_space(text, at) :][:1] == "]":
                line += text.count("\n", counted, at)
                found = "a comma before the closing bracket"
                raise BadRecord(path, line, field="", found=found, expected="another object, or no comma")
        elif text[at : at + 1] != "]":
            line += text.count("\n", counted, at)
            found = "an array that does not go on after an item"
            raise BadRecord(path, line, field="", found=found, expected="a comma or the closing bracket")
    if rest := text[at + 1 :].strip():
        line += text.count("\n", counted, at)
        found = f"{rest[:20]!r} after the array"
        raise BadRecord(
            path, line, field="", found=found, expected="one array of objects, or an object a line"
        )
    return items


def _past_space(text: str, at: int) -> int:
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at
