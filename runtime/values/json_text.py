"""JSON as results are written: compact, keys in order, every number kept as the text it is.

A number that went through a Python float would come out in another shape (`1e16` as `1e+16`), and SQL gives
`10 / 4` and `10 / 4.0` different answers. So numbers are carried as their digits.
"""

import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import NoReturn, TypeAlias

from ...compiler import DfsqlError

# How deep a column's JSON may nest. Readers and writers recurse; this leaves them room on any stack.
DEEPEST = 256

_LONGEST_SURE = 18  # digits that always fit 64 bits
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)

quote: Callable[[str], str] = encode_basestring  # a JSON string; all but quotes, `\` and controls as it is


class Number(str):
    """A JSON number: its digits."""

    __slots__ = ()


Value: TypeAlias = dict[str, "Value"] | list["Value"] | Number | str | bool | None


class JsonTextError(DfsqlError, ValueError):
    """A text is not JSON, or is JSON that cannot be kept; `str` tells why."""


def double(value: float) -> str:
    """A finite double in the shortest digits that read back as it, always with `.0` or an exponent.

    Plain digits from 1e-5 up to 1e16, else `1.5e300`: no `+`, no leading zeros in the exponent.
    """
    text = repr(value)
    if "e" not in text:
        return text
    mantissa, _, exponent = text.partition("e")
    power = int(exponent)
    if power == -5:  # Python changes to the exponent one power earlier
        sign = "-" if mantissa[0] == "-" else ""
        return f"{sign}0.0000{mantissa.lstrip('-').replace('.', '')}"
    return f"{mantissa}e{power}"


def _refuse_constant(word: str) -> NoReturn:
    raise JsonTextError(f"{word} is no JSON")


def _kept_double(digits: str) -> Number:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JsonTextError("number out of range")
    return Number(double(value))


def _kept_integer(digits: str) -> Number:
    """An integer of 64 bits as it is, a larger one as a double (rule R3.8)."""
    if len(digits) > _LONGEST_SURE:
        if len(digits) > 20 or not _SMALLEST <= int(digits) <= _LARGEST:
            return _kept_double(digits)
    elif digits == "-0":
        return Number("-0.0")
    return Number(digits)


_VERBATIM = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)
_KEPT = json.JSONDecoder(parse_int=_kept_integer, parse_float=_kept_double, parse_constant=_refuse_constant)


def parse(text: str) -> Value:
    """The value of a text, numbers as the digits they are; of doubled keys the last counts. JsonTextError."""
    return _decoded(_VERBATIM, text)


def parse_first(text: str, at: int) -> Value:
    """The value that begins at an offset, whatever follows it. Raises JsonTextError."""
    try:
        value: Value = _VERBATIM.raw_decode(text, at)[0]
    except RecursionError:
        raise JsonTextError("recursion limit exceeded") from None
    except json.JSONDecodeError as error:
        raise JsonTextError(str(error)) from None
    return value


def _decoded(decoder: json.JSONDecoder, text: str) -> Value:
    try:
        value: Value = decoder.decode(text)
    except RecursionError:
        raise JsonTextError("recursion limit exceeded") from None
    except json.JSONDecodeError as error:
        raise JsonTextError(str(error)) from None
    return value


def normalise(text: str) -> str:
    """A JSON text as results hold it: compact, of doubled keys the last, numbers of 64 bits or doubles.

    Raises JsonTextError also for what no result can hold: a number beyond all doubles, half a surrogate
    pair, nesting beyond DEEPEST.
    """
    return _written(_KEPT, text)


def compact(text: str) -> str:
    """A JSON text without white space between its words; numbers stay. Raises JsonTextError."""
    return _written(_VERBATIM, text)


def _written(decoder: json.JSONDecoder, text: str) -> str:
    if _is_too_deep(text):
        raise JsonTextError("recursion limit exceeded")
    written = dump(_decoded(decoder, text))
    if "\\" in text and _SURROGATE.search(written):
        raise JsonTextError("lone surrogate in hex escape")
    return written


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = deepest = 0
    for match in _OPENING.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest > DEEPEST


def dump(value: Value) -> str:
    """The compact text of a value."""
    kind = type(value)
    if kind is str:
        return quote(value)  # type: ignore[arg-type]
    if kind is Number:
        return value  # type: ignore[return-value]
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        return "{" + ",".join([f"{quote(key)}:{dump(item)}" for key, item in value.items()]) + "}"
    return "[" + ",".join([dump(item) for item in value]) + "]"
