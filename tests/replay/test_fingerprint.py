"""Telling whether code changed."""

from replay.fingerprint import changed, fingerprint


def test_trailing_blanks_do_not_count() -> None:
    """Source that differs in trailing blanks has the same fingerprint."""
    assert fingerprint("a = 1  \n\n") == fingerprint("a = 1\n")


def test_one_word_counts() -> None:
    """Source that differs in a word has another fingerprint."""
    assert fingerprint('PROMPT = "Write"') != fingerprint('PROMPT = "Draft"')


def test_changed_names_what_differs_or_is_gone() -> None:
    """A role that changed or vanished is named; a new one is not."""
    assert changed({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x", "d": "4"}) == ["b", "c"]
