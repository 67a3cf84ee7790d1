"""Constants that are no steps: numbers as PostgreSQL types and prints them, arithmetic, built-in & and |."""

from ..grammar import Binary, Expr, Literal, Prefix
from .arguments import LIMITS, read_integer
from .values import Sort, Value

NUMBERS = frozenset({Sort.INTEGER, Sort.BIGINT, Sort.NUMERIC})
_INTEGERS = frozenset({Sort.INTEGER, Sort.BIGINT})
# What the built-in & and | take; OTHER may be an address.
_BITWISE = frozenset({Sort.INTEGER, Sort.BIGINT, Sort.BITS, Sort.OTHER})
_TYPE = {Sort.INTEGER: "integer", Sort.BIGINT: "bigint"}
_SORTS = {"bit": Sort.BITS, "hex": Sort.BITS, "boolean": Sort.BOOLEAN, "null": Sort.NULL}
_MANY_DIGITS = 1000


def literal_value(node: Literal) -> Value:
    """The value of a constant; quoted ones are text of a type still open."""
    if node.kind == "number":
        sort, text = _number(node.text)
        return Value(sort, node.start, node.end, text=text)
    if node.kind in _SORTS:
        return Value(_SORTS[node.kind], node.start, node.end, text=None if node.kind == "null" else node.text)
    return Value(Sort.TEXT, node.start, node.end, text=node.text, pieces=((0, node),))


def _number(written: str) -> tuple[Sort, str]:
    """Its type, and its text as a cast to text prints it: `1e3` is 1000, `0x1F` is 31, `.5` is 0.5."""
    integer = read_integer(written)
    if integer is not None:
        if integer < LIMITS["integer"]:
            return Sort.INTEGER, str(integer)
        if integer < LIMITS["bigint"]:
            return Sort.BIGINT, str(integer)
        return Sort.NUMERIC, written
    from decimal import Decimal, InvalidOperation

    try:
        value = Decimal(written.replace("_", ""))
    except InvalidOperation:
        return Sort.NUMERIC, written
    short = abs(value.adjusted()) < _MANY_DIGITS
    return Sort.NUMERIC, format(value, "f") if short else written


def signed(node: Prefix, operand: Value) -> Value:
    """`-5` and `+5`."""
    text = operand.text
    if node.operator == "-" and text is not None:
        text = text[1:] if text.startswith("-") else f"-{text}"
    return Value(operand.sort, node.start, node.end, text="0" if text == "-0" else text)


def arithmetic(node: Binary, left: Value, right: Value) -> Value:
    """`3 * 86400` is known; of other numbers only the type is."""
    if left.sort not in NUMBERS or right.sort not in NUMBERS:
        return Value(Sort.DYNAMIC, node.start, node.end)
    sort = next(sort for sort in (Sort.NUMERIC, Sort.BIGINT, Sort.INTEGER) if sort in (left.sort, right.sort))
    result = Value(sort, node.start, node.end)
    if node.operator == "^":
        result.sort, result.type_name = Sort.OTHER, "double precision"
    elif sort in _INTEGERS and left.text is not None and right.text is not None:
        number = _computed(node.operator, int(left.text), int(right.text))
        if number is not None and -LIMITS[_TYPE[sort]] <= number < LIMITS[_TYPE[sort]]:
            result.text = str(number)
    return result


def _computed(operator: str, left: int, right: int) -> int | None:
    """Integer arithmetic; a division is cut towards zero. None where the server would raise an error."""
    if operator in "+-*":
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    if right == 0:
        return None
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if operator == "/" else left - right * quotient


def bitwise(node: Expr, left: Value, right: Value) -> Value | str | None:
    """The value of a built-in & or |, the error that it raises, or None where the operands make it none.

    A literal takes the type of the other side; of an operand known only to the server we believe that it fits.
    """
    known = left if left.sort in _BITWISE else right
    if known.sort not in _BITWISE:
        return None
    other = right if known is left else left
    result = Value(known.sort, node.start, node.end, type_name=known.type_name)
    if other.sort in _BITWISE:
        result.sort = Sort.BIGINT if Sort.BIGINT in (left.sort, right.sort) else known.sort
        return result
    if other.sort in (Sort.DYNAMIC, Sort.NULL):
        return result
    if other.sort is not Sort.TEXT or other.type_name is not None:
        return None
    return _refused(known.sort, other.text or "") or result


def _refused(sort: Sort, text: str) -> str | None:
    """Why a literal is no value of the type on the other side."""
    if sort is Sort.BITS:
        wrong = text.removeprefix("b").strip("01")
        return f'"{wrong[0]}" is not a valid binary digit' if wrong and text[:1] not in "xX" else None
    if sort not in _INTEGERS:
        return None
    number, name = read_integer(text), _TYPE[sort]
    if number is None:
        return f'invalid input syntax for type {name}: "{text}"'
    inside = -LIMITS[name] <= number < LIMITS[name]
    return None if inside else f'value "{text}" is out of range for type {name}'
