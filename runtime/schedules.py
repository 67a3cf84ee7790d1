"""The next tick of a cron text: our reading of the dialect, croniter's search.

croniter reads some day fields otherwise than the dialect says (a field that is spelt out in full counts as `*` for it),
and takes more than five fields. So it gets what our own parser has understood, with every field as a plain list.
"""

from datetime import datetime

from ..compiler import Schedule, parse_schedule


def next_tick(text: str, moment: datetime) -> datetime | None:
    """The first tick strictly after a moment that has a time zone, in UTC; None when there is none in 50 years.

    Raises CronError for a text that is no schedule.
    """
    from croniter import CroniterBadDateError, croniter

    schedule = parse_schedule(text)
    if schedule.never_matches():
        return None
    try:
        found: datetime = croniter(_spelt_out(schedule), moment).get_next(datetime)
    except CroniterBadDateError:
        return None
    return found


def _spelt_out(schedule: Schedule) -> str:
    every_day = not schedule.any_day and not schedule.any_weekday  # then one of the two is enough
    every_day = every_day and (len(schedule.days) == 31 or len(schedule.weekdays) == 7)
    days = "*" if every_day or schedule.any_day else _list(schedule.days)
    weekdays = "*" if every_day or schedule.any_weekday else _list(schedule.weekdays)
    return f"{_list(schedule.minutes)} {_list(schedule.hours)} {days} {_list(schedule.months)} {weekdays}"


def _list(values: frozenset[int]) -> str:
    return ",".join(map(str, sorted(values)))
