"""A run in another format: what its log says, for the tools that read that format."""

from fractal_agent.export.base import ExportError, ExportExists, ExportUnwritable, ExtraMissing
from fractal_agent.export.exporting import FORMATS, Exported, export_run, stream_run

__all__ = [
    "FORMATS",
    "ExportError",
    "ExportExists",
    "ExportUnwritable",
    "Exported",
    "ExtraMissing",
    "export_run",
    "stream_run",
]
