"""The frame of a finding: the lines of the file that it is about, with marks below them.

The finding's place is marked with `^`, the places that explain it with `-` and a few words. A mark over
several lines is drawn on each of them; of more than four the middle ones are left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...grammar import Finding, Severity, Source, Span
from .cells import expand, one_line, window
from .colour import Paint, Style

LIMIT = 100  # columns of a line that are shown
BEFORE = 30  # columns in front of the mark, where a line has to be cut
CUT = "..."
MOST_LINES = 4  # of one mark


@dataclass(frozen=True, slots=True)
class Mark:
    """What to draw below one line: columns are characters of the line, from 0."""

    start: int
    end: int
    text: str
    main: bool


def frame(source: Source, finding: Finding, paint: Paint) -> tuple[int, list[str]]:
    """The width of the gutter, and the rows of the frame, from the first line of the file to the last mark."""
    rows = _marks(source, finding)
    gutter = len(str(max(rows)))
    out: list[str] = []
    notes: list[str] = []
    before = 0
    for number in sorted(rows):
        if before and number - before == 2:
            out.append(_code(source, before + 1, gutter, paint))
        elif before and number - before > 2:
            out.append(paint(CUT, "gutter"))
        out.extend(_line(source, number, rows[number], gutter, finding.severity, paint, notes))
        before = number
    return gutter, out + notes


def _marks(source: Source, finding: Finding) -> dict[int, list[Mark]]:
    rows: dict[int, list[Mark]] = {}
    for label in finding.labels:
        for number, mark in _pieces(source, label.span, one_line(label.text), main=False):
            rows.setdefault(number, []).append(mark)
    for number, mark in _pieces(source, finding.span, "", main=True):
        rows.setdefault(number, []).append(mark)
    return rows


def _pieces(source: Source, span: Span, text: str, *, main: bool) -> list[tuple[int, Mark]]:
    """A span line by line; its words stand at the last one."""
    first = source.position(span.start)
    last = source.position(max(span.start, span.end - 1))
    end = last.column if span.end > span.start else last.column - 1
    pieces: list[tuple[int, Mark]] = []
    for number in _some(first.line, last.line):
        line = source.line(number)
        low = first.column - 1 if number == first.line else len(line) - len(line.lstrip())
        high = min(end, len(line)) if number == last.line else len(line)
        if high > low or first.line == last.line:
            low = min(low, len(line))
            pieces.append((number, Mark(low, max(low, high), "", main)))
    if not pieces:  # line ends and blanks only
        column = min(first.column - 1, len(source.line(first.line)))
        pieces.append((first.line, Mark(column, column, "", main)))
    number, mark = pieces[-1]
    pieces[-1] = number, Mark(mark.start, mark.end, text, main)
    return pieces


def _some(first: int, last: int) -> Iterable[int]:
    if last - first < MOST_LINES:
        return range(first, last + 1)
    return (first, first + 1, last)


def _code(source: Source, number: int, gutter: int, paint: Paint) -> str:
    line = source.line(number)
    low, high = window(line, 0, 0, LIMIT, BEFORE)
    return _shown(line, low, high, number, gutter, paint)


def _shown(line: str, low: int, high: int, number: int, gutter: int, paint: Paint) -> str:
    text = (CUT if low else "") + expand(line[low:high])[0] + (CUT if high < len(line) else "")
    return (paint(f"{number:>{gutter}} |", "gutter") + f" {text}").rstrip()


def _line(
    source: Source,
    number: int,
    marks: list[Mark],
    gutter: int,
    severity: Severity,
    paint: Paint,
    notes: list[str],
) -> Iterator[str]:
    """One line of the file and the rows below it; words that have no room there go to the notes."""
    line = source.line(number)
    middle = next((mark for mark in marks if mark.main), marks[0])
    low, high = window(line, middle.start, max(mark.end for mark in marks), LIMIT, BEFORE)
    yield _shown(line, low, high, number, gutter, paint)
    columns = expand(line[low:high])[1]
    shift = len(CUT) if low else 0
    drawn: list[tuple[int, int, Mark]] = []
    for mark in marks:
        if mark is not middle and (mark.start > high or mark.end < low or mark.start == high < len(line)):
            notes.append(
                " " * gutter + " " + paint(f"= {number}:{mark.start + 1}:", "label") + f" {mark.text}"
            )
            continue
        start = columns[max(mark.start - low, 0)] + shift
        end = columns[min(mark.end, high) - low] + shift
        drawn.append((start, max(end, start + 1), mark))
    edge = " " * gutter + " " + paint("|", "gutter")
    for row in _rows(drawn, severity):
        yield f"{edge} {paint.row(row)}".rstrip()


Cells = list[tuple[str, Style | None]]


def _rows(drawn: list[tuple[int, int, Mark]], severity: Severity) -> Iterator[Cells]:
    """The underlines; then the words, the rightmost first, hung on the beginning of their mark."""
    row: Cells = []
    for start, end, mark in drawn:  # the finding's own mark is the last and covers the others
        for column in range(start, end):
            _put(row, column, "^" if mark.main else "-", severity if mark.main else "label")
    words = sorted(
        ((start, end, mark.text) for start, end, mark in drawn if mark.text), key=lambda word: word[:2]
    )
    if words and words[-1][1] == len(row):
        _write(row, len(row) + 1, words.pop()[2])
    yield row
    if words:
        yield _hooks(words)
    while words:
        start, _, text = words.pop()
        row = _hooks([word for word in words if word[0] < start])
        _write(row, start, text)
        yield row


def _hooks(words: list[tuple[int, int, str]]) -> Cells:
    row: Cells = []
    for start, _, _ in words:
        _put(row, start, "|", "label")
    return row


def _write(row: Cells, column: int, text: str) -> None:
    for at, char in enumerate(text):
        _put(row, column + at, char, "label")


def _put(row: Cells, column: int, char: str, style: Style) -> None:
    while len(row) <= column:
        row.append((" ", None))
    row[column] = (char, style)
