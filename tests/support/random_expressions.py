"""Random SQL expressions as token runs: who groups with whom is left to whoever reads them."""

from collections.abc import Callable, Sequence
from random import Random

import expression_words as words
from random_literals import random_literal, typed_literal

_OPERATOR_CHARACTERS = frozenset("+-*/<>=~!@#%^&|`?")


class ExpressionMaker:
    """Writes tokens of one expression; `budget` bounds how many."""

    def __init__(self, rng: Random, budget: int) -> None:
        self.rng = rng
        self.budget = budget
        self.tokens: list[str] = []

    def put(self, *tokens: str) -> None:
        self.tokens.extend(tokens)
        self.budget -= len(tokens)

    def expression(self, depth: int) -> None:
        """Operands with things between and behind them."""
        self.operand(depth)
        while self.budget > 0 and self.rng.random() < 0.72:
            if self.rng.random() < 0.24:
                self.suffix(depth)
            else:
                self.put(self.binary())
                self.operand(depth)

    def binary(self) -> str:
        """An operator that takes two operands."""
        choices: Sequence[tuple[Sequence[str], int]] = (
            (words.DSL, 50), (words.OTHER, 18), (words.ARITHMETIC, 12), (words.COMPARISONS, 6), (words.NAMED, 4),
            (("AND", "and", "OR", "or"), 7), (("AT TIME ZONE", "at time zone"), 2),
        )  # fmt: skip
        (tokens, _), *_ = self.rng.choices(choices, [weight for _, weight in choices])
        return self.rng.choice(tokens)

    def operand(self, depth: int) -> None:
        """A primary behind a run of prefix operators."""
        while self.rng.random() < 0.16:
            self.put(self.rng.choice(words.PREFIXES).strip())
        if depth <= 0 or self.budget <= 0 or self.rng.random() < 0.5:
            self.leaf()
            return
        inner: Sequence[Callable[[int], None]] = (
            self.parenthesised, self.parenthesised, self.parenthesised, self.df_call, self.df_call, self.function,
            self.case, self.cast_call, self.subquery, self.array, self.row,
        )  # fmt: skip
        self.rng.choice(inner)(depth - 1)

    def leaf(self) -> None:
        """An operand of one token or so."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.62:
            self.put(random_literal(rng, 3))
        elif roll < 0.7:
            self.put(rng.choice(words.NUMBERS))
        elif roll < 0.9:
            self.put(rng.choice(words.COLUMNS))
            if rng.random() < 0.15:
                self.subscript()
        elif roll < 0.93:
            self.put(rng.choice(("$1", "$23")))
        elif roll < 0.97:
            self.put(rng.choice(("NULL", "true", "False", "null", "B'101'", "x'1F'")))
        else:
            self.put(rng.choice(("text", "varchar(3)", "interval", "pg_catalog.text", "jsonb")))
            self.put(typed_literal(rng, 2))

    def subscript(self) -> None:
        self.put("[")
        if self.rng.random() < 0.3:
            self.put("1", ":", "2")
        else:
            self.expression(0)
        self.put("]")

    def suffix(self, depth: int) -> None:
        """Something that takes what stands before it as an operand."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.4:
            self.put("::", rng.choice(words.TYPES))
        elif roll < 0.52:
            self.put("COLLATE", rng.choice(('"C"', 'pg_catalog."de-x"')))
        elif roll < 0.66:
            self.put(*rng.choice(words.TESTS).split())
        elif roll < 0.72:
            self.put(*rng.choice(("IS DISTINCT FROM", "is not distinct from")).split())
            self.operand(depth)
        elif roll < 0.8:
            self.put(*rng.choice(words.LIKES).split())
            self.operand(depth)
            if rng.random() < 0.2:
                self.put("ESCAPE", "'!'")
        elif roll < 0.88:
            self.among(depth)
        elif roll < 0.94:
            self.between(depth)
        elif roll < 0.97:
            self.put(rng.choice(("=", "<>", "~>", "||", "LIKE")), rng.choice(("ANY", "all", "SOME")), "(")
            self.expression(depth - 1)
            self.put(")")
        else:
            self.put("AT", "LOCAL")

    def among(self, depth: int) -> None:
        self.put(*self.rng.choice(("IN", "not in")).split())
        if self.rng.random() < 0.2:
            self.subquery(depth - 1)
            return
        self.put("(")
        self.listed(depth - 1)
        self.put(")")

    def between(self, depth: int) -> None:
        self.put(*self.rng.choice(("BETWEEN", "not between", "BETWEEN SYMMETRIC")).split())
        self.leaf()
        while self.rng.random() < 0.4:
            self.put(self.rng.choice(("~>", "+", "||", "=", "&")))
            self.leaf()
        self.put("AND")
        self.operand(depth)

    def listed(self, depth: int, least: int = 1) -> None:
        """Expressions with commas between."""
        for index in range(max(least, self.rng.randint(1, 3))):
            if index:
                self.put(",")
            self.expression(depth)

    def parenthesised(self, depth: int) -> None:
        self.put("(")
        self.expression(depth)
        self.put(")")
        if self.rng.random() < 0.06:
            self.subscript()
        elif self.rng.random() < 0.04:
            self.put(".", "field")

    def df_call(self, depth: int) -> None:
        rng = self.rng
        self.put(rng.choice(words.DF), "(")
        named = False
        for index in range(rng.randint(0, 3)):
            if index:
                self.put(",")
            named = named or rng.random() < 0.25
            if named:
                self.put(rng.choice(words.NAMES), rng.choice((" =>", ":=", "=> ")).strip())
            self.expression(depth)
        self.put(")")

    def function(self, depth: int) -> None:
        callee = self.rng.choice(words.CALLEES)
        self.put(callee, "(")
        if callee == "nullif":
            self.expression(depth)
            self.put(",")
            self.expression(depth)
        else:
            self.listed(depth)
        self.put(")")

    def case(self, depth: int) -> None:
        self.put("CASE")
        if self.rng.random() < 0.3:
            self.expression(depth)
        for _ in range(self.rng.randint(1, 2)):
            self.put("when")
            self.expression(depth)
            self.put("THEN")
            self.expression(depth)
        if self.rng.random() < 0.7:
            self.put("else")
            self.expression(depth)
        self.put("END")

    def cast_call(self, depth: int) -> None:
        self.put("CAST", "(")
        self.expression(depth)
        self.put("AS", self.rng.choice(words.TYPES), ")")

    def subquery(self, depth: int) -> None:
        self.put("(", "SELECT")
        self.expression(depth)
        if self.rng.random() < 0.5:
            self.put("FROM", "t", "WHERE")
            self.expression(depth - 1)
        self.put(")")

    def array(self, depth: int) -> None:
        self.put("ARRAY")
        if self.rng.random() < 0.2:
            self.subquery(depth)
            return
        self.put("[")
        if self.rng.random() < 0.9:
            self.listed(depth)
        self.put("]")

    def row(self, depth: int) -> None:
        if self.rng.random() < 0.5:
            self.put("ROW")
        self.put("(")
        self.listed(depth, least=2)
        self.put(")")


