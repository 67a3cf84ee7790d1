"""Shows findings: with a frame of the file, one line each, or as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...grammar import DfsqlError, Finding, Source

__all__ = ["REPORT_FORMATS", "FileFindings", "UnknownReportFormatError", "report"]

REPORT_FORMATS = ("full", "concise", "json")


class UnknownReportFormatError(DfsqlError, ValueError):
    """A report format of that name does not exist."""


@dataclass(frozen=True)
class FileFindings:
    """A text that was checked, and what was found in it, in the order in which to show it."""

    source: Source
    findings: Sequence[Finding] = ()


def report(
    files: Sequence[FileFindings], *, format: str = "full", color: bool = False, summary: bool = True
) -> str:
    """The findings of some files as text, always ending in a line end where there is any.

    `files` are all files that were looked at: those without findings count in the summary. `color` adds
    ANSI colours to the format full. `summary=False` leaves out that format's last line.

    Raises `UnknownReportFormatError`.
    """
    if format == "full":
        from . import full

        return full.render(files, color=color, summary=summary)
    if format == "concise":
        from . import concise

        return concise.render(files)
    if format == "json":
        from . import document

        return document.render(files)
    known = ", ".join(REPORT_FORMATS)
    raise UnknownReportFormatError(f"there is no report format '{format}'; the formats are {known}")
