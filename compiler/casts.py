"""Casts of constants: to text they keep the text, to a limited type they cut it, as PostgreSQL does."""

import re

from ..grammar import Cast
from .values import Sort, Value, known_text

_TEXT_TYPES = {"text": "text", "varchar": "character varying", "character varying": "character varying"}
_CUT_TYPES = frozenset({"char", "character", "bpchar", "name"})
_LIMITED = re.compile(r"(varchar|character varying|char|character|bpchar) ?\( ?([0-9]+) ?\)\Z")
_INTEGERS = {
    "int": Sort.INTEGER, "int4": Sort.INTEGER, "integer": Sort.INTEGER, "smallint": Sort.INTEGER, "int2": Sort.INTEGER,
    "bigint": Sort.BIGINT, "int8": Sort.BIGINT,
}  # fmt: skip
# Types without an implicit cast to text. Any other may be a domain over text, or have such a cast.
_NOT_TEXT = frozenset(
    "bit bytea cidr date decimal double float float4 float8 inet interval line macaddr money numeric oid point real"
    " record time timestamp timestamptz timetz tsquery tsvector uuid varbit xml box circle lseg path polygon"
    " regclass regproc regprocedure regrole regtype".split()
)
_WORD = re.compile(r"\w+")
_NAME_BYTES = 63
_NUMBERS = frozenset({Sort.INTEGER, Sort.BIGINT, Sort.NUMERIC})


def cast_value(node: Cast, value: Value) -> Value:
    """The value of a cast."""
    target = node.type_name.removeprefix("pg_catalog.")
    result = Value(Sort.DYNAMIC, node.start, node.end)
    if value.sort in (Sort.ERROR, Sort.NULL):
        result.sort = value.sort
    elif target in _TEXT_TYPES:
        return _to_text(node, value, _TEXT_TYPES[target])
    elif _LIMITED.match(target) or target in _CUT_TYPES:
        return _limited(node, value, target)
    elif target in _INTEGERS:
        result.sort, result.text = _INTEGERS[target], _rounded(value)
    elif target in ("jsonb", "json"):
        # df. functions take jsonb; json has no implicit cast to it
        result.sort = Sort.JSON if target == "jsonb" else Sort.OTHER
        result.text, result.type_name = value.text, target
    elif target in ("boolean", "bool"):
        result.sort = Sort.BOOLEAN
    elif _is_not_text(target):
        result.sort, result.type_name = Sort.OTHER, target
    return result


def _is_not_text(target: str) -> bool:
    word = _WORD.match(target)
    return target.endswith("]") or (word is not None and word[0] in _NOT_TEXT)


def _to_text(node: Cast, value: Value, type_name: str) -> Value:
    """text and unlimited varchar keep everything; a number becomes its text."""
    if value.is_textual and value.sort is not Sort.DYNAMIC:
        value.start, value.end = node.start, node.end
        value.type_name = type_name
        return value
    if (value.sort in _NUMBERS or value.sort is Sort.BOOLEAN) and value.text is not None:
        return Value(Sort.TEXT, node.start, node.end, text=value.text, type_name=type_name)
    return Value(Sort.DYNAMIC, node.start, node.end)


def _limited(node: Cast, value: Value, target: str) -> Value:
    whole = known_text(value) if value.is_textual else None
    if whole is None:
        return Value(Sort.DYNAMIC, node.start, node.end)
    text = cut_text(target, whole)
    return Value(Sort.TEXT, node.start, node.end, text=text, pieces=value.pieces, type_name="text")


def cut_text(target: str, text: str) -> str:
    """What an explicit cast to a limited type leaves of a text."""
    if target == "name":
        return text.encode()[:_NAME_BYTES].decode(errors="ignore")
    limited = _LIMITED.match(target)
    cut = text if target == "bpchar" else text[: int(limited[2][:10]) if limited else 1]
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
