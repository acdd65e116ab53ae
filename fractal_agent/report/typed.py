"""What a reader is to type or copy: quoted for a shell, and never cut or broken into lines."""

import shlex

from rich.text import Text

from fractal_agent.config import program


def command(name: str, *arguments: str) -> str:
    """The command line that runs this command with these arguments, none of them an option."""
    dashed = any(argument.startswith("-") for argument in arguments)
    return f"{program()} {shlex.join([name, *(['--'] if dashed else []), *arguments])}"


def whole(text: str, style: str = "") -> Text:
    """The text in one line, wrapped by the terminal alone, so that a copy of it is what it was.

    To be printed with `crop=False`.
    """
    return Text(text, style=style, no_wrap=True, overflow="ignore")


def labelled(name: str, value: str, names: list[str]) -> Text:
    """A line below a grid whose first column holds these names."""
    width = max(map(len, names)) + 2
    line = Text(no_wrap=True, overflow="ignore")
    return line.append(name.ljust(width), style="dim").append(value)
