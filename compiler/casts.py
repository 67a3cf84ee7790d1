"""Casts of constants: to text they keep the text, to a limited type they cut it, as PostgreSQL does."""

import re

from ..grammar import Cast
from .values import Sort, Value

_TEXT_TYPES = frozenset({"text", "varchar", "character varying", "pg_catalog.text", "bpchar"})
_LIMITED = re.compile(r"(varchar|character varying|char|character|bpchar) ?\( ?([0-9]+) ?\)\Z")
_INTEGERS = {
    "int": Sort.INTEGER, "int4": Sort.INTEGER, "integer": Sort.INTEGER, "smallint": Sort.INTEGER, "int2": Sort.INTEGER,
    "bigint": Sort.BIGINT, "int8": Sort.BIGINT,
}  # fmt: skip
_NAME_BYTES = 63
_NUMBERS = frozenset({Sort.INTEGER, Sort.BIGINT, Sort.NUMERIC})


def cast_value(node: Cast, value: Value) -> Value:
    """The value of a cast."""
    target = node.type_name
    result = Value(Sort.DYNAMIC, node.start, node.end)
    if value.sort in (Sort.ERROR, Sort.NULL):
        result.sort = value.sort
    elif target in _TEXT_TYPES:
        return _to_text(node, value)
    elif _LIMITED.match(target) or target in ("char", "character", "name"):
        return _limited(node, value)
    elif target in _INTEGERS:
        result.sort, result.text = _INTEGERS[target], _rounded(value)
    elif target in ("jsonb", "json"):
        # df. functions take jsonb; json has no implicit cast to it
        result.sort = Sort.JSON if target == "jsonb" else Sort.OTHER
        result.text, result.type_name = value.text, target
    elif target in ("boolean", "bool"):
        result.sort = Sort.BOOLEAN
    else:
        result.sort, result.type_name = Sort.OTHER, target
    return result


def _to_text(node: Cast, value: Value) -> Value:
    """text and unlimited varchar keep everything; a number becomes its text."""
    if value.is_textual and value.sort is not Sort.DYNAMIC:
        value.start, value.end = node.start, node.end
        return value
    if value.sort in _NUMBERS and value.text is not None:
        return Value(Sort.TEXT, node.start, node.end, text=value.text)
    if value.sort is Sort.BOOLEAN and value.text is not None:
        return Value(Sort.TEXT, node.start, node.end, text=value.text)
    return Value(Sort.DYNAMIC, node.start, node.end)


def _limited(node: Cast, value: Value) -> Value:
    if value.sort is not Sort.TEXT or value.text is None:
        return Value(Sort.DYNAMIC, node.start, node.end)
    text = cut_text(node.type_name, value.text)
    return Value(Sort.TEXT, node.start, node.end, text=text, pieces=value.pieces)


def cut_text(target: str, text: str) -> str:
    """What an explicit cast to a limited type leaves of a text."""
    if target == "name":
        return text.encode()[:_NAME_BYTES].decode(errors="ignore")
    limited = _LIMITED.match(target)
    length = int(limited[2]) if limited else 1
    cut = text[:length]
    return cut if target.startswith(("varchar", "character varying")) else cut.rstrip(" ")


def _rounded(value: Value) -> str | None:
    """The integer that a numeric constant is rounded to, halves away from zero."""
    if value.text is None or value.sort not in _NUMBERS | {Sort.TEXT}:
        return None
    if value.sort is not Sort.NUMERIC:
        return value.text
    from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

    try:
        return str(int(Decimal(value.text.replace("_", "")).quantize(Decimal(1), ROUND_HALF_UP)))
    except InvalidOperation:
        return None
