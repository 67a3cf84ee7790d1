"""Dates and times from PostgreSQL's text (DateStyle ISO, TimeZone UTC) to the form that results have.

Years are four digits; beyond them, and before the year 1, they are signed and counted from a year 0, as
ISO 8601 has it. The fraction has no, three or six digits. What is no date (`infinity`) stays as it is.
"""

import re
from datetime import UTC, datetime

_DATE = re.compile(r"(\d{4,})-(\d\d-\d\d)( BC)?")
_MOMENT = re.compile(
    r"(?P<year>\d{4,})-(?P<day>\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,6}))?"
    r"(?P<zone>[+-]\d\d(?::\d\d){0,2})?(?P<era> BC)?"
)
_FRACTIONS = ("", "00", "0", "", "00", "0", "")  # zeros to add, by the number of digits


def date(text: str) -> str:
    """`2031-05-06`; `-0043-03-15` for `0044-03-15 BC`; `+10000-01-01`."""
    if len(text) == 10:
        return text
    found = _DATE.fullmatch(text)
    return f"{_year(found[1], found[3])}-{found[2]}" if found else text


def timestamp(text: str) -> str:
    """`2031-05-06T05:08:09.500` for `2031-05-06 05:08:09.5`."""
    if len(text) == 19 and text[10] == " ":
        return f"{text[:10]}T{text[11:]}"
    return _moment(text)


def timestamptz(text: str) -> str:
    """`2031-05-06T05:08:09+00:00` for `2031-05-06 05:08:09+00`; a moment of another zone is told in UTC."""
    if len(text) == 22 and text[10] == " " and text[19:] == "+00":
        return f"{text[:10]}T{text[11:19]}+00:00"
    return _moment(text)


def _moment(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    zone = found["zone"]
    if zone not in (None, "+00"):  # a step may have set another zone
        return _elsewhere(text, zone)
    year = _year(found["year"], found["era"])
    fraction = _fraction(found["fraction"] or "")
    return f"{year}-{found['day']}T{found['time']}{fraction}{'+00:00' if zone else ''}"


def _fraction(digits: str) -> str:
    return f".{digits}{_FRACTIONS[len(digits)]}" if digits else ""


def _year(digits: str, era: str | None) -> str:
    if era:
        number = 1 - int(digits)
        return f"-{-number:04}" if number else "0000"
    return digits if len(digits) == 4 else f"+{digits}"


def _elsewhere(text: str, zone: str) -> str:
    """A moment with an offset, in UTC; beyond the years that Python counts it keeps its offset."""
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text.replace(" ", "T", 1)
    digits = f"{moment.microsecond:06}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}".zfill(19) + f"{_fraction(digits)}+00:00"
