"""Where the operators' log goes, and in which form."""

import json
import logging

import pytest

from fractal_agent.logs import ROOT, Level, LogStyle, logging_to, operator_log


def test_for_a_person() -> None:
    """A line has its level, its event and what was bound to the logger."""
    lines: list[str] = []
    with logging_to(lines.append, LogStyle(level=Level.INFO)):
        operator_log("run").bind(run="one").info("engine started", seconds=3)

    [line] = lines
    assert "[info" in line
    assert "engine started" in line
    assert "run=one seconds=3" in line


def test_as_json() -> None:
    """As JSON a line is one object, also with a line break in a value."""
    lines: list[str] = []
    with logging_to(lines.append, LogStyle(level=Level.INFO, as_json=True)):
        operator_log("run").info("engine started", note="a\nb")

    document = json.loads(lines[0])
    assert (document["event"], document["note"], document["logger"]) == (
        "engine started",
        "a\nb",
        "fractal_agent.run",
    )


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (Level.WARNING, ["warning"]),
        (Level.INFO, ["info", "warning"]),
        (Level.DEBUG, ["debug", "info", "warning"]),
    ],
)
def test_level(level: Level, told: list[str]) -> None:
    """Lines below the level are not written."""
    lines: list[str] = []
    with logging_to(lines.append, LogStyle(level=level, as_json=True)):
        log = operator_log("run")
        log.debug("x")
        log.info("x")
        log.warning("x")

    assert [json.loads(line)["level"] for line in lines] == told


def test_retries_of_the_client() -> None:
    """That the client of a server asks again is told too; its chatter below that is not."""
    lines: list[str] = []
    with logging_to(lines.append, LogStyle(level=Level.INFO)):
        logging.getLogger("openai._base_client").info("Retrying request to %s", "/chat/completions")
        logging.getLogger("openai._base_client").debug("Request options")

    [line] = lines
    assert "Retrying request to /chat/completions" in line


def test_after_the_block() -> None:
    """After the block everything is as it was, so that a program's own logging is left alone."""
    logger = logging.getLogger(ROOT)
    before = (logger.level, logger.propagate, list(logger.handlers))

    with logging_to(print, LogStyle(level=Level.DEBUG)):
        pass

    assert (logger.level, logger.propagate, list(logger.handlers)) == before
