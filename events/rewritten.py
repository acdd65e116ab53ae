"""Logs that another program has rewritten: what it did to them, and how to undo it.

A log has only line feeds at the ends of its lines, and no blank in its margins. So git's line ends, an
editor's byte order mark or a compression can be taken back, and every checksum holds again.
"""

import gzip
import re
import zlib
from contextlib import suppress

from events.codec import BadLine, check_line

GZIP, MARK, WIDE = b"\x1f\x8b", b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff", b'{\0"\0', b'\0{\0"')

_BLANKS = b" \t\r\n"
_REFORMATTED = re.compile(rb'\A\s*\[?\s*\{.*"(?:seq|prev|crc|event)"\s*:', re.DOTALL)


def rewriting_of(beginning: bytes) -> str:
    """What was done to a file of which no line is a line of a log; empty where nothing that can be undone.

    A few kilobytes of it are enough.
    """
    for sign, found in (
        (GZIP, "a gzip file"),
        (WIDE, "text in UTF-16, as some editors and shells of Windows save it"),
        (MARK, "a byte order mark before the first line, which some editors put there"),
    ):
        if beginning.startswith(sign):
            return found
    return "lines that end in CR alone" if b"\r" in beginning and b"\n" not in beginning else ""


def is_reformatted(beginning: bytes) -> bool:
    """True for the events of a log as an editor or jq lays them out, so that no checksum can hold."""
    return not beginning.startswith(b'{"seq":0,') and bool(_REFORMATTED.match(beginning))


def margin_of(line: bytes) -> str:
    """What stands around a line that is good without it; empty where the line is bad or lacks its newline."""
    bare = line.strip(_BLANKS)
    try:
        check_line(bare + b"\n")
    except BadLine:
        return "" if bare else "is blank"
    if line == bare + b"\n" or not line.endswith(b"\n"):
        return ""
    if line.endswith(b"\r\n"):
        return "ends in CR LF, the line end of Windows, which git's autocrlf or an editor put there"
    return "has blanks around it, which an editor put there"


def restored(data: bytes) -> bytes:
    """The log as it was written, if nothing else was done to it; for any other file, something else."""
    if data.startswith(GZIP):
        with suppress(OSError, EOFError, zlib.error):
            data = gzip.decompress(data)
    if data.startswith(WIDE):
        with suppress(UnicodeError):
            data = data.decode(_encoding(data)).encode()
    lines = data.removeprefix(MARK).replace(b"\r", b"\n").split(b"\n")
    return b"".join(bare + b"\n" for line in lines if (bare := line.strip(_BLANKS)))


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-16-be" if data.startswith(b"\0") else "utf-16-le"
