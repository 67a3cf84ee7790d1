"""Finds the regions of a statement: the smallest expressions that hold a DSL operator or a `df.` call.

Only regions are parsed; everything around them stays opaque.
"""

import re
from collections.abc import Callable

from .anchors import Anchors
from .brackets import Brackets
from .lexer import Tokens
from .terminals import SEPARATORS

# A cheap look before the tokens are examined.
_HINT = re.compile(r"[~?&|@]|!\s*>|\bdf\b", re.I)


def may_hold_workflow(text: str, start: int, end: int) -> bool:
    """False when no part of text[start:end] can be a region."""
    return _HINT.search(text, start, end) is not None


class RegionFinder:
    """Finds the regions of one statement."""

    def __init__(self, tokens: Tokens, brackets: Brackets, unqualified: frozenset[str] = frozenset()) -> None:
        self.tokens = tokens
        self.brackets = brackets
        self.anchors = Anchors(tokens, brackets, unqualified)

    def find(self, low: int, high: int) -> list[tuple[int, int]]:
        """Token ranges (start, end) of the regions between two token indexes, outermost, in order."""
        if not self.anchors.strong:
            return []
        regions: list[tuple[int, int]] = []
        work = [(low, high)]
        while work:
            for start, end in _segments(self.tokens, self.brackets, self.anchors, *work.pop()):
                if self.anchors.direct(start, end):
                    regions.append((start, end))
                else:
                    work.extend(reversed(_groups(self.tokens, self.brackets, start, end)))
        return sorted(regions)


def _segments(
    tokens: Tokens, brackets: Brackets, anchors: Anchors, low: int, high: int
) -> list[tuple[int, int]]:
    """The range cut at commas, semicolons, assignments and clause words outside of brackets."""
    segments: list[tuple[int, int]] = []
    start = at = _assignment(tokens, low, high) if low == 0 else low
    kinds, match = tokens.kinds, brackets.match
    targets = False  # between SET and the next clause word: every item begins with `name =`
    while at < high:
        kind = kinds[at]
        if at in match and match[at] < high:
            at = match[at] + 1
            continue
        if kind in (",", ";", ":=", "=>") or (kind == "word" and _separates(tokens, at, anchors)):
            if at > start:
                segments.append((start, at))
            if kind == "word":
                targets = tokens.folded(at) in ("set", "then", "else", "begin", "loop")
            start = at = _assignment(tokens, at + 1, high) if targets else at + 1
            continue
        at += 1
    if high > start:
        segments.append((start, high))
    return segments


def _separates(tokens: Tokens, at: int, anchors: Anchors) -> bool:
    """Whether a word ends the expression before it and stands outside of the one behind it."""
    word = tokens.folded(at)
    if word not in SEPARATORS and word not in _SOMETIMES:
        return False
    before = tokens.kinds[at - 1] if at else ""
    after = tokens.kinds[at + 1] if at + 1 < len(tokens) else ""
    if before == "." or after in ("=>", ":=", "."):
        return False
    last = tokens.folded(at - 1) if before == "word" else ""
    following = tokens.folded(at + 1) if after == "word" else ""
    if word in _SOMETIMES:
        return _SOMETIMES[word](last, following)
    if word in ("loop", "join", "if") and after == "(":
        return not anchors.calls(at) and (before in ("", "word", "quoted", ")") or word == "if")
    if word == "from":
        return last != "distinct" or at < 2 or tokens.word(at - 2).lower() not in ("is", "not")
    return word != "with" or following != "time"


# Words that separate in some company only: by the word before and the word after.
_SOMETIMES: dict[str, Callable[[str, str], bool]] = {
    "distinct": lambda before, _: before not in ("is", "not"),
    "all": lambda before, _: before in ("select", "union", "intersect", "except"),
    "by": lambda before, _: before in ("group", "order", "partition"),
    "partition": lambda _, after: after == "by",
    "lateral": lambda *_: True,
    "only": lambda before, _: before == "from",
    "left": lambda _, after: after in ("join", "outer"),
    "right": lambda _, after: after in ("join", "outer"),
    "full": lambda _, after: after in ("join", "outer"),
    "outer": lambda _, after: after == "join",
    "nulls": lambda _, after: after in ("first", "last"),
    "next": lambda before, _: before == "return",
    "call": lambda before, _: before in ("", "then", "else", "begin", "loop"),
    "assert": lambda before, _: before in ("", "then", "else", "begin", "loop"),
}


def _assignment(tokens: Tokens, start: int, end: int) -> int:
    """Step over `name =` and `a.b =`, the target of an UPDATE or of a PL/pgSQL assignment."""
    at = start
    while at + 1 < end and tokens.kinds[at] in ("word", "quoted") and tokens.kinds[at + 1] == ".":
        at += 2
    if at + 1 < end and tokens.kinds[at] in ("word", "quoted") and tokens.word(at + 1) == "=":
        return at + 2
    return start


def _groups(tokens: Tokens, brackets: Brackets, low: int, high: int) -> list[tuple[int, int]]:
    """The insides of the brackets that stand directly in a range, in order."""
    groups: list[tuple[int, int]] = []
    at = low
    while at < high:
        close = brackets.match.get(at)
        if close is not None and close < high:
            groups.append((at + 1, close))
            at = close
        at += 1
    return groups
