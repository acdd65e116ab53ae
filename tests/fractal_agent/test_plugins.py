"""What plug-ins do wrong: an installed one is then left out, and one that is named is an error."""

import json
import re
from pathlib import Path

import pytest

from fractal_agent.catalog import PluginFailed, load_catalog
from fractal_agent.exits import Exit
from tests.fractal_agent.installed import ROLES, install, ours

BROKEN = {
    "raises": ("import agents\n\nx = undefined_name\n", r"line 3: NameError: name 'undefined_name' is not"),
    "exits": ("import sys\nsys.exit('no')\n", r"line 2: SystemExit: no"),
    "imports_what_is_missing": (
        "import not_there\n",
        r"line 1: ModuleNotFoundError: No module named 'not_there'",
    ),
    "has_bad_syntax": ("def f(:\n    pass\n", r"line 1: SyntaxError: invalid syntax"),
    "has_a_bad_role": (
        "from agents import role\n\n\n@role\ndef slow(a, b): ...\n",
        r"line \d: RoleError: role slow",
    ),
    "takes_our_name": (ROLES.replace("def noter", "def critic"), r"there is a built-in role 'critic'"),
    "has_our_event": (
        "from events import Event\nclass CodeWritten(Event): ...\n",
        r"line 2: TypeError: .*defines an event CodeWritten, and so does events\.work",
    ),
    "has_our_tag": (
        'from events import Event\nclass Own(Event, frozen=True, tag="CodeWritten"): ...\n',
        r"event Own has the tag 'CodeWritten', and so has events\.work\.CodeWritten",
    ),
    "has_an_event_without_types": (
        'from events import Event\nclass Own(Event, frozen=True):\n    x: "Missing"\n',
        r"event Own cannot be read back: NameError: name 'Missing' is not defined",
    ),
    "raises_no_exception": ("raise GeneratorExit\n", r"line 1: GeneratorExit"),
    "pretends_an_interrupt": ("raise KeyboardInterrupt\n", r"line 1: KeyboardInterrupt"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_installed_plugin_is_left_out(tmp_path: Path, kind: str) -> None:
    """An installed plug-in that fails is one warning with its distribution and place; the rest works."""
    source, told = BROKEN[kind]
    install(tmp_path, source, name="bad")

    printed = ours("roles", "--json", site=tmp_path)

    assert printed.returncode == Exit.DONE
    assert {"planner", "coder"} <= {row["name"] for row in json.loads(printed.stdout)}
    assert re.search(r"warning: plug-in bad 1\.2 \(entry point roles\)", printed.stderr)
    assert re.search(told, printed.stderr)
    assert printed.stderr.count("warning:") == 1
    assert "Traceback" not in printed.stderr


@pytest.mark.parametrize("kind", [kind for kind in BROKEN if kind != "takes_our_name"])
def test_broken_named_plugin_is_an_error(tmp_path: Path, kind: str) -> None:
    """A file that --plugin names and that fails is a usage error with the line."""
    source, told = BROKEN[kind]
    (tmp_path / "mine.py").write_text(source)

    printed = ours("roles", "--plugin", tmp_path / "mine.py", site=tmp_path)

    assert printed.returncode == Exit.USAGE
    assert re.search(rf"error: plug-in .*mine\.py(, |, line \d: ){told}", printed.stderr)
    assert "Traceback" not in printed.stderr


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("nowhere.roles", "ModuleNotFoundError: No module named 'nowhere'"),
        ("bad.roles:absent", "AttributeError: module 'bad.roles' has no attribute 'absent'"),
        (
            "bad.roles:ROLES",
            r"TypeError: bad\.roles:ROLES is a int; expected a module, a role or an architecture",
        ),
        ("not a name", "names no module"),
        ("bad.roles:", "^$"),
        ("", ""),
    ],
)
def test_entry_point_that_names_nothing(tmp_path: Path, value: str, told: str) -> None:
    """An entry point whose module or attribute is missing, or is something else, is a warning."""
    install(tmp_path, "ROLES = 3\n", name="bad", value=value)

    printed = ours("architectures", "--json", site=tmp_path)

    assert printed.returncode == Exit.DONE
    assert json.loads(printed.stdout)
    assert re.search(told, printed.stderr)
    assert "Traceback" not in printed.stderr


def test_entry_point_of_one_role(tmp_path: Path) -> None:
    """An entry point may name a role or an architecture in a module."""
    install(tmp_path, value="my_roles.roles:noting")

    printed = ours("architectures", "--json", site=tmp_path)

    assert "noting" in [row["name"] for row in json.loads(printed.stdout)]
    assert printed.stderr == ""


def test_unreadable_list_of_entry_points(tmp_path: Path) -> None:
    """A package whose entry_points.txt is malformed is a warning, and the others are loaded."""
    install(tmp_path)
    install(tmp_path, name="bad")
    (tmp_path / "bad-1.2.dist-info" / "entry_points.txt").write_text("[fractal_agent.plugins]\nroles\n")

    printed = ours("roles", "--json", site=tmp_path)

    assert "noter" in [row["name"] for row in json.loads(printed.stdout)]
    assert "plug-in bad 1.2: its entry_points.txt cannot be read" in printed.stderr


def test_package_without_metadata(tmp_path: Path) -> None:
    """A package that does not say its name and version is loaded."""
    install(tmp_path)
    (tmp_path / "my_roles-1.2.dist-info" / "METADATA").unlink()

    printed = ours("roles", "--json", site=tmp_path)

    assert "noter" in [row["name"] for row in json.loads(printed.stdout)]


