"""The cron texts of `df.wait_for_schedule`: five fields as cron documents them, in UTC.

Minute, hour, day of month, month and day of week hold numbers, `*`, `,`, `-`, `/` and English three-letter
names; 0 and 7 are Sunday. When both day fields are restricted a day has to match only one of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from .cron_fields import FIELDS, CronError, values_of

__all__ = ["CronError", "Schedule", "parse"]

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIVE = "minute, hour, day of month, month, day of week"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes a text stands for; weekdays count from Sunday, 0 to 6."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool  # the day of month is `*`
    any_weekday: bool  # the day of week is `*`

    def never_matches(self) -> bool:
        """Whether no day of any year fits, as on 30 February (rule S-07 of the language reference)."""
        if not self.any_weekday:  # either it alone decides, or it is enough by itself
            return False
        return all(day > _MONTH_DAYS[month - 1] for day in self.days for month in self.months)

    def on_day(self, day: datetime) -> bool:
        """Whether a day matches by month, day of month and day of week."""
        if day.month not in self.months:
            return False
        by_date = day.day in self.days
        by_week = day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_date and by_week
        return by_date or by_week

    def next_after(self, moment: datetime) -> datetime | None:
        """The first match strictly after a moment, in UTC; None when there is none (or only after year 9999).

        A moment without a time zone is taken as UTC, and so is the answer then.
        """
        if self.never_matches():
            return None
        zone = moment.tzinfo and UTC
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        try:
            moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
            while not self.on_day(moment):
                moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
            for hour, minute in self._times(moment.hour, moment.minute):
                return moment.replace(hour=hour, minute=minute, tzinfo=zone)
            return self.next_after(moment.replace(hour=23, minute=59))
        except OverflowError:
            return None

    def _times(self, hour: int, minute: int) -> Iterator[tuple[int, int]]:
        """The matching times of a day from a time on."""
        for each in sorted(self.hours):
            if each >= hour:
                for at in sorted(self.minutes):
                    if each > hour or at >= minute:
                        yield each, at


@lru_cache(maxsize=4096)
def parse(text: str) -> Schedule:
    """The schedule of a text. Raises CronError with the place, the reason and, where there is one, a cure."""
    words = [(word.group(), word.start()) for word in re.finditer(r"[^ \t\r\n]+", text)]
    if not words:
        raise CronError(f"the schedule is empty; five fields are needed: {_FIVE}", 0, len(text), "empty")
    start, end = words[0][1], words[-1][1] + len(words[-1][0])
    if words[0][0].startswith("@"):
        raise _shorthand(text[start:end], start, end)
    if len(words) != 5:
        raise _wrong_count(text[start:end], [word for word, _ in words], start, end)
    minutes, hours, days, months, weekdays = (
        values_of(word, field, at) for (word, at), field in zip(words, FIELDS, strict=True)
    )
    return Schedule(
        text,
        minutes,
        hours,
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        _is_star(words[2][0]),
        _is_star(words[4][0]),
    )


def _is_star(word: str) -> bool:
    return any(item in ("*", "*/1") for item in word.split(","))


def _accepted(text: str) -> str | None:
    """The text if it is a schedule."""
    try:
        return parse(text).text
    except CronError:
        return None


_EVERY = re.compile(r"@every\s+([1-9][0-9]*)([mh])\Z")


def _shorthand(text: str, start: int, end: int) -> CronError:
    cure = _SHORTHANDS.get(text.lower())
    if every := _EVERY.match(text.lower()):
        count, unit, limit = int(every[1]), every[2], 60 if every[2] == "m" else 24
        if limit % count == 0 and count < limit:
            cure = f"*/{count} * * * *" if unit == "m" else f"0 */{count} * * *"
    advice = f'; write "{cure}"' if cure else ""
    return CronError(f"{text} is a shorthand that is not supported{advice}", start, end, "shorthand", cure)


def _wrong_count(text: str, words: list[str], start: int, end: int) -> CronError:
    count = len(words)
    tight = re.sub(r"[ \t\r\n]*([,/-])[ \t\r\n]*", r"\1", text)
    if tight != text and (cure := _accepted(tight)):
        message = f'no blanks may stand around ",", "-" and "/"; write "{cure}"'
        return CronError(message, start, end, "syntax", cure)
    if count < 5:
        message = f"a schedule has five fields ({_FIVE}), here {_is(count)} only {count}"
        return CronError(message, start, end, "few-fields")
    message = f"a schedule has five fields ({_FIVE}), here are {count}"
    cure, dropped = _five_of([word.replace("?", "*") for word in words])
    if cure:
        message += f'; there is no field for {dropped}, so write "{cure}"'
    elif count == 6:
        message += "; there is neither a field for seconds nor one for years"
    return CronError(message, start, end, "many-fields", cure)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _five_of(words: list[str]) -> tuple[str | None, str]:
    """Five fields that say the same as six or seven, and what they leave out: second 0, every year."""
    seconds, years = words[0] == "0", words[-1] == "*"
    if seconds and len(words) == 6 and (cure := _accepted(" ".join(words[1:]))):
        return cure, "seconds"
    if years and len(words) == 6:
        return _accepted(" ".join(words[:5])), "years"
    if seconds and years and len(words) == 7:
        return _accepted(" ".join(words[1:6])), "seconds and years"
    return None, ""
