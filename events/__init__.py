"""Facts and the log that keeps them: what happened, where, and proof that nothing is missing."""

from events.base import Event, known_events
from events.codec import encode_event
from events.effects import (
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
    Message,
)
from events.envelope import Entry, Envelope, Line, Unknown
from events.errors import (
    EventUnencodable,
    LogCorrupt,
    LogError,
    LogExists,
    LogForeign,
    LogLocked,
    LogMissing,
    LogUnwritable,
    LogWriteFailed,
)
from events.lifecycle import (
    FORMAT,
    AnswerSubmitted,
    Branch,
    Edit,
    LogSealed,
    Origin,
    Provenance,
    RunEnded,
    RunResumed,
    RunStarted,
    Settings,
)
from events.log import LOG_NAME, LogFile
from events.reader import LogReader
from events.upcast import upcaster
from events.work import (
    CodeReviewed,
    CodeWritten,
    Example,
    ExampleResult,
    PlanDrafted,
    PlanRevised,
    ProblemPosed,
)

__all__ = [
    "FORMAT",
    "LOG_NAME",
    "AnswerSubmitted",
    "Branch",
    "CodeReviewed",
    "CodeWritten",
    "Edit",
    "Entry",
    "Envelope",
    "Event",
    "EventUnencodable",
    "Example",
    "ExampleResult",
    "ExecutionCompleted",
    "ExecutionRequested",
    "GenerationCompleted",
    "GenerationRequested",
    "GradingCompleted",
    "GradingRequested",
    "Line",
    "LogCorrupt",
    "LogError",
    "LogExists",
    "LogFile",
    "LogForeign",
    "LogLocked",
    "LogMissing",
    "LogReader",
    "LogSealed",
    "LogUnwritable",
    "LogWriteFailed",
    "Message",
    "Origin",
    "PlanDrafted",
    "PlanRevised",
    "ProblemPosed",
    "Provenance",
    "RunEnded",
    "RunResumed",
    "RunStarted",
    "Settings",
    "Unknown",
    "encode_event",
    "known_events",
    "upcaster",
]
