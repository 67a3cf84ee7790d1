"""The JSON configs of nodes: compact text, key order and jsonb's canonical form."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from .jsontext import quote

_INT64, _UINT64 = 1 << 63, 1 << 64
_DIGITS = 400  # a double has at most 309 digits in front of the point
# What jsonb does not keep: the character NUL, and halves of surrogate pairs.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def compact(root: Any, comma: str = ",", colon: str = ":") -> str:
    """JSON, keys in the order given, numbers as the reference prints them; no recursion."""
    written: list[str] = []
    stack: list[tuple[bool, Any]] = [(False, root)]
    while stack:
        ready, value = stack.pop()
        if ready:
            written.append(value)
        elif isinstance(value, dict):
            members = [
                part
                for key in value
                for part in ((True, quote(key) + colon), (False, value[key]), (True, comma))
            ]
            stack.extend(reversed([(True, "{"), *members[:-1], (True, "}")]))
        elif isinstance(value, list):
            items = [part for item in value for part in ((False, item), (True, comma))]
            stack.extend(reversed([(True, "["), *items[:-1], (True, "]")]))
        else:
            written.append(_scalar(value))
    return "".join(written)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return quote(value)
    return _double(value) if isinstance(value, float) else json.dumps(value)


def _double(value: float) -> str:
    """The shortest text that reads back as the same number: `1.5`, `1e22`, `0.00001`."""
    text = repr(value).replace("e+", "e")
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    if int(exponent) == -5:  # Python changes to an exponent one power of ten earlier
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        return f"{sign}0.0000{digits.replace('.', '')}"
    return f"{mantissa}e{int(exponent)}"


def jsonb(text: str) -> Any:
    """The value of a JSON text as jsonb keeps it: keys by length, then bytes; doubled keys collapse.

    Raises ValueError when the text is not JSON, or holds a number that no double is near to.
    """
    return _canonical(json.loads(text, parse_constant=_refuse, parse_int=_number, parse_float=_number))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _number(text: str) -> int | float:
    """jsonb prints a number in full, as numeric; what then has no fraction is an integer if 64 bits hold it."""
    try:
        plain = Decimal(text)
        exponent = plain.adjusted()
        if not -_DIGITS < exponent < _DIGITS:
            plain = Decimal(0) if exponent < 0 or not plain else Decimal("Infinity")
    except InvalidOperation:
        plain = Decimal("Infinity")
    whole = "." not in format(plain, "f") and plain.is_finite()
    if whole and -_INT64 <= int(plain) < _UINT64:
        return int(plain)
    value = float(plain) + 0.0  # numeric knows no negative zero
    if value in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return value


def _canonical(root: Any) -> Any:
    """The same value with every object's keys in jsonb's order; no recursion."""
    box = [root]
    stack: list[tuple[Any, Any]] = [(box, 0)]
    while stack:
        holder, key = stack.pop()
        value = holder[key]
        if isinstance(value, dict):
            for name in value:
                _check_text(name)
            ordered = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
            holder[key] = {name: value[name] for name in ordered}
            stack.extend((holder[key], name) for name in ordered)
        elif isinstance(value, list):
            stack.extend((value, index) for index in range(len(value)))
        elif isinstance(value, str):
            _check_text(value)
    return box[0]


def _check_text(text: str) -> None:
    found = _NO_TEXT.search(text)
    if found:
        raise ValueError(f"\\u{ord(found[0]):04x} cannot be converted to text")


def config_text(**members: str | None) -> str:
    """A config from members that are JSON texts already; None stands for null."""
    return (
        "{"
        + ",".join(f"{quote(key)}:{'null' if text is None else text}" for key, text in members.items())
        + "}"
    )
