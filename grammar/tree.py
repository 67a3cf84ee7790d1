"""The syntax tree of an expression. All offsets count characters of the fragment's text.

Every node begins with its span, `start` and `end`; it covers the expression whole, parentheses of a Paren included.
The nodes are named tuples: a script has many, and a start of the program makes all these classes.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias


class Literal(NamedTuple):
    """A constant. `text` is decoded; `kind` tells how it was written.

    Kinds: plain, escape, unicode, national, dollar (text); bit, hex, number, boolean, null.
    """

    start: int
    end: int
    kind: str
    text: str


class Name(NamedTuple):
    """A column, variable or keyword value, folded as PostgreSQL folds; parts of a dotted name."""

    start: int
    end: int
    parts: tuple[str, ...]


class Param(NamedTuple):
    """A statement parameter `$1` or a psql variable `:name`, `:'name'`, `:"name"`."""

    start: int
    end: int
    text: str


class Paren(NamedTuple):
    """A parenthesised expression."""

    start: int
    end: int
    inner: "Expr"


class Binary(NamedTuple):
    """`left operator right`; also comparisons, arithmetic, AND, OR and AT TIME ZONE."""

    start: int
    end: int
    operator: str  # as written, upper case for words
    at: int  # offset of the operator token
    at_end: int
    left: "Expr"
    right: "Expr"


class Prefix(NamedTuple):
    """`operator operand`; also NOT and the signs."""

    start: int
    end: int
    operator: str
    at: int
    at_end: int
    operand: "Expr"


class Cast(NamedTuple):
    """`operand::type`, `CAST(operand AS type)` or `type 'text'`."""

    start: int
    end: int
    operand: "Expr"
    type_name: str  # as written, white space folded, lower case
    form: str  # "::", "cast" or "literal"
    at: int  # offset of `::`, of CAST or of the type name


class Argument(NamedTuple):
    """One argument of a `df.` call; `name` is set for `name => value` and `name := value`."""

    value: "Expr"
    name: str | None = None
    name_start: int = -1
    name_end: int = -1


class Call(NamedTuple):
    """A call of a function of schema df, arguments parsed."""

    start: int
    end: int
    name: str  # folded, without the schema
    name_end: int  # the called name stands at start..name_end
    arguments: tuple[Argument, ...]


class Compound(NamedTuple):
    """SQL that the workflow language does not look into, with the expressions found inside.

    Forms: call, subquery, case, case of, array, row, subscript, field, collate, at local, in, not in, like, ...,
    between, is ..., any, all.
    """

    start: int
    end: int
    form: str
    at: int  # offset of the word or operator that names the form
    operands: tuple["Expr", ...]
    name: str = ""  # function, collation or operator where the form has one


Expr: TypeAlias = Literal | Name | Param | Paren | Binary | Prefix | Cast | Call | Compound  # any node


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
