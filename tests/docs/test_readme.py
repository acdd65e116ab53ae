"""What the README shows works: its role runs, its commands and options exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fractal_agent.catalog import load_catalog
from fractal_agent.cli import app
from fractal_agent.datasets import load, select
from fractal_agent.job import Job, Unwatched
from fractal_agent.replaying import replay_run
from fractal_agent.solving import solve
from fractal_agent.testing import make_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = sorted(set(re.findall(r"python -m fractal_agent ([a-z]+)(.*)", README)))


def test_role_of_the_readme_runs_and_replays(tmp_path: Path) -> None:
    """The role in the README is a whole file that can be cast, logged and replayed."""
    [source] = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    plugin = tmp_path / "skeptic.py"
    plugin.write_text(source)
    catalog = load_catalog([str(plugin)])
    tasks = select(load("humaneval"), ["HumanEval/53"])
    settings = make_settings(tasks, "repair", cast={"critic": "skeptic"}, plugins=(str(plugin),), rounds=1)

    job = Job(run_id="r", folder=tmp_path / "r", settings=settings, tasks=tasks, catalog=catalog)

    solve(job, Unwatched())

    assert replay_run(tmp_path / "r", catalog).divergences == []


@pytest.mark.parametrize(("command", "rest"), COMMANDS, ids=lambda part: part.split("#")[0].strip())
def test_commands_of_the_readme_exist(command: str, rest: str) -> None:
    """Each command that the README names exists, with the options it is shown with."""
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})

    assert result.exit_code == 0
    for option in re.findall(r"--[a-z-]+", rest.partition("#")[0]):
        assert option in result.output


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_of_the_readme_lead_somewhere(link: str) -> None:
    """Each file that the README links to is in the repository."""
    assert (ROOT / link).exists()


def test_make_targets_of_the_readme_exist() -> None:
    """Each `make` target that the README names is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()

    for target in re.findall(r"(?:^    |`)make ([a-z]+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_shipped_run_replays() -> None:
    """The real run that ships with the repository agrees, all 41 cases, with the roles as they are.

    After a prompt was changed on purpose, record it anew and put its new story into the README.
    """
    replayed = replay_run(ROOT / "examples" / "repair", load_catalog())

    assert replayed.divergences == []
    assert replayed.cases == 41
