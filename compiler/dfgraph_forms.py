"""The forms of values in dfgraph/1, and the error that says which value is wrong, and where."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from ..grammar import DfsqlError

Check: TypeAlias = Callable[[Any, str], None]


class GraphFormatError(DfsqlError, ValueError):
    """A text is not dfgraph/1; `where` is the place, such as `workflows[0].nodes[3].span`."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


def form(what: str, *types: type) -> Check:
    """A check that a value is of one of these types; a truth value is no number here."""

    def check(value: Any, where: str) -> None:
        if type(value) not in types:
            raise GraphFormatError(where, f"must be {what}, not {_described(value)}")

    return check


a_text = form("a string", str)
a_text_or_null = form("a string or null", str, type(None))
a_flag = form("true or false", bool)
an_object = form("an object", dict)
a_list = form("a list", list)
a_number = form("a whole number", int)


def one_of(what: str, values: Sequence[str]) -> Check:
    """A check that a value is one of these strings."""

    def check(value: Any, where: str) -> None:
        a_text(value, where)
        if value not in values:
            raise GraphFormatError(where, f"unknown {what} '{value}'{did_you_mean(value, values)}")

    return check


def anything(value: Any, where: str) -> None:
    """For values that are read by a form of their own."""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint to append to a message, empty where nothing known is alike."""
    close = get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def record(
    value: Any, where: str, checks: Mapping[str, Check], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """An object with exactly these keys (the optional ones may be missing), each value of its form."""
    an_object(value, where or "the document")
    for key in value:
        if key not in checks:
            raise GraphFormatError(where, f"unknown key '{key}'{did_you_mean(str(key), list(checks))}")
    for key, check in checks.items():
        if key in value:
            check(value[key], f"{where}.{key}" if where else key)
        elif key not in optional:
            raise GraphFormatError(where, f"the key '{key}' is missing")
    return dict(value)


def _described(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), f"the number {value}")
