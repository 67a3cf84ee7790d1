"""Finds the regions of a statement: the smallest expressions that hold a DSL operator or a `df.` call.

Only regions are parsed; everything around them stays opaque.
"""

import re

from .brackets import Brackets
from .lexer import STRING_KINDS, Tokens
from .terminals import SEPARATORS

# The operators that only this language has; a longer operator that holds one of them is a glued one.
_OWN = re.compile(r"~>|\|=>|\?>|!>")
_HALVES = {("?", ">"), ("!", ">"), ("~", ">"), ("|", "=>"), ("|=", ">"), ("|", ">")}
# A cheap look before the tokens are examined.
_HINT = re.compile(r"~>|=>|[?!&|]|@>|\bdf\b|\"df\"|df\s*\.|> ", re.I)
_TEXT = STRING_KINDS
# Arithmetic and comparisons: beside a workflow they are no part of it.
_ELSEWHERE = frozenset({"+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>", "!="})
# Reserved words that an operand may follow, so that a parenthesis behind one of them only groups.
_BEFORE_OPERANDS = frozenset({"not", "and", "or", "like", "ilike", "to", "between", "symmetric", "escape", "case", "variadic"})


def may_hold_workflow(text: str, start: int, end: int) -> bool:
    """False when no part of text[start:end] can be a region."""
    return _HINT.search(text, start, end) is not None


def find_regions(
    tokens: Tokens,
    brackets: Brackets,
    low: int,
    high: int,
    unqualified: frozenset[str] = frozenset(),
) -> list[tuple[int, int]]:
    """Token ranges (start, end) of the regions between two token indexes, outermost, in order."""
    strong = _Strength(tokens, brackets, unqualified)
    regions: list[tuple[int, int]] = []
    work = [(low, high)]
    while work:
        for start, end in _segments(tokens, brackets, *work.pop()):
            if strong.direct(start, end):
                regions.append((start, end))
            else:
                work.extend(reversed(_groups(tokens, brackets, start, end)))
    return sorted(regions)


def _segments(tokens: Tokens, brackets: Brackets, low: int, high: int) -> list[tuple[int, int]]:
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
        if kind in (",", ";", ":=", "=>") or (kind == "word" and _separates(tokens, at)):
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


def _separates(tokens: Tokens, at: int) -> bool:
    word = tokens.folded(at)
    if word not in SEPARATORS or (at and tokens.kinds[at - 1] == "."):
        return False
    after = tokens.kinds[at + 1] if at + 1 < len(tokens) else ""
    if word in ("loop", "if", "join", "perform", "return", "execute") and after == "(" and word != "if":
        return word not in ("loop", "join") or (at > 0 and tokens.kinds[at - 1] in ("word", ")"))
    if word == "from":
        return not (at and tokens.kinds[at - 1] == "word" and tokens.folded(at - 1) == "distinct" and at > 1
                    and tokens.kinds[at - 2] == "word" and tokens.folded(at - 2) in ("is", "not"))  # fmt: skip
    if word == "with" and after == "word":
        return tokens.folded(at + 1) != "time"
    return after not in ("=>", ":=")


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


