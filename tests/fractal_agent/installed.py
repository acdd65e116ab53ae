"""A package on disk, as an installer leaves it: a module and the metadata that names it as a plug-in."""

import os
import subprocess
import sys
from pathlib import Path

ROLES = '''
"""A role with an event of its own, and an architecture that asks it."""

from agents import Context, role
from events import CodeWritten, Event, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


class Noted(Event, frozen=True, kw_only=True):
    """A note on a problem."""

    problem: ProblemPosed
    note: str
    rating: int = 0


@role
async def noter(problem: ProblemPosed, ctx: Context) -> Noted:
    """Notes what the engine says."""
    answer = await ctx.generate([Message(role="user", content="Note it.")])
    return Noted(problem=problem, note=answer.text)


@role
async def typist(noted: Noted, ctx: Context) -> CodeWritten:
    """Types the note as code."""
    return CodeWritten(problem=noted.problem, code=noted.note)


@architecture
async def noting(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Note, then code."""
    return await stage.ask(typist, await stage.ask(noter, problem))
'''

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def install(
    site: Path,
    source: str = ROLES,
    *,
    name: str = "my_roles",
    version: str = "1.2",
    point: str = "roles",
    value: str | None = None,
) -> Path:
    """Puts a package of one module, `roles`, and its metadata into a folder; returns the module's file."""
    package, info = site / name, site / f"{name}-{version}.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    info.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "roles.py").write_text(source)
    (info / "METADATA").write_text(METADATA.format(name=name, version=version))
    named = value if value is not None else f"{name}.roles"
    (info / "entry_points.txt").write_text(f"[fractal_agent.plugins]\n{point} = {named}\n")
    return package / "roles.py"


def ours(*arguments: object, site: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own that finds what is installed in `site`."""
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "fractal_agent", *(str(argument) for argument in arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "1000"} | environment,
        cwd=Path(__file__).parents[2],
    )