def random_tokens(rng: Random, depth: int, budget: int = 40) -> list[str]:
    """The tokens of an expression that PostgreSQL's grammar mostly accepts."""
    maker = ExpressionMaker(rng, budget)
    maker.expression(depth)
    return maker.tokens


def spaced(rng: Random, tokens: Sequence[str], odd: float = 0.25) -> list[str]:
    """The tokens, each with its space in front: odd here and there, and none where none is needed."""
    pieces: list[str] = []
    for token in tokens:
        space = _space(rng, odd) if pieces else ""
        if pieces and not space and _would_glue(pieces[-1], token):
            space = " "
        if pieces and pieces[-1].endswith("-") and space.startswith("-"):
            space = " " + space
        pieces.append(space + token)
    return pieces


def _space(rng: Random, odd: float) -> str:
    if rng.random() >= odd:
        return " "
    roll = rng.random()
    if roll < 0.4:
        return ""
    if roll < 0.75:
        return "".join(rng.choice(words.SPACES) for _ in range(rng.randint(1, 3)))
    return rng.choice(("", " ")) + rng.choice(words.COMMENTS) + rng.choice(("", " "))


def _would_glue(left: str, right: str) -> bool:
    """Whether two tokens would be read as one, or as something else, without space between."""
    last, first = left[-1], right[0]
    if last in _OPERATOR_CHARACTERS or last == ":":
        return first in _OPERATOR_CHARACTERS or first in ":="
    wordy = last.isalnum() or last in "_$" or not last.isascii()
    if wordy and (first.isalnum() or first in "_$'\"." or not first.isascii()):
        return True
    if last == "." or first == ".":
        return (last == "." and len(left) > 1) or last.isdigit() or first.isdigit()
    return (last in "'\"" and first in "'\"") or (first == ":" and last.isdigit())


def random_expression(rng: Random, depth: int) -> list[str]:
    """An expression up to `depth` levels of brackets deep, as pieces whose concatenation is its text."""
    return spaced(rng, random_tokens(rng, depth))


def mutated(rng: Random, tokens: Sequence[str]) -> list[str]:
    """The tokens with one or two left out, doubled, exchanged or inserted: mostly no expression any more."""
    changed = list(tokens)
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(changed))
        roll = rng.random()
        if roll < 0.4 and len(changed) > 1:
            del changed[at]
        elif roll < 0.6:
            changed.insert(at, changed[at])
        elif roll < 0.8:
            other = rng.randrange(len(changed))
            changed[at], changed[other] = changed[other], changed[at]
        else:
            changed.insert(
                at,
                rng.choice((*words.DSL, *words.COMPARISONS, "'x'", "(", ")", ",", "NOT", "AND", "::", "a")),
            )
    return changed