class _Strength:
    """Tells which tokens can only belong to a workflow.

    `&`, `|` and `@>` are PostgreSQL's own too: they count beside a string literal, a `df.` call or a group
    that itself is a workflow.
    """

    def __init__(self, tokens: Tokens, brackets: Brackets, unqualified: frozenset[str]) -> None:
        self.tokens = tokens
        self.brackets = brackets
        self.unqualified = unqualified
        self.opening = {close: start for start, close in brackets.match.items()}
        self.strong: set[int] = set()  # indexes of anchors
        self.groups: set[int] = set()  # opening and closing brackets of workflow groups
        self._scan()

    def direct(self, low: int, high: int) -> bool:
        """Whether an anchor stands in the range outside of inner brackets."""
        at = low
        while at < high:
            if at in self.strong:
                return True
            at = self.brackets.match.get(at, at) + 1
        return False

    def _scan(self) -> None:
        """One pass; a group is judged when it closes, so inner groups are known to outer ones."""
        pending: list[list[int]] = [[]]
        found: list[bool] = [False]
        kinds, match, opening = self.tokens.kinds, self.brackets.match, self.opening
        for at, kind in enumerate(kinds):
            if at in match:
                pending.append([])
                found.append(False)
            elif at in opening:
                self._settle(pending.pop(), found)
                inner = found.pop()
                if self._calls_df(opening[at]):
                    self.groups.add(at)
                    found[-1] = True
                elif inner and self._plain_group(opening[at]):
                    self.groups.update((at, opening[at]))
            elif kind == "op" or kind == "=>":
                self._operator(at, pending[-1], found)
            elif (kind == "word" or kind == "quoted") and self._df_call(at):
                self.strong.add(at)
                found[-1] = True
        while pending:
            self._settle(pending.pop(), found)
            found.pop()

    def _operator(self, at: int, pending: list[int], found: list[bool]) -> None:
        word = self.tokens.word(at)
        named = self._operator_word(at)
        if named is not None:
            if _OWN.fullmatch(word):
                self.strong.add(named)
                found[-2] = True
        elif _OWN.search(word) or self._halves(at, word):
            self.strong.add(at)
            found[-1] = True
        elif word not in _ELSEWHERE:
            pending.append(at)

    def _operator_word(self, at: int) -> int | None:
        """The index of the word OPERATOR when the operator stands in `OPERATOR(schema.~>)`."""
        at -= 1
        while at > 0 and self.tokens.kinds[at] in ("word", "quoted", "."):
            at -= 1
        if at < 1 or self.tokens.kinds[at] != "(" or at not in self.brackets.match:
            return None
        word = self.tokens.kinds[at - 1] == "word" and self.tokens.folded(at - 1) == "operator"
        return at - 1 if word else None

    def _halves(self, at: int, word: str) -> bool:
        """`? >` and the like between two operands of text."""
        if at < 2 or (self.tokens.word(at - 1), word) not in _HALVES or self.tokens.starts[at] == self.tokens.ends[at - 1]:
            return False
        before, after = at - 2, at + 1
        return self._text(before) and after < len(self.tokens) and (self._text(after) or self._df_call(after))

    def _settle(self, pending: list[int], found: list[bool]) -> None:
        for at in pending:
            if self._weak(at):
                self.strong.add(at)
                found[-1] = True

    def _weak(self, at: int) -> bool:
        before, after = at - 1, at + 1
        if before in self.groups or after in self.groups:
            return True
        word = self.tokens.word(at)
        if word not in ("&", "|", "@>") and not (word.endswith("@>") and word[0] in "&|@"):
            return False
        if after >= len(self.tokens):
            return before >= 0 and self._text(before)
        if self.tokens.word(at).endswith("@>"):
            prefix = before < 0 or self.tokens.kinds[before] in ("op", "(", ",", "=>", ":=") or (
                self.tokens.kinds[before] == "word" and self.tokens.folded(before) in SEPARATORS
            )  # fmt: skip
            return prefix
        if self._df_call(after):
            return True
        return before >= 0 and self._text(before) and self.tokens.kinds[after] not in ("number", "bit", "hex")

    def _text(self, at: int) -> bool:
        return self.tokens.kinds[at] in _TEXT or at in self.groups

    def _df_call(self, at: int) -> bool:
        tokens = self.tokens
        kinds = tokens.kinds
        if at + 1 >= len(kinds) or kinds[at] not in ("word", "quoted"):
            return False
        if kinds[at + 1] == "(":
            return bool(self.unqualified) and tokens.folded(at) in self.unqualified and kinds[at - 1 : at] != ["."]
        return (
            at + 3 < len(kinds)
            and kinds[at + 1] == "."
            and kinds[at + 3] == "("
            and kinds[at + 2] in ("word", "quoted")
            and tokens.folded(at) == "df"
        )

    def _calls_df(self, opening: int) -> bool:
        return (opening >= 3 and self._df_call(opening - 3)) or (opening >= 1 and self._df_call(opening - 1))

    def _plain_group(self, opening: int) -> bool:
        """A parenthesis that only groups: no function name in front."""
        if self.tokens.kinds[opening] != "(":
            return False
        if opening == 0:
            return True
        before = self.tokens.kinds[opening - 1]
        if before != "word":
            return before != "quoted"
        word = self.tokens.folded(opening - 1)
        return word in SEPARATORS or word in _BEFORE_OPERANDS
