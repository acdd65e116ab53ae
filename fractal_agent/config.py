"""Where things are unless the user says otherwise: the only place that reads the environment."""

import os
import sys
from pathlib import Path

DEFAULT_MODEL = "Qwen/Qwen2.5-Coder-0.5B-Instruct"


def cache_dir() -> Path:
    """Where fetched models are kept: `fractal-agent` in `$XDG_CACHE_HOME`, else in `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fractal-agent"


def runs_dir() -> Path:
    """`$FRACTAL_AGENT_RUNS_DIR`, else `runs` in the working directory."""
    return Path(os.environ.get("FRACTAL_AGENT_RUNS_DIR") or "runs")


def data_dirs() -> tuple[Path, ...]:
    """Where HumanEval+ and MBPP+ are looked for: `$FRACTAL_AGENT_DATA` alone if it is set.

    Else `data` in `cache_dir()`, then the cache of the `evalplus` package.
    """
    if named := os.environ.get("FRACTAL_AGENT_DATA"):
        return (Path(named),)
    return (cache_dir() / "data", _evalplus_cache())


def installed_plugins_wanted() -> bool:
    """False when `$FRACTAL_AGENT_PLUGINS` is `off`, which leaves out the plug-ins of installed packages."""
    return os.environ.get("FRACTAL_AGENT_PLUGINS", "").strip().lower() != "off"


def misread_plugins_setting() -> str:
    """What `$FRACTAL_AGENT_PLUGINS` says that means nothing; empty when all is well."""
    value = os.environ.get("FRACTAL_AGENT_PLUGINS", "").strip()
    return "" if value.lower() in {"", "on", "off"} else value


def _evalplus_cache() -> Path:
    """`evalplus` in the user's cache folder, which macOS has in a place of its own."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "evalplus"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalplus"
