"""A line's place: the case, the task and the role that its path means."""

import msgspec
import pytest

from events import Branch, Origin
from events.fakes import header
from fractal_agent.export.base import Place, place_of, tasks_of

TASKS = {"T/0": "T/0", "T": "T", "sample-1/T/0": "T/0"}


@pytest.mark.parametrize(
    ("path", "is_effect", "case_id", "role_path", "role"),
    [
        ("", False, "", "", ""),
        ("T/0", False, "T/0", "", ""),
        ("T/1", False, "T", "", ""),
        ("T/0/answer", False, "T/0", "", ""),
        ("T/0/grade.0", True, "T/0", "", ""),
        ("T/0/coder.1", False, "T/0", "T/0/coder.1", "coder"),
        ("T/0/coder.1/given", False, "T/0", "T/0/coder.1", "coder"),
        ("T/0/coder.1/generate.2", True, "T/0", "T/0/coder.1", "coder"),
        ("T/0/draft-2/coder.0", False, "T/0", "T/0/draft-2/coder.0", "coder"),
        ("sample-1/T/0/coder.0/generate.0", True, "sample-1/T/0", "sample-1/T/0/coder.0", "coder"),
        ("elsewhere/coder.0", False, "", "", ""),
    ],
)
def test_place(path: str, is_effect: bool, case_id: str, role_path: str, role: str) -> None:
    """The longest case in front of a path is its case, and the role is what stands before the effect."""
    place = place_of(path, is_effect, TASKS)

    assert place == Place(case_id=case_id, task_id=TASKS.get(case_id, ""), role_path=role_path, role=role)


def test_case_whose_id_looks_like_a_role() -> None:
    """A case that is named like a role's path is no role."""
    assert place_of("suite/x.1", False, {"suite/x.1": "suite/x.1"}).role == ""


def test_tasks_of_a_run() -> None:
    """Each case of a run that was not forked is about itself."""
    assert tasks_of(header()) == {"T/0": "T/0"}


def test_tasks_of_a_fork() -> None:
    """Each branch of a fork has every task once, and the paths are the header's."""
    origin = Origin(run_id="p", log="", head="", branches=(Branch(name="sample-0"), Branch(name="sample-1")))
    started = msgspec.structs.replace(header(), origin=origin)

    assert tasks_of(started) == {"sample-0/T/0": "T/0", "sample-1/T/0": "T/0"}
    assert tuple(tasks_of(started)) == started.cases
