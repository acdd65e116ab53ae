"""Where things are unless the user says otherwise: the only place that reads the environment."""

import os
from pathlib import Path

DEFAULT_MODEL = "Qwen/Qwen2.5-Coder-0.5B-Instruct"


def cache_dir() -> Path:
    """Where fetched models are kept: `fractal-agent` in `$XDG_CACHE_HOME`, else in `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fractal-agent"


def runs_dir() -> Path:
    """`$FRACTAL_AGENT_RUNS_DIR`, else `runs` in the working directory."""
    return Path(os.environ.get("FRACTAL_AGENT_RUNS_DIR") or "runs")
