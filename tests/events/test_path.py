"""Paths: the key of every record, so their form is stored for ever."""

import pytest

from events.path import case_of, child, is_within, nth


def test_a_child_is_joined_by_a_slash() -> None:
    """A place inside another is its path, a slash, and its name."""
    assert child("HumanEval/12", "draft-2") == "HumanEval/12/draft-2"


def test_a_child_of_the_run_has_no_slash() -> None:
    """At the top there is nothing to join."""
    assert child("", "HumanEval/12") == "HumanEval/12"


def test_an_ordinal_follows_a_dot() -> None:
    """The path of an effect or a role ends in its name, a dot, and its count from 0."""
    assert nth("HumanEval/12/coder.0", "generate", 3) == "HumanEval/12/coder.0/generate.3"


@pytest.mark.parametrize(
    ("path", "within"),
    [
        ("HumanEval/1", True),
        ("HumanEval/1/coder.0", True),
        ("HumanEval/12", False),
        ("HumanEval/12/coder.0", False),
        ("HumanEval", False),
        ("", False),
    ],
)
def test_a_path_lies_within_whole_names_only(path: str, within: bool) -> None:
    """A path lies within itself and what it begins with up to a slash, never within a part of a name."""
    assert is_within(path, "HumanEval/1") is within


@pytest.mark.parametrize(
    ("path", "case"),
    [
        ("HumanEval/12/coder.0/generate.0", "HumanEval/12"),
        ("HumanEval/12", "HumanEval/12"),
        ("HumanEval/1/coder.0", "HumanEval/1"),
        ("a/b/c", "a/b"),
        ("a/x", "a"),
        ("HumanEval/3/coder.0", ""),
        ("", ""),
    ],
)
def test_case_of(path: str, case: str) -> None:
    """A path lies in the longest case that it begins with, part by part, or in none."""
    assert case_of(path, ["HumanEval/1", "HumanEval/12", "a", "a/b"]) == case
