"""How pg_durable reads the cron text of `df.wait_for_schedule`, and where that is not what cron documents.

It puts `0 ` (the seconds) before the text and knows five or six fields, the sixth being the year. Days of the
week run from 1, Sunday, to 7; both day fields have to match; blanks are free. Section 7 of the language
reference has the facts.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .cron import parse
from .cron_fields import MONTHS, WEEKDAYS, CronError

_BLANK = r"[ \t\r\n]*+"
_NUMBER = rf"(?>{_BLANK}[0-9]++{_BLANK})"
_NAME = rf"(?>{_BLANK}[A-Za-z]++{_BLANK})"


def _field(star: str) -> str:
    """A field; groups are atomic because that parser does not come back to a choice it made."""
    spec = rf"(?>{star}|{_NUMBER}-{_NUMBER}|{_NUMBER}|{_NAME}-{_NAME})"
    item = rf"(?>{spec}/{_NUMBER}|{spec}|{_NAME})"
    return rf"(?>{_BLANK}{item}(?:,{item})*+{_BLANK})"


_PLAIN, _DAY = _field(r"\*"), _field(r"[*?]")
_EXPRESSION = re.compile(
    rf"(?P<second>{_PLAIN})(?P<minute>{_PLAIN})(?P<hour>{_PLAIN})(?P<day>{_DAY})(?P<month>{_PLAIN})"
    rf"(?P<weekday>{_DAY})(?P<year>(?>{_PLAIN})?)\Z"
)
_RANGES = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (1, 7),
    "year": (1970, 2100),
}


def _names(words: list[str], extra: dict[str, int]) -> dict[str, int]:
    numbered = {name: number for number, name in enumerate(words, 1)}
    return numbered | {name[:3]: number for name, number in numbered.items()} | extra


_NAMES = {
    "month": _names(MONTHS, {}),
    "weekday": _names(WEEKDAYS, {"tues": 3, "thurs": 5}),
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """The values of every field; weekdays are ours, Sunday = 0."""

    values: dict[str, frozenset[int]]
    year: bool  # a sixth field is there
    day_free: bool
    weekday_free: bool


class _RefusedError(Exception):
    """The text has the right form and a value that is not allowed."""


@lru_cache(maxsize=4096)
def _read(text: str) -> _Reading | None:
    """The reading of the reference; None where it refuses the text."""
    match = _EXPRESSION.match(f"0 {text}")
    if match is None:
        return None
    try:
        values = {name: _values(name, match[name]) for name in _RANGES if match[name] or name != "year"}
    except _RefusedError:
        return None
    free = {
        name: len(values[name]) == high - low + 1 for name, (low, high) in _RANGES.items() if name in values
    }
    values["weekday"] = frozenset(day - 1 for day in values["weekday"])
    return _Reading(values, "year" in values, free["day"], free["weekday"])


def _values(name: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in re.sub(r"[ \t\r\n]", "", text).lower().split(","):
        spec, _, step = item.partition("/")
        found.update(_item(name, spec, step))
    return frozenset(found)


def _item(name: str, spec: str, step_text: str) -> range:
    low, high = _RANGES[name]
    step = int(step_text) if step_text else 1
    if not 1 <= step <= high:
        raise _RefusedError
    if spec in ("*", "?"):
        return range(low, high + 1, step)
    first, dash, second = spec.partition("-")
    start = _ordinal(name, first)
    end = _ordinal(name, second) if dash else high if step_text else start
    if start > end:
        raise _RefusedError
    return range(start, end + 1, step)


def _ordinal(name: str, word: str) -> int:
    number = int(word) if word.isdecimal() else _NAMES.get(name, {}).get(word)
    low, high = _RANGES[name]
    if number is None or not low <= number <= high:
        raise _RefusedError
    return number


def reference_accepts(text: str) -> bool:
    """Whether pg_durable builds a `df.wait_for_schedule` of this text."""
    return _read(text) is not None


def reference_differs(text: str) -> str | None:
    """One sentence on what pg_durable does otherwise with a text; None where it does the same or both refuse."""
    reading = _read(text)
    try:
        ours = parse(text)
    except CronError as error:
        return None if reading is None else _only_reference(reading, error)
    if reading is None:
        return _refusal(text)
    if reading.values["weekday"] != ours.weekdays:
        return (
            "pg_durable counts the days of the week from 1 for Sunday to 7 for Saturday, so it runs on "
            f"{_days(reading.values['weekday'])} instead of {_days(ours.weekdays)}; names such as MON-FRI mean the "
            "same in both"
        )
    if not (ours.any_day or ours.any_weekday) and not (reading.day_free and reading.weekday_free):
        return "pg_durable runs only on days that match both the day of month and the day of week"
    return None


def _days(weekdays: frozenset[int]) -> str:
    return ", ".join(WEEKDAYS[day][:3].capitalize() for day in sorted(weekdays))


def _refusal(text: str) -> str:
    """Why the reference refuses what we take."""
    weekday = text.split()[4]
    if re.search(r"[A-Za-z]/", text):
        return "pg_durable refuses a step after a name without a range"
    if re.search(r"[A-Za-z]-[0-9]|[0-9]-[A-Za-z]", text):
        return "pg_durable refuses a range from a number to a name or back"
    if re.search(r"(?<![0-9/])0+(?![0-9])", weekday):
        return "pg_durable refuses 0 as a day of the week: it counts from 1 for Sunday to 7 for Saturday"
    return "pg_durable refuses this text"


def _only_reference(reading: _Reading, error: CronError) -> str:
    """What the reference makes of a text that we refuse."""
    if reading.values["second"] != frozenset({0}):
        return "pg_durable accepts this and takes its beginning for seconds"
    if reading.year:
        return "pg_durable reads the sixth field as the year"
    reason = {
        "name": "pg_durable accepts full names of months and days",
        "special": 'pg_durable reads "?" as "*"',
        "syntax": "pg_durable accepts blanks in other places",
        "few-fields": "pg_durable accepts blanks in other places and none between fields",
    }
    return reason.get(error.kind, "pg_durable accepts this text")
