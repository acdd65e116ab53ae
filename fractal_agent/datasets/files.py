"""Files that a problem lays into the program's working folder."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import PurePosixPath

from fractal_agent.datasets.programs import Complain
from fractal_agent.datasets.reading import kind_of
from fractal_agent.sandbox.inside.whole import ENCODED

MOST_BYTES = 8 << 20
"""Of all files of a problem together."""


def files_of(fields: Mapping[str, object], bad: Complain) -> dict[str, str]:
    """Content by name: text, or a base64 `data:` URL. Raises what `bad` makes."""
    files = fields.get("files") or {}
    if not isinstance(files, dict):
        raise bad("files", kind_of(files), "an object of file names and their content")
    made = {name: _content(name, content, bad) for name, content in files.items()}
    if sum(map(len, made.values())) > MOST_BYTES:
        raise bad("files", f"more than {MOST_BYTES} bytes", "less")
    return made


def _content(name: str, content: object, bad: Complain) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name or path.name.startswith(".stdin"):
        raise bad("files", f"the name {name!r}", "a relative path inside the program's folder")
    match content:
        case str() if not content.startswith(ENCODED):
            text = content
        case str():
            text = ENCODED + base64.b64encode(content.encode()).decode()
        case {"base64": str(encoded)}:
            try:
                base64.b64decode(encoded, validate=True)
            except binascii.Error as error:
                raise bad("files", f"{name!r} that is no base64 ({error})", "base64") from error
            text = ENCODED + encoded
        case _:
            raise bad("files", f"{kind_of(content)} as {name!r}", "a string, or an object with `base64`")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise bad("files", f"half of a character in {name!r}", "whole characters") from error
    return text
