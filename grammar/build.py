"""Reductions of the grammar to tree nodes: one function per rule alias in `sql.lark`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .lexer import Tokens, fold
from .literals import BadEscapeError, decode
from .tree import Argument, Binary, Call, Cast, Compound, Expr, Literal, Name, Param, Paren, Prefix


@dataclass(slots=True)
class _Dotted:
    """A dotted name that still grows."""

    start: int
    end: int
    parts: list[str]


class Builder:
    """Makes tree nodes; children are terminal indexes (int), nodes or lists."""

    def __init__(
        self,
        tokens: Tokens,
        terminals: Any,
        inside: Callable[[int], tuple[Expr, ...]],
        bad_escape: Callable[[BadEscapeError, int], None],
    ) -> None:
        self.tokens = tokens
        self.text = tokens.text
        self.kinds: list[str] = terminals.kinds
        self.starts: list[int] = terminals.starts
        self.ends: list[int] = terminals.ends
        self.first: list[int] = terminals.first
        self.inside = inside  # expressions found inside an opaque group
        self.bad_escape = bad_escape

    # ---- positions

    def _start(self, item: Any) -> int:
        return self.starts[item] if isinstance(item, int) else item.start

    def _end(self, item: Any) -> int:
        return self.ends[item] if isinstance(item, int) else item.end

    def _text(self, index: int) -> str:
        return self.text[self.starts[index] : self.ends[index]]

    def _compound(
        self, form: str, at: int, whole: list[Any], operands: tuple[Expr, ...], name: str = ""
    ) -> Compound:
        return Compound(self._start(whole[0]), self._end(whole[-1]), form, at, operands, name)

    # ---- operands

    def string(self, items: list[Any]) -> Literal:
        (index,) = items
        start, end = self.starts[index], self.ends[index]
        kind = self.tokens.kinds[self.first[index]]
        try:
            text = decode(self.text[start:end], kind)
        except BadEscapeError as error:
            self.bad_escape(error, start)
            text = ""
        return Literal(start, end, kind, text)

    def number(self, items: list[Any]) -> Literal:
        (index,) = items
        kind = self.tokens.kinds[self.first[index]]
        return Literal(self.starts[index], self.ends[index], kind, self._text(index))

    def null(self, items: list[Any]) -> Literal:
        return Literal(self.starts[items[0]], self.ends[items[0]], "null", "")

    def boolean(self, items: list[Any]) -> Literal:
        return Literal(self.starts[items[0]], self.ends[items[0]], "boolean", self._text(items[0]).lower())

    def param(self, items: list[Any]) -> Param:
        return Param(self.starts[items[0]], self.ends[items[0]], self._text(items[0]))

    def qname(self, items: list[Any]) -> "_Dotted":
        (index,) = items
        return _Dotted(self.starts[index], self.ends[index], [fold(self._text(index))])

    def dotted(self, items: list[Any]) -> "_Dotted":
        name: _Dotted = items[0]
        index = items[2]
        name.end = self.ends[index]
        name.parts.append(fold(self._text(index)))
        return name

    def column(self, items: list[Any]) -> Name:
        name = items[0]
        if len(items) > 1:
            return Name(name.start, self.ends[items[2]], (*name.parts, "*"))
        return Name(name.start, name.end, tuple(name.parts))

    def function(self, items: list[Any]) -> Compound:
        name, group = items
        return self._compound("call", name.start, items, self.inside(group), ".".join(name.parts))

    def subquery(self, items: list[Any]) -> Compound:
        return self._compound("subquery", self.starts[items[0]], items, self.inside(items[0]))

    def array_query(self, items: list[Any]) -> Compound:
        return self._compound("array", self.starts[items[0]], items, self.inside(items[1]))

    def typed_literal(self, items: list[Any]) -> Cast:
        literal = self.string([items[-1]])
        type_name = self._squeeze(items[0].start, self._end(items[-2]))
        return Cast(items[0].start, literal.end, literal, type_name, "literal", items[0].start)

    def paren(self, items: list[Any]) -> Paren:
        return Paren(self.starts[items[0]], self.ends[items[2]], items[1])

    def row(self, items: list[Any]) -> Compound:
        return self._compound("row", self.starts[items[0]], items, (items[1], *items[3]))

    def row_call(self, items: list[Any]) -> Compound:
        operands = tuple(items[2]) if len(items) == 4 else ()
        return self._compound("row", self.starts[items[0]], items, operands)

    def array_of(self, items: list[Any]) -> Compound:
        end = items[1]
        return Compound(self.starts[items[0]], end.end, "array", self.starts[items[0]], end.operands)

    def no_items(self, items: list[Any]) -> Compound:
        return self._compound("array", self.starts[items[0]], items, ())

    def filled(self, items: list[Any]) -> Compound:
        return self._compound("array", self.starts[items[0]], items, tuple(items[1]))

    def case(self, items: list[Any]) -> Compound:
        operands = (*items[1], *(items[3:4] if len(items) > 3 else ()))
        return self._compound("case", self.starts[items[0]], items, operands)

    def case_of(self, items: list[Any]) -> Compound:
        operands = (items[1], *items[2], *(items[4:5] if len(items) > 4 else ()))
        return self._compound("case of", self.starts[items[0]], items, operands)

    def when(self, items: list[Any]) -> list[Expr]:
        return [items[1], items[3]]

    def more_whens(self, items: list[Any]) -> list[Expr]:
        whens: list[Expr] = items[0]
        whens.extend((items[2], items[4]))
        return whens

    def subscripted(self, items: list[Any]) -> Compound:
        inner = (
            items[2].operands if isinstance(items[2], Compound) and items[2].form == "slice" else (items[2],)
        )
        return self._compound("subscript", self.starts[items[1]], items, (items[0], *inner))

    def slice(self, items: list[Any]) -> Compound:
        return self._compound(
            "slice", self._start(items[0]), items, tuple(i for i in items if isinstance(i, Expr))
        )

    def field(self, items: list[Any]) -> Compound:
        return self._compound("field", self.starts[items[1]], items, (items[0],), self._text(items[2]))

    # ---- operators

    def binary(self, items: list[Any]) -> Binary:
        left, op, right = items
        start, end = self.starts[op], self.ends[op]
        return Binary(left.start, right.end, self.text[start:end].upper(), start, end, left, right)

    def binary_named(self, items: list[Any]) -> Binary:
        left, at, _, name, close, right = items
        return Binary(left.start, right.end, self._last(name), self.starts[at], self.ends[close], left, right)

    def prefix(self, items: list[Any]) -> Prefix:
        op, operand = items
        start, end = self.starts[op], self.ends[op]
        return Prefix(start, operand.end, self.text[start:end].upper(), start, end, operand)

    sign = prefix

    def negation(self, items: list[Any]) -> Prefix:
        op, operand = items
        return Prefix(self.starts[op], operand.end, "NOT", self.starts[op], self.ends[op], operand)

    def prefix_named(self, items: list[Any]) -> Prefix:
        at, _, name, close, operand = items
        return Prefix(
            self.starts[at], operand.end, self._last(name), self.starts[at], self.ends[close], operand
        )

    def at_zone(self, items: list[Any]) -> Binary:
        left, at, _, zone, right = items
        return Binary(left.start, right.end, "AT TIME ZONE", self.starts[at], self.ends[zone], left, right)

    def at_local(self, items: list[Any]) -> Compound:
        return self._compound("at local", self.starts[items[1]], items, (items[0],))

    def collate(self, items: list[Any]) -> Compound:
        return self._compound("collate", self.starts[items[1]], items, (items[0],), ".".join(items[2].parts))

    def cast(self, items: list[Any]) -> Cast:
        operand, at, type_name = items
        return Cast(
            operand.start, self._end(type_name), operand, self._type(type_name), "::", self.starts[at]
        )

    def cast_call(self, items: list[Any]) -> Cast:
        at, close = self.starts[items[0]], self.ends[items[5]]
        return Cast(at, close, items[2], self._type(items[4]), "cast", at)

    def type_name(self, items: list[Any]) -> Name:
        return Name(self._start(items[0]), self._end(items[-1]), ())

    def _type(self, item: Any) -> str:
        return self._squeeze(item.start, item.end)

    def _squeeze(self, start: int, end: int) -> str:
        """The words of a type's name: white space folded, comments left out."""
        written = self.text[start:end]
        if "--" in written or "/*" in written:
            for low, high in reversed(self.tokens.comments):
                if start <= low < end:
                    written = f"{written[: low - start]} {written[high - start :]}"
        return " ".join(written.lower().split())

    # ---- tests

    def words(self, items: list[Any]) -> list[int]:
        flat: list[int] = []
        for item in items:
            flat.extend(item if isinstance(item, list) else (item,))
        return flat

    def _last(self, name: Any) -> str:
        return self._text(name[-1] if isinstance(name, list) else name)

    def _spell(self, words: Any) -> str:
        return " ".join(self._text(word).lower() for word in (words if isinstance(words, list) else [words]))

    def _first(self, words: Any) -> int:
        return self.starts[words[0] if isinstance(words, list) else words]

    def like(self, items: list[Any]) -> Compound:
        return self._compound(self._spell(items[1]), self._first(items[1]), items, (items[0], items[2]))

    def like_escape(self, items: list[Any]) -> Compound:
        return self._compound(
            self._spell(items[1]), self._first(items[1]), items, (items[0], items[2], items[4])
        )

    def is_test(self, items: list[Any]) -> Compound:
        return self._compound(f"is {self._text(items[2]).lower()}", self.starts[items[1]], items, (items[0],))

    def is_not_test(self, items: list[Any]) -> Compound:
        return self._compound(
            f"is not {self._text(items[3]).lower()}", self.starts[items[1]], items, (items[0],)
        )

    def is_null_word(self, items: list[Any]) -> Compound:
        form = "is null" if self.kinds[items[1]] == "ISNULL" else "is not null"
        return self._compound(form, self.starts[items[1]], items, (items[0],))

    def distinct(self, items: list[Any]) -> Compound:
        form = "is distinct from" if len(items) == 5 else "is not distinct from"
        return self._compound(form, self.starts[items[1]], items, (items[0], items[-1]))

    def between(self, items: list[Any]) -> Compound:
        words = [item for item in items[1:-3] if isinstance(item, int)]
        return self._compound(
            self._spell(words), self.starts[words[0]], items, (items[0], items[-3], items[-1])
        )

    def in_list(self, items: list[Any]) -> Compound:
        form = "in" if len(items) == 5 else "not in"
        return self._compound(form, self.starts[items[1]], items, (items[0], *items[-2]))

    def in_query(self, items: list[Any]) -> Compound:
        form = "in" if len(items) == 3 else "not in"
        return self._compound(form, self.starts[items[1]], items, (items[0], self.subquery([items[-1]])))

    def any_op(self, items: list[Any]) -> Compound:
        form = self._text(items[2]).lower()
        last = items[4] if len(items) == 6 else self.subquery([items[3]])
        return self._compound(form, self._first(items[1]), items, (items[0], last), self._spell(items[1]))

    # ---- lists and calls

    def single(self, items: list[Any]) -> Any:
        return [items[0]]

    def more(self, items: list[Any]) -> Any:
        items[0].append(items[2])
        return items[0]

    def positional(self, items: list[Any]) -> Argument:
        return Argument(items[0])

    variadic = positional

    def named(self, items: list[Any]) -> Argument:
        index = items[0]
        return Argument(items[2], fold(self._text(index)), self.starts[index], self.ends[index])

    def call(self, items: list[Any]) -> Call:
        name, _, *rest = items
        arguments = tuple(rest[0]) if len(rest) == 2 else ()
        called = fold(self._text(name).rpartition(".")[2].strip())
        return Call(self.starts[name], self.ends[items[-1]], called, self.ends[name], arguments)

    call_empty = call


BUILDERS: dict[str, Callable[..., Any]] = {
    name: function for name, function in vars(Builder).items() if not name.startswith("_")
}
