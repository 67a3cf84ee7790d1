"""The syntax tree of an expression. All offsets count characters of the fragment's text."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expr:
    """Any expression; the span covers it whole, parentheses of a Paren included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A constant. `text` is decoded; `kind` tells how it was written.

    Kinds: plain, escape, unicode, national, dollar (text); bit, hex, number, boolean, null.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A column, variable or keyword value, folded as PostgreSQL folds; parts of a dotted name."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Param(Expr):
    """A statement parameter `$1` or a psql variable `:name`, `:'name'`, `:"name"`."""

    text: str


@dataclass(frozen=True, slots=True)
class Paren(Expr):
    """A parenthesised expression."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """`left operator right`; also comparisons, arithmetic, AND, OR and AT TIME ZONE."""

    operator: str  # as written, upper case for words
    at: int  # offset of the operator token
    at_end: int
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Prefix(Expr):
    """`operator operand`; also NOT and the signs."""

    operator: str
    at: int
    at_end: int
    operand: Expr


@dataclass(frozen=True, slots=True)
class Cast(Expr):
    """`operand::type`, `CAST(operand AS type)` or `type 'text'`."""

    operand: Expr
    type_name: str  # as written, white space folded, lower case
    form: str  # "::", "cast" or "literal"
    at: int  # offset of `::`, of CAST or of the type name


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a `df.` call; `name` is set for `name => value` and `name := value`."""

    value: Expr
    name: str | None = None
    name_start: int = -1
    name_end: int = -1


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A call of a function of schema df, arguments parsed."""

    name: str  # folded, without the schema
    name_end: int  # the called name stands at start..name_end
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Compound(Expr):
    """SQL that the workflow language does not look into, with the expressions found inside.

    Forms: call, subquery, case, case of, array, row, subscript, field, collate, at local, in, not in, like, ...,
    between, is ..., any, all.
    """

    form: str
    at: int  # offset of the word or operator that names the form
    operands: tuple[Expr, ...]
    name: str = ""  # function, collation or operator where the form has one


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions in source order."""
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Prefix | Cast):
        return (node.operand,)
    if isinstance(node, Paren):
        return (node.inner,)
    if isinstance(node, Call):
        return tuple(argument.value for argument in node.arguments)
    if isinstance(node, Compound):
        return node.operands
    return ()


def walk(node: Expr) -> Iterator[Expr]:
    """The node and everything below it, parents first, in source order."""
    stack = [node]
    while stack:
        at = stack.pop()
        yield at
        stack.extend(reversed(children(at)))


def strip_parens(node: Expr) -> Expr:
    """The expression inside any number of parentheses."""
    while isinstance(node, Paren):
        node = node.inner
    return node
