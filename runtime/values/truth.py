"""Conditions: what counts as true, and whether a result has rows."""

import re
from typing import Any

from ...compiler import DfsqlError
from .json_text import JsonTextError, Number, Value, parse
from .results import Shape, head_of

_YES = frozenset(("true", "t", "yes"))
_NO = frozenset(("", "false", "f", "no"))
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?")
# The end of a row set as statements return it; what stands behind the last `]` is its own member.
_COUNT_LAST = re.compile(r'\],"row_count":([0-9]+)\}\Z')
_COUNT_LENGTH = 40


class RowCountError(DfsqlError, ValueError):
    """`df.if_rows` names no result that has rows; the text is the node's failure."""


def is_true(result_text: str) -> bool:
    """Whether a condition's result means yes (rules R5.1 to R5.4). Never fails.

    The first column of the first row decides, or the whole value of a result that is no row set.
    """
    shape, value = head_of(result_text)
    if shape is Shape.NO_ROWS:
        return False
    if shape is Shape.INVALID:
        return _is_true_text(result_text)
    if shape is Shape.ROWS:
        if not isinstance(value, dict) or not value:
            return True  # no column to look at: the result itself, an object that is not empty
        value = next(iter(value.values()))
    return _is_true_value(value)


def _is_true_value(value: Value) -> bool:
    if isinstance(value, Number):
        return float(value) != 0
    if isinstance(value, str):
        return _is_true_text(value)
    return bool(value)


def _is_true_text(text: str) -> bool:
    """A text means no when it is empty, a word for no, or a number that is zero."""
    word = text.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    return not (_DECIMAL.fullmatch(word) and float(word) == 0)


def row_count(result_text: str | None, name: str) -> int:
    """The number of rows in the result called `name`; None stands for a name that nothing is bound to.

    Raises RowCountError with the texts of rule R2.7.
    """
    if result_text is None:
        raise RowCountError(f"df.if_rows: result '{name}' not found")
    if result_text.startswith('{"rows":['):
        found = _COUNT_LAST.search(result_text, max(0, len(result_text) - _COUNT_LENGTH))
        if found:
            return int(found[1])
    try:
        value: Any = parse(result_text)
    except JsonTextError as error:
        raise RowCountError(f"df.if_rows: invalid result JSON: {error}") from None
    count = value.get("row_count") if isinstance(value, dict) else None
    if not isinstance(count, Number) or not count.lstrip("-").isdigit():
        raise RowCountError(f"df.if_rows: result '{name}' is not a SQL result (missing row_count)")
    return int(count)
