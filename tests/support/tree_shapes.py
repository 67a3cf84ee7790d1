"""Our syntax tree in the neutral form, with what PostgreSQL's grammar does to a tree while it builds it.

PostgreSQL drops parentheses, merges `a AND b AND c` into one node, folds the minus sign into a number, and
spells some names its own way. All of that happens here, so that the two forms can be equal.
"""

import re
from dataclasses import replace

from shapes import Shape

from dfsql.grammar import Binary, Call, Cast, Compound, Expr, Literal, Name, Param, Prefix, strip_parens

_TYPES = {
    "int": "int4", "double precision": "float8", "character varying": "varchar", "char": "bpchar",
    "boolean": "bool", "bit varying": "varbit", "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}  # fmt: skip
_ARRAY = re.compile(r"\s*(?:\[ *[0-9]* *\]|\barray)\s*$")
_MODIFIERS = re.compile(r"\((.*)\)", re.S)
_MATCHES = {"like": "~~", "not like": "!~~", "ilike": "~~*", "not ilike": "!~~*", "!=": "<>"}
_INTEGER = re.compile(r"-?[0-9]+")


def shape_of(node: Expr, text: str) -> Shape:
    """The shape of a tree that was read from `text`."""
    return _Converter(text).shape(node)


class _Converter:
    def __init__(self, text: str) -> None:
        self._text = text

    def shape(self, node: Expr) -> Shape:
        outer, node = node, strip_parens(node)
        match node:
            case Literal(kind="national"):  # a keyword N and a constant behind it
                constant = Shape("constant", _constant(node), node.start + 1)
                return Shape("cast", "bpchar", -1, (constant,))
            case Literal():
                return Shape("constant", _constant(node), node.start)
            case Name():
                return Shape("column", ".".join(node.parts), node.start)
            case Param():
                return Shape("parameter", node.text, node.start)
            case Binary():
                return self._binary(node)
            case Prefix():
                return self._prefix(node)
            case Cast():
                at = -1 if node.form == "literal" else node.at
                return Shape("cast", _type(node.type_name), at, (self.shape(node.operand),))
            case Call():
                return Shape("call", node.name, node.start, self._arguments(node))
            case Compound(form="subquery"):  # its own parentheses are the outermost ones
                return Shape("opaque", "", outer.start, hidden=self._shapes(node.operands))
            case Compound():
                return self._compound(node)
            case _:
                raise TypeError(type(node).__name__)

    def _shapes(self, nodes: tuple[Expr, ...]) -> tuple[Shape, ...]:
        return tuple(self.shape(node) for node in nodes)

    def _binary(self, node: Binary) -> Shape:
        left, right = self.shape(node.left), self.shape(node.right)
        if node.operator == "AT TIME ZONE":
            return Shape("at time zone", "", node.at, (left, right))
        if node.operator not in ("AND", "OR"):
            return Shape("operator", "<>" if node.operator == "!=" else node.operator, node.at, (left, right))
        word = node.operator.lower()
        if left.kind == word:
            return Shape(word, "", left.at, (*left.parts, right))
        return Shape(word, "", node.at, (left, right))

    def _prefix(self, node: Prefix) -> Shape:
        operand = self.shape(node.operand)
        if node.operator == "NOT":
            return Shape("not", "", node.at, (operand,))
        if self._text[node.at : node.at_end] == "-" and operand.kind == "constant":
            if _is_number(operand):
                return Shape("constant", _negated(operand.name), node.at)
            operand = replace(
                operand, at=node.at
            )  # PostgreSQL moves any constant before it looks for a number
        return Shape("operator", "<>" if node.operator == "!=" else node.operator, node.at, (operand,))

    def _arguments(self, node: Call) -> tuple[Shape, ...]:
        return tuple(
            self.shape(argument.value)
            if argument.name is None
            else Shape("named", argument.name, argument.name_start, (self.shape(argument.value),))
            for argument in node.arguments
        )

    def _compound(self, node: Compound) -> Shape:
        form, operands = node.form, node.operands
        if form == "call" or (form == "array" and self._text[node.end - 1] == ")"):
            return Shape("opaque", "", node.at, hidden=self._shapes(operands))
        if form in ("case", "case of"):
            arms = (len(operands) - (form == "case of")) // 2
            return Shape("case", f"{'of ' * (form == 'case of')}{arms}", node.at, self._shapes(operands))
        if form == "field":
            return Shape("field", node.name.strip('"'), -1, self._shapes(operands))
        if form in ("subscript", "at local"):
            return Shape(form, "", -1, self._shapes(operands))
        if form in ("any", "some", "all"):
            operator = _MATCHES.get(node.name) or node.name.removesuffix(" )").split()[-1]
            return Shape("all" if form == "all" else "any", operator, node.at, self._with_query(operands))
        if form in ("in", "not in"):
            return Shape(form, "", node.at, self._with_query(operands))
        return Shape(form, node.name, node.at, self._shapes(operands))

    def _with_query(self, operands: tuple[Expr, ...]) -> tuple[Shape, ...]:
        """Operands of IN, ANY and ALL; PostgreSQL gives the query among them no place of its own."""
        *others, last = self._shapes(operands)
        query = strip_parens(operands[-1])
        if len(others) == 1 and isinstance(query, Compound) and query.form == "subquery":
            last = replace(last, at=-1)
        return (*others, last)


def _constant(node: Literal) -> str:
    if node.kind == "number":
        return _number(node.text)
    if node.kind in ("bit", "hex"):
        return node.text[0].lower() + node.text[1:].replace("'", "")
    if node.kind in ("null", "boolean"):
        return node.text or "null"
    return f"'{node.text}'"


def _number(text: str) -> str:
    """Integers of 32 bits become numbers, all else keeps its spelling."""
    digits = text.replace("_", "")
    if not re.fullmatch(r"[0-9]+|0[xXoObB][0-9a-fA-F]+", digits):
        return text
    value = int(digits) if digits.isdecimal() else int(digits, 0)
    return str(value) if value < 2**31 else text


def _is_number(shape: Shape) -> bool:
    return shape.kind == "constant" and shape.name.lstrip("-")[:1] in "0123456789."


def _negated(number: str) -> str:
    if _INTEGER.fullmatch(number) and int(number) < 2**31:
        return str(-int(number))
    return number[1:] if number.startswith("-") else f"-{number}"


def _type(written: str) -> str:
    """A type as PostgreSQL names it, without its schema and without regard to case."""
    brackets = 0
    while found := _ARRAY.search(written):
        brackets += 1
        written = written[: found.start()]
    modifiers = _MODIFIERS.search(written)
    numbers = modifiers[1].replace(" ", "") if modifiers else ""
    inner = f"({numbers if re.fullmatch('[0-9,]*', numbers) else '?'})" if modifiers else ""
    bare = " ".join(_MODIFIERS.sub(" ", written).split())
    name = _TYPES.get(bare, bare).rpartition(".")[2].strip('" ').replace('""', '"')
    return name + inner + "[]" * brackets
