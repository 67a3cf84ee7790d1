"""Counts findings, for people and for machines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...grammar import Severity

if TYPE_CHECKING:
    from . import FileFindings


@dataclass(frozen=True)
class Summary:
    """How many findings of each severity, in how many of the files that were looked at."""

    files: int
    files_with_findings: int
    errors: int
    warnings: int
    infos: int

    def __str__(self) -> str:
        counts = ((self.errors, "error"), (self.warnings, "warning"), (self.infos, "info"))
        found = ", ".join(_count(number, word) for number, word in counts if number)
        if not found:
            return f"no findings in {_count(self.files, 'file')}"
        checked = "" if self.files == self.files_with_findings else f" ({self.files} checked)"
        return f"{found} in {_count(self.files_with_findings, 'file')}{checked}"


def summarize(files: "Sequence[FileFindings]") -> Summary:
    """The counts over some files."""
    counts = Counter(finding.severity for file in files for finding in file.findings)
    return Summary(
        files=len(files),
        files_with_findings=sum(1 for file in files if file.findings),
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        infos=counts[Severity.INFO],
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
