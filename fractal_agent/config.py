"""Where things are unless the user says otherwise: the only place that reads the environment."""

import os
import pwd
import sys
from contextlib import suppress
from pathlib import Path

DEFAULT_MODEL = "Qwen/Qwen2.5-Coder-0.5B-Instruct"

MODULE = "python -m fractal_agent"
"""How messages name the program, wherever they are made."""

WORKING_FOLDER_GONE = "The working folder is gone or cannot be read: change into another one."


class NoHome(Exception):
    """Nothing says where this user's files may be kept."""

    def __init__(self) -> None:
        super().__init__(
            "this user has no home folder, so there is no place for fetched models: "
            "set HOME or XDG_CACHE_HOME to the full path of a folder that can be written to."
        )


class WorkingFolderGone(Exception):
    """A relative path was to be looked up in a working folder that is gone."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: cannot be looked up from here.")


def program() -> str:
    """What this program was started as: the installed command, or else `MODULE`."""
    name = Path(sys.argv[0]).name
    return name if name == "fractal-agent" else MODULE


def as_started(text: str) -> str:
    """The text with the program named as it was started."""
    return text.replace(MODULE, program())


def working_folder_exists() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def cache_dir() -> Path:
    """Where fetched models are kept: `fractal-agent` in `$XDG_CACHE_HOME`, else in `~/.cache`.

    Raises:
        NoHome: neither is known.
    """
    folder = _caches()
    if folder is None:
        raise NoHome
    return folder / "fractal-agent"


def runs_dir() -> Path:
    """`$FRACTAL_AGENT_RUNS_DIR`, else `runs` in the working directory."""
    return _named("FRACTAL_AGENT_RUNS_DIR") or Path("runs")


def data_dirs() -> tuple[Path, ...]:
    """Where HumanEval+ and MBPP+ are looked for: `$FRACTAL_AGENT_DATA` alone if it is set.

    Else `data` in `cache_dir()`, then the cache of the `evalplus` package; none where there is no home.
    """
    if named := _named("FRACTAL_AGENT_DATA"):
        return (named,)
    folder = _caches()
    return (folder / "fractal-agent" / "data", _evalplus_cache(folder)) if folder else ()


def installed_plugins_wanted() -> bool:
    """False when `$FRACTAL_AGENT_PLUGINS` is `off`, which leaves out the plug-ins of installed packages."""
    return os.environ.get("FRACTAL_AGENT_PLUGINS", "").strip().lower() != "off"


def misread_plugins_setting() -> str:
    """What `$FRACTAL_AGENT_PLUGINS` says that means nothing; empty when all is well."""
    value = os.environ.get("FRACTAL_AGENT_PLUGINS", "").strip()
    return "" if value.lower() in {"", "on", "off"} else value


def _evalplus_cache(caches: Path) -> Path:
    """`evalplus` in the user's cache folder, which macOS has in a place of its own."""
    home = _home()
    if sys.platform == "darwin" and home:
        return home / "Library" / "Caches" / "evalplus"
    return caches / "evalplus"


def _caches() -> Path | None:
    """`$XDG_CACHE_HOME` unless it is relative, which its standard has ignored; else `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        return Path(named)
    home = _home()
    return home / ".cache" if home else None


def _home() -> Path | None:
    """`$HOME` if it is a full path, else what the system knows of the user; None if that is nothing."""
    if Path(named := os.environ.get("HOME", "")).is_absolute():
        return Path(named)
    with suppress(KeyError):
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    return None


def _named(variable: str) -> Path | None:
    """The path in a variable, `~` being the home folder; None where it is empty or not set."""
    named = os.environ.get(variable, "")
    home = _home()
    if home and (named == "~" or named.startswith("~/")):
        return home / named[2:]
    return Path(named) if named else None
