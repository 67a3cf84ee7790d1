"""Finds the tokens of a statement that can only belong to a workflow."""

import re

from .brackets import Brackets
from .discover import OWN_OPERATORS
from .lexer import STRING_KINDS, Tokens
from .terminals import SEPARATORS

# The operators that only this language has; a longer operator that holds one of them is a glued one,
_OWN = re.compile("|".join(map(re.escape, OWN_OPERATORS)))
# but for those of PostgreSQL itself and of the extension vector.
_FOREIGN = frozenset({"~>~", "~>=~", "<~>"})
_HALVES = {("?", ">"), ("!", ">"), ("~", ">"), ("|", "=>"), ("|=", ">"), ("|", ">")}
_TEXT = STRING_KINDS
# Arithmetic and comparisons: beside a workflow they are no part of it.
_ELSEWHERE = frozenset({"+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>", "!="})
# Reserved words that an operand may follow, so that a parenthesis behind one of them only groups.
_BEFORE_OPERANDS = frozenset("not and or like ilike to between symmetric escape case variadic".split())
# Types with operators & and |.
_BIT_TYPES = frozenset("smallint integer int int2 int4 int8 bigint bit inet cidr macaddr macaddr8".split())
# Words before the name of an object that is defined or changed, not called.
_OBJECTS = frozenset(
    "into table function procedure routine aggregate references copy exists view index only sequence type"
    " update".split()
)
_DEFINING = frozenset({"create", "grant", "revoke", "comment", "drop", "alter"})
_BEFORE_CALLS = frozenset(
    "select perform return when and or not distinct all by in case between like".split()
)


class Anchors:
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

    def calls(self, at: int) -> bool:
        """Whether a call of schema df was found to begin at a token."""
        return at in self.strong and self.tokens.kinds[at] != "op"

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
        elif (_OWN.search(word) and word not in _FOREIGN) or self._halves(at, word):
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
        tokens = self.tokens
        if at < 2 or (tokens.word(at - 1), word) not in _HALVES or tokens.starts[at] == tokens.ends[at - 1]:
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
            return before < 0 or self.tokens.kinds[before] in ("op", "(", ",", "=>", ":=") or (
                self.tokens.kinds[before] == "word" and self.tokens.folded(before) in SEPARATORS
            )  # fmt: skip
        if self._df_call(after):
            return True
        if before < 0 or not self._text(before) or self._typed(before):
            return False
        return self.tokens.kinds[after] not in ("number", "bit", "hex")

    def _typed(self, at: int) -> bool:
        """`inet '10.0.0.1'`: a literal of a type with operators `&` and `|` of its own."""
        before = self.tokens.kinds[at - 1] if at and self.tokens.kinds[at] in STRING_KINDS else ""
        return before == "word" and self.tokens.folded(at - 1) in _BIT_TYPES

    def _text(self, at: int) -> bool:
        return self.tokens.kinds[at] in _TEXT or at in self.groups

    def _df_call(self, at: int) -> bool:
        """Whether a call of a function of schema df begins here."""
        tokens = self.tokens
        kinds = tokens.kinds
        if at + 1 >= len(kinds) or kinds[at] not in ("word", "quoted"):
            return False
        if kinds[at + 1] == "(":
            return bool(self.unqualified) and self._unqualified_call(at)
        return (
            at + 3 < len(kinds)
            and kinds[at + 1] == "."
            and kinds[at + 3] == "("
            and kinds[at + 2] in ("word", "quoted")
            and tokens.folded(at) == "df"
            and not self._names_object(at)
        )

    def _unqualified_call(self, at: int) -> bool:
        tokens = self.tokens
        word = tokens.folded(at)
        if word not in self.unqualified or (at and tokens.kinds[at - 1] == ".") or self._names_object(at):
            return False
        if tokens.kinds[at] == "quoted" or word not in ("if", "loop", "join", "as"):
            return True
        # These words begin clauses too: they are calls only where an expression is bound to begin.
        if word == "as" or at == 0:
            return False
        before = tokens.kinds[at - 1]
        if before == "word":
            return tokens.folded(at - 1) in _BEFORE_CALLS
        return before in ("op", "(", ",", "[", "=>", ":=")

    def _names_object(self, at: int) -> bool:
        """`INSERT INTO df.t (a)`, `DROP FUNCTION df.start(text)`: the object itself, and no call of it."""
        tokens = self.tokens
        if not at or tokens.kinds[at - 1] != "word":
            return False
        word = tokens.folded(at - 1)
        return word in _OBJECTS or (word == "on" and tokens.folded(0) in _DEFINING)

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
