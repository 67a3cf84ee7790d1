"""One field of a cron text: its numbers and names, and what is wrong with an item of it."""

import re
from dataclasses import dataclass

from ..grammar import DfsqlError

MONTHS = ("january february march april may june july august september october november december").split()
WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday".split()


class CronError(DfsqlError, ValueError):
    """Why a text is no schedule. `start` and `end` are offsets into the text.

    `kind` is one of "empty", "few-fields", "many-fields", "shorthand", "special" (L, W, #, ? and H), "name",
    "value", "range", "step" and "syntax". `suggestion`, where there is one, replaces text[start:end].
    """

    def __init__(self, message: str, start: int, end: int, kind: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.kind = kind
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    low: int
    high: int  # the largest number that may be written
    last: int  # the last number of `*`
    names: tuple[str, ...] = ()
    first_name: int = 0

    def number(self, word: str) -> int | None:
        """The number of a three-letter name, in any case."""
        word = word.lower()
        return self.names.index(word) + self.first_name if word in self.names else None

    @property
    def allowed(self) -> str:
        """What may stand in the field, for people."""
        names = f" or {self.names[0].upper()} to {self.names[-1].upper()}" if self.names else ""
        sunday = " (0 and 7 are Sunday)" if self.high > self.last else ""
        return f"{self.low} to {self.high}{names}{sunday}"


FIELDS = (
    Field("minute", 0, 59, 59),
    Field("hour", 0, 23, 23),
    Field("day of month", 1, 31, 31),
    Field("month", 1, 12, 12, tuple(name[:3] for name in MONTHS), 1),
    Field("day of week", 0, 7, 6, tuple(name[:3] for name in WEEKDAYS)),
)

# What other programs know beyond numbers, and what it means there.
_SPECIAL = {
    re.compile(r"[0-9]*L|L-[0-9]+|LW|[A-Z]{3}L"): "the last such day",
    re.compile(r"[0-9]+W|W[0-9]*"): "the nearest working day",
    re.compile(r"[0-9A-Z]+#[0-9]*"): "the n-th such weekday of a month",
    re.compile(r"H(?:[/(].*)?"): "a hashed value",
}
_ITEM = re.compile(r"(?P<low>\*|[A-Za-z]+|[0-9]+)(?:-(?P<high>[A-Za-z]+|[0-9]+))?(?:/(?P<step>[0-9]+))?")


def values_of(word: str, field: Field, start: int) -> frozenset[int]:
    """All numbers of one field; day of week 7 stays 7."""
    found: set[int] = set()
    at = start
    for item in word.split(","):
        if not item:
            message = f'the {field.name} field "{word}" has a comma with nothing beside it'
            raise CronError(message, start, start + len(word), "syntax")
        found.update(_item(item, field, at))
        at += len(item) + 1
    return frozenset(found)


def _item(item: str, field: Field, start: int) -> range:
    end = start + len(item)
    match = _ITEM.fullmatch(item)
    if match is None or _special(item):
        raise _no_item(item, field, start)
    step = _step(match["step"], field, start, end) if match["step"] else 1
    if match["low"] == "*":
        if match["high"]:
            raise CronError(f'"{item}" is no {field.name}: a range joins two numbers', start, end, "syntax")
        return range(field.low, field.last + 1, step)
    low = _number(match["low"], field, start)
    if match["high"] is None:
        if match["step"] is None:
            return range(low, low + 1)
        return range(low % 7 if field.high == 7 else low, field.last + 1, step)
    high = _number(match["high"], field, start + match.start("high"))
    if low > high:
        raise _descending(item, match, field, low, high, start)
    return range(low, high + 1, step)


def _int(digits: str) -> int:
    """The number, or one as much too large: a text of thousands of digits is none that Python reads."""
    return int(digits.lstrip("0")[:9] or "0")


def _step(digits: str, field: Field, start: int, end: int) -> int:
    step = _int(digits)
    if step == 0:
        raise CronError(f"a step of 0 never moves on; the {field.name} needs 1 or more", start, end, "step")
    if step > field.high:
        message = f"the step {digits} is larger than the {field.name} field, which ends at {field.high}"
        raise CronError(f'{message}; write "{field.low}" for its first value', start, end, "step")
    return step


def _number(word: str, field: Field, start: int) -> int:
    end = start + len(word)
    if word.isdecimal():
        number = _int(word)
        if field.low <= number <= field.high:
            return number
        message = f"{word} is no {field.name}: allowed is {field.allowed}"
        raise CronError(message, start, end, "value")
    named = field.number(word)
    if named is not None:
        return named
    raise _no_name(word, field, start)


def _no_name(word: str, field: Field, start: int) -> CronError:
    end = start + len(word)
    lower = word.lower()
    full = {name[:3]: name for name in (*MONTHS, *WEEKDAYS)}.get(lower[:3], "")
    short = lower[:3].upper()
    if full and (full.startswith(lower) or lower == "sept") and short.lower() in field.names:
        message = f'names have three letters: write "{short}" for "{word}"'
        return CronError(message, start, end, "name", short)
    for other in FIELDS[3:]:
        if lower[:3] in other.names and full.startswith(lower) and field is not other:
            message = f'"{word}" names a {other.name} and stands in the {field.name} field'
            return CronError(message, start, end, "name")
    return CronError(f'"{word}" is no {field.name}: allowed is {field.allowed}', start, end, "name")


def _descending(item: str, match: re.Match[str], field: Field, low: int, high: int, start: int) -> CronError:
    """A range that would pass the end of its field: the cure names both halves."""
    cure = None
    if match["step"] is None:
        if field.high == 7:  # Saturday to Monday is 6-7,1; 7-2 begins with Sunday, which is 0 as well
            parts = [(low, 7), (1, high)] if low < 7 else [(0, high)]
        else:
            parts = [(low, field.high), (field.low, high)]
        cure = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts if a <= b)
    advice = f'; write "{cure}"' if cure else ""
    message = f'the range "{item}" of the {field.name} goes down{advice}'
    return CronError(message, start, start + len(item), "range", cure)


def _special(item: str) -> str | None:
    """What a sign that other programs know means there."""
    upper = item.upper()
    return next((meaning for pattern, meaning in _SPECIAL.items() if pattern.fullmatch(upper)), None)


def _no_item(item: str, field: Field, start: int) -> CronError:
    end = start + len(item)
    if item == "?" or item.startswith("?/"):
        cure = f"*{item[1:]}"
        return CronError(f'"?" is not supported; write "{cure}"', start, end, "special", cure)
    if meaning := _special(item):
        advice = "write a number" if item[0] in "Hh" else "let a step check the date"
        return CronError(f'"{item}" ({meaning}) is not supported; {advice}', start, end, "special")
    if item.startswith("-"):
        message = f'"{item}" is no {field.name}: numbers below 0 do not exist here'
        return CronError(message, start, end, "value")
    message = f'"{item}" is no {field.name}: allowed are {field.allowed}, "*", "a-b" and "/n"'
    return CronError(message, start, end, "syntax")
