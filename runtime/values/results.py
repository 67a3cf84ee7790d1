"""Reads result texts: whether one is a row set, its first row, all of its rows."""

from enum import Enum
from typing import NamedTuple

from .json_text import JsonTextError, Value, parse, parse_first

_ROWS_FIRST = '{"rows":['  # how every row set that a statement returned begins


class Shape(Enum):
    """What a result text holds."""

    ROWS = "a row set with at least one row"
    NO_ROWS = "a row set without rows"
    OTHER = "other JSON"
    INVALID = "no JSON"


class Head(NamedTuple):
    """The beginning of a result; `value` is the first row of ROWS, all of OTHER, else None."""

    shape: Shape
    value: Value


def head_of(text: str) -> Head:
    """What a result is, read no further than its first row where it is a row set as statements return it.

    An object whose member `rows` is an array counts as a row set, whoever made it (rules R4.9, R5.1).
    """
    try:
        if text.startswith(_ROWS_FIRST) and text.endswith("}"):
            if text[len(_ROWS_FIRST)] == "]":
                return Head(Shape.NO_ROWS, None)
            return Head(Shape.ROWS, parse_first(text, len(_ROWS_FIRST)))
        value = parse(text)
    except JsonTextError:
        return Head(Shape.INVALID, None)
    rows = value.get("rows") if isinstance(value, dict) else None
    if not isinstance(rows, list):
        return Head(Shape.OTHER, value)
    return Head(Shape.ROWS, rows[0]) if rows else Head(Shape.NO_ROWS, None)


def rows_of(text: str) -> list[Value] | None:
    """All rows of a row set, None of any other result. Raises JsonTextError when the text is not JSON."""
    value = parse(text)
    rows = value.get("rows") if isinstance(value, dict) else None
    return rows if isinstance(rows, list) else None
