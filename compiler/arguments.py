"""Which argument of a call stands for which parameter, as PostgreSQL resolves functions."""

import re
from difflib import get_close_matches
from typing import NamedTuple

from .catalogue import FUNCTIONS, Function, Parameter
from .values import Sort, Value

# An integer as PostgreSQL reads one from a text: blanks around it, digits grouped by _, other bases.
_INTEGER = re.compile(
    r"[ \t\n\v\f\r]*(?P<sign>[+-]?)"
    r"(?P<digits>[0-9]+(?:_[0-9]+)*|0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)"
    r"[ \t\n\v\f\r]*\Z"
)
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_MANY_DIGITS = 100  # far beyond 64 bits in any base
# The largest value + 1 of the integer types.
LIMITS = {"integer": 1 << 31, "bigint": 1 << 63}
_TYPE_SORTS: dict[str, frozenset[Sort]] = {
    "text": frozenset({Sort.TEXT, Sort.NODE, Sort.PARTIAL, Sort.NULL, Sort.DYNAMIC}),
    "jsonb": frozenset({Sort.TEXT, Sort.JSON, Sort.NULL, Sort.DYNAMIC}),
    "integer": frozenset({Sort.TEXT, Sort.INTEGER, Sort.NULL, Sort.DYNAMIC}),
    "bigint": frozenset({Sort.TEXT, Sort.INTEGER, Sort.BIGINT, Sort.NULL, Sort.DYNAMIC}),
    "boolean": frozenset({Sort.TEXT, Sort.BOOLEAN, Sort.NULL, Sort.DYNAMIC}),
}


class Given(NamedTuple):
    """An argument as written: its value and, in named notation, its name."""

    value: Value
    name: str | None = None


class Mismatch(NamedTuple):
    """No signature fits: why, which argument is to blame, and a better name where one is close."""

    reason: str
    argument: int | None
    suggestion: str | None = None


def match_arguments(name: str, given: list[Given]) -> dict[str, Value | None] | Mismatch:
    """Parameter name -> value (None: the default) of the first signature that fits."""
    last: Mismatch | None = None
    for function in FUNCTIONS[name]:
        bound = _bind(function, given)
        if not isinstance(bound, Mismatch):
            return bound
        last = bound
    assert last is not None
    return last


def _bind(function: Function, given: list[Given]) -> dict[str, Value | None] | Mismatch:
    parameters = function.parameters
    bound: dict[str, Value | None] = {}
    for position, argument in enumerate(given):
        parameter = _parameter(parameters, position, argument)
        if isinstance(parameter, str):
            return Mismatch(parameter, position, _close(argument.name, parameters, bound))
        if parameter.name in bound:
            return Mismatch(f"parameter {parameter.name} is given twice", position)
        if not _accepts(parameter, argument.value):
            what = f"{parameter.name} is {parameter.type}, not {argument.value.type_text}"
            return Mismatch(what, position)
        bound[parameter.name] = argument.value
    for parameter in parameters:
        if parameter.name not in bound:
            if parameter.default is None:
                return Mismatch(f"{parameter.name} is missing", None)
            bound[parameter.name] = None
    return {parameter.name: bound[parameter.name] for parameter in parameters}


def _parameter(parameters: tuple[Parameter, ...], position: int, argument: Given) -> Parameter | str:
    if argument.name is not None:
        for parameter in parameters:
            if parameter.name == argument.name:
                return parameter
        return f"there is no parameter {argument.name}"
    if position < len(parameters):
        return parameters[position]
    count = len(parameters)
    return f"it takes {count or 'no'} argument{'s' if count != 1 else ''}"


# Names that the reference's own documents use for other parameters.
_OTHER_NAMES = {
    "timeout": "timeout_seconds",
    "cond": "condition",
    "then": "then_branch",
    "else": "else_branch",
}


def _close(name: str | None, parameters: tuple[Parameter, ...], bound: dict[str, Value | None]) -> str | None:
    if name is None:
        return None
    free = [parameter.name for parameter in parameters if parameter.name not in bound]
    if _OTHER_NAMES.get(name) in free:
        return _OTHER_NAMES[name]
    close = get_close_matches(name, free, 1, 0.5)
    return close[0] if close else None


def _accepts(parameter: Parameter, value: Value) -> bool:
    return value.sort is Sort.ERROR or value.sort in _TYPE_SORTS[parameter.type]


def integer_of(value: Value) -> int | None:
    """The integer that a constant stands for; None when it is not known or not an integer."""
    return None if value.text is None else read_integer(value.text)


def read_integer(text: str) -> int | None:
    """The integer that PostgreSQL reads from a text, None where it refuses; far too large ones are cut."""
    found = _INTEGER.match(text)
    if found is None:
        return None
    digits = found["digits"].lower().replace("_", "")
    base = _BASES.get(digits[:2], 10)
    digits = (digits[2:] if base != 10 else digits).lstrip("0")[:_MANY_DIGITS]
    number = int(digits or "0", base)
    return -number if found["sign"] == "-" else number


def call_text(name: str, given: list[Given]) -> str:
    """The call as PostgreSQL's "does not exist" message shows it."""
    parts = (f"{g.name} => {g.value.type_text}" if g.name else g.value.type_text for g in given)
    return f"df.{name}({', '.join(parts)})"
