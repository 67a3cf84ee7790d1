"""The report for people: a heading, a frame of the file, what to do, and where to read more."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...grammar import Finding, Source
from .cells import one_line
from .colour import Paint
from .frame import frame
from .names import rule_name
from .summary import summarize

if TYPE_CHECKING:
    from . import FileFindings


LONGEST_NAME = 60  # of a workflow: a label may be any text


def render(files: "Sequence[FileFindings]", *, color: bool = False, summary: bool = True) -> str:
    """Every finding with its frame, a blank line between two, and the counts at the end."""
    paint = Paint(color)
    blocks = [
        "\n".join(_finding(file.source, finding, paint)) + "\n" for file in files for finding in file.findings
    ]
    if summary:
        blocks.append(paint(str(summarize(files)), "strong") + "\n")
    return "\n".join(blocks)


def _finding(source: Source, finding: Finding, paint: Paint) -> Iterator[str]:
    yield _heading(finding, paint)
    gutter = 1
    rows: list[str] = []
    if source.text.strip():
        gutter, rows = frame(source, finding, paint)
    pad = " " * gutter
    line, column = source.position(finding.span.start)
    yield f"{pad}{paint('-->', 'gutter')} {one_line(source.name)}:{line}:{column}{_owner(finding)}"
    edge = f"{pad} {paint('|', 'gutter')}"
    if rows:
        yield edge
        yield from rows
        yield edge
    if finding.help:
        yield f"{pad} {paint('= help:', 'label')} {one_line(finding.help)}"
    yield f"{pad} {paint('= more:', 'label')} dfsql rule {finding.code}"


def _heading(finding: Finding, paint: Paint) -> str:
    name = rule_name(finding.code)
    kind = paint(f"{finding.severity.value}[{finding.code}]", finding.severity)
    title = f"{kind} {name}" if name else kind
    return f"{title}: {paint(one_line(finding.message), 'strong')}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."


def _owner(finding: Finding) -> str:
    parts = []
    if finding.workflow:
        parts.append(f"workflow {_short(one_line(finding.workflow))}")
    if finding.node:
        parts.append(f"step {finding.node}")
    return f" ({', '.join(parts)})" if parts else ""
