"""What `docs/query-a-run.md` shows is what its queries print, on the run that ships."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fractal_agent.export.parquet import COLUMNS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "query-a-run.md").read_text()
COMMANDS = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", PAGE)
QUERIES = re.findall(r"```sql\n(.*?)```\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with the example, two runs, the page's `query.py` and a Parquet file."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "examples").symlink_to(ROOT / "examples")
    for run, recorded in {"agrees": "tests/golden/v1/agrees", "repair-41b": "examples/repair"}.items():
        (folder / "runs").mkdir(exist_ok=True)
        (folder / "runs" / run).symlink_to(ROOT / recorded)
    [script] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (folder / "query.py").write_text(script)
    return folder


def run(place: Path, command: str, given: str = "") -> str:
    """What the command prints, with `python` the one that runs the tests."""
    done = subprocess.run(
        ["bash", "-c", f'python() {{ "{sys.executable}" "$@"; }}; {command}'],
        cwd=place,
        input=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(("command", "output"), [shown for shown in COMMANDS if shown[0].startswith("jq")])
def test_jq_prints_what_is_shown(place: Path, command: str, output: str) -> None:
    """Each jq command prints what stands under it."""
    assert run(place, command) == output


@pytest.mark.parametrize(("command", "output"), [shown for shown in COMMANDS if "export" in shown[0]])
def test_export_prints_what_is_shown(place: Path, command: str, output: str) -> None:
    """Each export prints what stands under it."""
    assert run(place, f"{command} --force") == output


@pytest.mark.parametrize(("query", "output"), QUERIES)
def test_sql_prints_what_is_shown(place: Path, query: str, output: str) -> None:
    """Each query, given to the page's own script, prints what stands under it."""
    pytest.importorskip("duckdb")
    run(place, "test -e repair.parquet || python -m fractal_agent export examples/repair --to parquet")

    assert run(place, "python query.py", query).rstrip("\n") == output.rstrip("\n")


def test_the_table_lists_every_column() -> None:
    """The page names each column of the Parquet file, and no other."""
    cells = re.findall(r"^\| ((?:`\w+` ?)+)\|", PAGE, re.MULTILINE)

    assert sorted(re.findall(r"\w+", " ".join(cells))) == sorted(COLUMNS)


def test_every_block_of_the_page_is_run() -> None:
    """No command or query stands on the page that the tests above pass over."""
    assert PAGE.count("```console") == len(COMMANDS)
    assert PAGE.count("```sql") == len(QUERIES)
    assert all(command.startswith("jq") or "export" in command for command, _ in COMMANDS)
