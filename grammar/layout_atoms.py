"""Atoms: the tokens of a workflow and the parentheses added to it, with what stands between them."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from .lexer import Tokens, statement_tokens
from .tree import Expr

_BLANKS = " \t\f\v"
_LINE_END = re.compile(r"\r\n|\n|\r")
_INDENT = re.compile(rf"[{_BLANKS}]*")
_TAB = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between two tokens: comments by line, of which the first and the last may be shared with a token.

    `roomy[n]` tells whether an empty line stands in front of `lines[n]`. `landing` is where the last line begins.
    """

    lines: tuple[tuple[str, ...], ...] = ((),)
    roomy: tuple[bool, ...] = (False,)
    space: bool = False
    landing: int = 0

    @property
    def broken(self) -> bool:
        """Whether the author broke the line here."""
        return len(self.lines) > 1

    @property
    def comments(self) -> tuple[str, ...]:
        """The comments in order."""
        return tuple(comment for line in self.lines for comment in line)

    @property
    def hard(self) -> bool:
        """Whether its comments do not fit between two tokens on one line."""
        if len(self.lines) == 1 and not self.lines[0]:
            return False
        return any(self.lines[1:-1]) or any(
            comment.startswith("--") or _LINE_END.search(comment) for comment in self.comments
        )

    def joined(self, other: "Gap") -> "Gap":
        """This gap and the one after it as one."""
        shared = self.lines[-1] + other.lines[0]
        landing = other.landing if other.broken else self.landing
        if self.broken and other.broken and not shared:
            return Gap(self.lines[:-1] + other.lines[1:], self.roomy[:-1] + other.roomy[1:], True, landing)
        return Gap((*self.lines[:-1], shared, *other.lines[1:]), self.roomy + other.roomy[1:], True, landing)


NOTHING = Gap()
BLANK = Gap(space=True)


@dataclass(slots=True)
class Atoms:
    """Parallel lists: `gaps[i]` stands in front of `texts[i]`; `glue[i]` is what replaces its white space, if known."""

    texts: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    starts: list[int] = field(
        default_factory=list
    )  # offset in the fragment; of the token, for an added parenthesis
    glue: list[str | None] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    at: dict[int, int] = field(default_factory=dict)  # offset where a token starts -> atom
    ending: dict[int, int] = field(default_factory=dict)  # offset where a token ends -> atom
    closed: dict[int, int] = field(default_factory=dict)  # end of a node in added parentheses -> its start

    def first(self, node: Expr) -> int:
        """The first atom at the start of a node, the parentheses added there included."""
        index = self.at[node.start]
        while index and self.starts[index - 1] == node.start:
            index -= 1
        return index

    def last(self, node: Expr) -> int:
        """The last atom of a node, with the parentheses added inside of it or around it."""
        index = self.ending[node.end]
        return index + 1 if self.closed.get(node.end, -1) >= node.start else index

    def hand_on_comments(self, comma: int) -> None:
        """A comma does not begin a line: comments in front of it that end the line go behind it."""
        gap = self.gaps[comma]
        if gap.hard:
            self.gaps[comma], self.gaps[comma + 1] = NOTHING, gap.joined(self.gaps[comma + 1])

    def between(self, index: int) -> str:
        """What stands in front of an atom when nothing is broken."""
        gap, glue = self.gaps[index], self.glue[index]
        if gap is NOTHING or gap is BLANK or not any(gap.lines):
            return glue if glue is not None else " " if gap.space else ""
        before = "" if self.texts[index - 1] == "(" else " "
        after = "" if self.texts[index] in (")", ",") else " "
        return before + " ".join(gap.comments) + after

    def hard(self, index: int) -> bool:
        """Whether an atom or the gap in front of it cannot be written on one line."""
        gap = self.gaps[index]
        if gap.hard or (self.glue[index] is None and gap.broken):
            return True
        return "\n" in self.texts[index] or "\r" in self.texts[index]