def test_what_a_plugin_prints(tmp_path: Path) -> None:
    """What a plug-in prints on import goes to stderr, so that --json stays one document."""
    install(tmp_path, f"print('hello')\n{ROLES}")

    printed = ours("roles", "--json", site=tmp_path)

    assert "noter" in [row["name"] for row in json.loads(printed.stdout)]
    assert printed.stderr == "hello\n"


def test_broken_plugin_beside_a_good_one(tmp_path: Path) -> None:
    """What a broken plug-in declared before it failed is in nobody's way."""
    install(tmp_path, f"{ROLES}\n1 / 0\n", name="a_bad")
    install(tmp_path)

    printed = ours("roles", "--json", site=tmp_path)

    assert "noter" in [row["name"] for row in json.loads(printed.stdout)]
    assert printed.stderr.count("warning:") == 1


def test_two_plugins_of_one_name(tmp_path: Path) -> None:
    """Of two installed plug-ins that bring the same role, the second is left out, and both are named."""
    install(tmp_path)
    renamed = ROLES.replace("Noted", "Written").replace("noting", "writing").replace("typist", "writer")
    install(tmp_path, renamed, name="other", point="more")

    printed = ours("roles", "--json", site=tmp_path)

    assert printed.returncode == Exit.DONE
    assert "brings a role 'noter' too" in printed.stderr
    assert re.search(r"my_roles 1\.2 .*other 1\.2|other 1\.2 .*my_roles 1\.2", printed.stderr)


def test_installed_plugins_switched_off(tmp_path: Path) -> None:
    """FRACTAL_AGENT_PLUGINS=off leaves out what is installed, whether it is broken or not."""
    install(tmp_path)
    install(tmp_path, "1 / 0\n", name="bad", point="more")

    printed = ours("roles", "--json", site=tmp_path, FRACTAL_AGENT_PLUGINS="off")

    assert "noter" not in [row["name"] for row in json.loads(printed.stdout)]
    assert printed.stderr == ""


def test_name_that_a_broken_plugin_would_bring(tmp_path: Path) -> None:
    """Only an unknown name says that a plug-in which does not load may bring it."""
    install(tmp_path, f"{ROLES}\n1 / 0\n")

    printed = ours("solve", "--architecture", "noting", "--limit", "1", site=tmp_path)

    assert printed.returncode == Exit.USAGE
    assert "unknown architecture 'noting'" in printed.stderr
    assert "A plug-in that does not load may bring it: plug-in my_roles 1.2" in printed.stderr


def test_place_in_a_plugin_is_its_own(tmp_path: Path) -> None:
    """An error that rises in a library is told at the line of the plug-in that called it, with its text."""
    (tmp_path / "mine.py").write_text("import json\n\nFOUND = json.loads('{')\n")

    with pytest.raises(
        PluginFailed, match=r"mine\.py, line 3: JSONDecodeError: .*\n    FOUND = json"
    ) as caught:
        load_catalog([str(tmp_path / "mine.py")])
    assert "decoder.py" not in str(caught.value)


def test_file_that_is_named_without_its_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is not there, beside a file of that name, is told as the file that it is."""
    (tmp_path / "mine.py").write_text("")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(PluginFailed, match=r"the file is \./mine\.py"):
        load_catalog(["./mine"])


def test_one_string_is_no_list_of_plugins() -> None:
    """`load_catalog("mine.py")` is an error that says what is expected."""
    with pytest.raises(TypeError, match=r"the string 'mine\.py'; expected a sequence of files or modules"):
        load_catalog("mine.py")


def test_two_files_with_one_event(tmp_path: Path) -> None:
    """Two files that declare an event of one name are named by their paths."""
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(ROLES.replace("Noted", "NotedTwice"))

    one, two = (str(tmp_path / name) for name in ("one.py", "two.py"))
    with pytest.raises(PluginFailed, match=f"{two} defines an event NotedTwice, and so does {one}") as caught:
        load_catalog([one, two])
    assert "fractal_agent_plugin" not in str(caught.value)


def test_plugin_is_loaded_once(tmp_path: Path) -> None:
    """A file that has not changed is the same module again, so that its events equal those of before."""
    (tmp_path / "mine.py").write_text(ROLES.replace("Noted", "NotedOnce"))

    one, other = (load_catalog([str(tmp_path / "mine.py")]).role("noter") for _ in range(2))

    assert one is other


def test_named_plugin_comes_before_an_installed_one(tmp_path: Path) -> None:
    """A file that --plugin names is used where an installed package brings the same, which is left out."""
    install(tmp_path)
    (tmp_path / "mine.py").write_text(ROLES.replace("Notes what", "Mine: notes what"))

    printed = ours("roles", "--json", "--plugin", tmp_path / "mine.py", site=tmp_path)

    assert printed.returncode == Exit.DONE
    assert "Mine: notes what the engine says." in [row["purpose"] for row in json.loads(printed.stdout)]
    assert f"defines an event Noted, and so does {tmp_path / 'mine.py'}" in printed.stderr
    assert printed.stderr.count("warning:") == 1


def test_setting_that_is_misread(tmp_path: Path) -> None:
    """FRACTAL_AGENT_PLUGINS that holds anything but `off` is told of, and changes nothing."""
    install(tmp_path)

    printed = ours("roles", "--json", site=tmp_path, FRACTAL_AGENT_PLUGINS="mine.py")

    assert "noter" in [row["name"] for row in json.loads(printed.stdout)]
    assert "FRACTAL_AGENT_PLUGINS is 'mine.py'; expected off" in printed.stderr
