"""The report for editors and grep: one line for each finding."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .cells import one_line

if TYPE_CHECKING:
    from . import FileFindings


def render(files: "Sequence[FileFindings]") -> str:
    """`path:line:column: severity[code] message`, nothing else."""
    return "".join(_lines(files))


def _lines(files: "Sequence[FileFindings]") -> Iterator[str]:
    for file in files:
        name = one_line(file.source.name)
        for finding in file.findings:
            line, column = file.source.position(finding.span.start)
            kind = f"{finding.severity.value}[{finding.code}]"
            yield f"{name}:{line}:{column}: {kind} {one_line(finding.message)}\n"
