"""The operators' log: what a run is doing and with which settings, as lines for a person or as JSON.

It is not the event log and nothing reads it back. Modules write to it through `operator_log`; unless the
command line (or a program that uses this package) says where lines go, only warnings are seen.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum

import msgspec
import structlog
from structlog.typing import Processor

ROOT = "fractal_agent"

OTHERS = ("openai",)
"""Loggers of libraries that have something to say to operators: that a request is tried again."""


class Level(IntEnum):
    """How much is told; the values are those of the standard library."""

    WARNING = logging.WARNING
    INFO = logging.INFO
    DEBUG = logging.DEBUG


class LogStyle(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for with `-v` and `--log-json`."""

    level: Level = Level.WARNING
    as_json: bool = False


def operator_log(name: str) -> structlog.stdlib.BoundLogger:
    """A logger named `fractal_agent.<name>`; its lines carry whatever keywords they are given."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(f"{ROOT}.{name}"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
    )
    return logger


@contextmanager
def logging_to(write: Callable[[str], None], style: LogStyle) -> Iterator[None]:
    """Inside the block each line of the operators' log goes to `write`, without its newline."""
    handler = _Lines(write)
    handler.setFormatter(_formatter(style.as_json))
    with ExitStack() as stack:
        for name in (ROOT, *OTHERS):
            stack.enter_context(_handled_by(handler, logging.getLogger(name), style.level))
        yield


@contextmanager
def _handled_by(handler: logging.Handler, logger: logging.Logger, level: Level) -> Iterator[None]:
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _formatter(as_json: bool) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
        ],
        processors=_processors(as_json),
    )


def _processors(as_json: bool) -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [drop, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [drop, structlog.dev.ConsoleRenderer(colors=False)]


class _Lines(logging.Handler):
    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(self.format(record))
