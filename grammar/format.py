"""`format_text`: lays out the workflows of a file and leaves everything else as it is."""

import re
from dataclasses import dataclass

from .errors import DfsqlError
from .findings import Finding, Severity
from .fragment import Fragment
from .layout_atoms import Lines, columns, indent_of, last_line, read_atoms
from .layout_tree import Layout, Structure
from .printer import Printer
from .reader import parse
from .script import Script
from .tree import Expr

_BLANKS = " \t\f\v"
_LINE_END = re.compile(r"\r\n|\n|\r")
# More than two empty lines.
_WIDE = re.compile(rf"[{_BLANKS}]*(?:(?:\r\n|\n|\r)[{_BLANKS}]*){{4,}}")


class FormatError(DfsqlError):
    """The text has syntax errors, so it is not formatted; `findings` holds them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        count = len(findings)
        super().__init__(f"not formatted: {count} syntax error{'s' if count > 1 else ''}")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class _Target:
    """A workflow to lay out: `root` in its fragment, which begins at `origin` in the file."""

    start: int
    end: int
    root: Expr
    fragment: Fragment
    origin: int


def format_text(text: str, *, width: int = 88) -> str:
    """The text with its workflows laid out, one step per line, lines up to `width` columns where that is possible.

    Everything else stays as it is, but for the line end of the last line and more than two empty lines between bare
    expressions. Comments are kept, literals are never changed, and the result means what the text means.
    Raises FormatError when the text has syntax errors.
    """
    script = parse(text)
    errors = tuple(finding for finding in script.findings if finding.severity is Severity.ERROR)
    if errors:
        raise FormatError(errors)
    targets = _targets(script)
    if not targets:
        return text
    found = _LINE_END.search(text)
    page = _Page(script, "\r\n" if found and found[0] == "\r\n" else "\n", width)
    for target in targets:
        page.lay_out(target)
    return page.finish()


def _targets(script: Script) -> list[_Target]:
    """The outermost workflows of the file and of dollar-quoted bodies, in order."""
    found: list[_Target] = []
    for workflow in script.workflows:
        fragment = script.regions[workflow.region].fragment
        origin = _origin(fragment)
        if origin is not None:
            root = workflow.call or workflow.expr
            found.append(_Target(origin + root.start, origin + root.end, root, fragment, origin))
    found.sort(key=lambda target: (target.start, -target.end))
    outermost: list[_Target] = []
    for target in found:
        if not outermost or target.start >= outermost[-1].end:
            outermost.append(target)
    return outermost


def _origin(fragment: Fragment) -> int | None:
    """Where a fragment begins in the file; None when quotes in it are doubled or may have to be."""
    at: Fragment | None = fragment
    while at is not None and at.map is not None:
        start = at.map.offset(0)
        if at.parent is None or at.parent.text[start - 1] != "$":
            return None
        at = at.parent
    return fragment.locate(0, 0).start


class _Page:
    """The file as it is written again, from left to right."""

    def __init__(self, script: Script, newline: str, width: int) -> None:
        self.script = script
        self.text = script.source.text
        self.lines = Lines(self.text, script.source.line_starts)
        self.newline = newline
        self.width = width
        self.at = 0  # how much of the text has been taken over
        self.out: list[str] = []
        self.base = ""  # white space in front of the line being written
        self.blank = True  # whether there is nothing else on it
        self.column = 0
        bare = all(statement.bare for statement in script.statements)
        self.ends = iter([statement.end for statement in script.statements] if bare else [])
        self.end = next(self.ends, None)  # of the next bare expression

    def lay_out(self, target: _Target) -> None:
        """Write the text up to the target, and the target's layout."""
        self._take_over(target.start)
        structure = Structure(target.root)
        atoms = read_atoms(target.fragment.text, target.root, structure.wrapped)
        if atoms is None:
            return
        structure.glue(atoms)
        printer = Printer(atoms, self.base, self.column, self.newline, self.lines, target.origin)
        Layout(structure, atoms, printer, self.width).run(self.blank)
        self._write(printer.text())
        self.at = target.end

    def finish(self) -> str:
        """Write the rest; the whole text."""
        self._take_over(len(self.text))
        whole = "".join(self.out)
        if self.script.statements[-1].keyword == "copy":
            return whole
        return whole.rstrip(_BLANKS + "\r\n") + self.newline

    def _take_over(self, stop: int) -> None:
        while self.end is not None and self.end < stop:
            end = max(self.end, self.at)
            self.end = next(self.ends, None)
            wide = _WIDE.match(self.text, end)
            if wide:
                self._write(self.text[self.at : end] + self.newline * 3)
                self.at = wide.end() - len(last_line(wide[0]) or "")
        self._write(self.text[self.at : stop])
        self.at = stop

    def _write(self, piece: str) -> None:
        self.out.append(piece)
        tail = last_line(piece)
        if tail is None:
            tail = piece
        else:
            self.base, self.blank, self.column = "", True, 0
        if self.blank:
            indent = indent_of(tail)
            self.base += indent
            self.blank = len(indent) == len(tail)
        self.column += columns(tail)