@dataclass(slots=True)
class Measures:
    """Running sums over atoms, so that any stretch is measured at once."""

    width: list[int]
    hard: list[int]
    steps: list[int]

    @classmethod
    def of(cls, atoms: Atoms) -> "Measures":
        """The sums over all atoms of a workflow."""
        sums = cls([0], [0], list(accumulate(atoms.steps, initial=0)))
        width = hard = 0
        for index, text in enumerate(atoms.texts):
            gap = atoms.gaps[index]
            glue = atoms.glue[index]
            if glue is not None and (gap is NOTHING or gap is BLANK):  # nearly always
                width += len(glue) + len(text)
                hard += "\n" in text or "\r" in text
            else:
                width += len(atoms.between(index)) + len(text)
                hard += atoms.hard(index)
            sums.width.append(width)
            sums.hard.append(hard)
        return sums


class Lines:
    """How far the lines of the file are indented."""

    def __init__(self, text: str, starts: tuple[int, ...]) -> None:
        self.text = text
        self.starts = starts

    def indent(self, offset: int) -> int:
        """Columns of white space before the first word of the line that holds `offset`."""
        start = self.starts[bisect_right(self.starts, offset) - 1]
        found = _INDENT.match(self.text, start, offset)
        return columns(found[0]) if found else 0


def indent_of(line: str) -> str:
    """The white space at the beginning of a line."""
    return line[: len(line) - len(line.lstrip(_BLANKS))]


def columns(text: str) -> int:
    """How many columns a text takes that has no line end."""
    return len(text.expandtabs(_TAB)) if "\t" in text else len(text)


def last_line(text: str) -> str | None:
    """What follows the last line end of a text; None if it has none."""
    if "\n" not in text and "\r" not in text:
        return None
    return text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]


def read_atoms(text: str, root: Expr, wrapped: dict[int, Expr]) -> Atoms | None:
    """The atoms of a node; None when something stands between its tokens that is neither blank nor comment."""
    tokens = statement_tokens(text, root.start, root.end)
    opening: dict[int, int] = {}
    atoms = Atoms()
    for node in wrapped.values():
        opening[node.start] = opening.get(node.start, 0) + 1
        atoms.closed[node.end] = node.start
    comment = 0
    end = root.start
    for start, stop in zip(tokens.starts, tokens.ends, strict=True):
        gap = NOTHING
        if start > end:
            first = comment
            while comment < len(tokens.comments) and tokens.comments[comment][0] < start:
                comment += 1
            found = _read_gap(tokens, end, start, tokens.comments[first:comment])
            if found is None:
                return None
            gap = found
        for _ in range(opening.get(start, 0)):
            _append(atoms, "(", gap, start)
            gap = NOTHING
        atoms.at[start] = _append(atoms, text[start:stop], gap, start)
        atoms.ending[stop] = atoms.at[start]
        if stop in atoms.closed:
            _append(atoms, ")", NOTHING, stop)
        end = stop
    atoms.glue = [None] * len(atoms.texts)
    atoms.steps = [0] * len(atoms.texts)
    return atoms


def _append(atoms: Atoms, text: str, gap: Gap, start: int) -> int:
    atoms.texts.append(text)
    atoms.gaps.append(gap)
    atoms.starts.append(start)
    return len(atoms.texts) - 1


def _read_gap(tokens: Tokens, start: int, end: int, comments: list[tuple[int, int]]) -> Gap | None:
    text = tokens.text
    if not comments and text.count(" ", start, end) == end - start:
        return BLANK
    lines: list[list[str]] = [[]]
    roomy = [False]
    landing = 0
    at = start
    for first, stop in [*comments, (end, end)]:
        space = text[at:first]
        if space.strip(_BLANKS + "\r\n"):
            return None
        breaks = list(_LINE_END.finditer(space))
        if breaks:
            lines.append([])
            roomy.append(len(breaks) > 1)
            landing = first
        if stop > first:
            comment = text[first:stop]
            lines[-1].append(comment.rstrip(_BLANKS) if comment.startswith("--") else comment)
        at = stop
    return Gap(tuple(map(tuple, lines)), tuple(roomy), True, landing)
