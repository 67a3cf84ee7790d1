"""Our schedules tick when croniter's do, and the reference reads what both accept as we do."""

from datetime import UTC, datetime, timedelta

from croniter import croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dfsql.compiler.cron import CronError, parse
from dfsql.compiler.cron_fields import FIELDS
from dfsql.compiler.cron_reference import _read, reference_accepts, reference_differs
from dfsql.runtime.schedules import next_tick


def _item(low: int, high: int, names: tuple[str, ...], first: int) -> st.SearchStrategy[str]:
    def word(number: int) -> str:
        return names[number - first] if names and 0 <= number - first < len(names) else str(number)

    numbers = st.integers(low, high)
    # croniter takes a-a for the whole field, so a range has two ends here
    pairs = st.tuples(numbers, numbers).map(sorted).filter(lambda pair: pair[0] < pair[1])
    steps = st.integers(1, min(high, 12))
    return st.one_of(
        st.just("*"),
        numbers.map(str),
        numbers.map(word),
        pairs.map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(pairs, steps).map(lambda each: f"{each[0][0]}-{each[0][1]}/{each[1]}"),
        st.tuples(numbers, steps).map(lambda each: f"{each[0]}/{each[1]}"),
        steps.filter(lambda step: step > 1 and step <= high).map(lambda step: f"*/{step}"),
    )


def _field(index: int) -> st.SearchStrategy[str]:
    field = FIELDS[index]
    item = _item(field.low, field.high, field.names, field.first_name)
    return st.lists(item, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(*[_field(index) for index in range(5)]).map(" ".join)


@settings(max_examples=400)
@given(EXPRESSIONS, st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))
def test_ticks_are_those_of_croniter(text: str, start: datetime) -> None:
    schedule = parse(text)
    # Where one day field is spelt out in full and the other only begins with a star, croniter forgets the first.
    full = len(schedule.days) == 31 and not schedule.any_day
    full = full or (len(schedule.weekdays) == 7 and not schedule.any_weekday)
    assume(not full)
    if schedule.never_matches():
        return
    oracle = croniter(text, start)
    moment = start
    for _ in range(5):
        following = schedule.next_after(moment)
        assert following is not None
        assert following == oracle.get_next(datetime)
        assert following - moment > timedelta(0)
        moment = following


@settings(max_examples=400)
@given(EXPRESSIONS)
def test_the_reference_reads_all_but_weekdays_as_we_do(text: str) -> None:
    schedule = parse(text)
    reading = _read(text)
    if reading is None:
        assert not reference_accepts(text) and reference_differs(text) is not None
        return
    assert reading.values["second"] == {0} and not reading.year
    assert reading.values["minute"] == schedule.minutes
    assert reading.values["hour"] == schedule.hours
    assert reading.values["day"] == schedule.days
    assert reading.values["month"] == schedule.months
    if reading.values["weekday"] != schedule.weekdays:
        assert reference_differs(text) is not None


@settings(max_examples=1500)
@given(st.text("*,-/?0123456789 \tMONsunJANLW#@", max_size=24))
def test_any_text_is_a_schedule_or_an_error_with_a_place(text: str) -> None:
    reference_differs(text)
    try:
        parse(text)
    except CronError as error:
        assert 0 <= error.start <= error.end <= len(text)
        if error.suggestion is not None:
            parse_again = text[: error.start] + error.suggestion + text[error.end :]
            try:
                parse(parse_again)
            except CronError as another:  # a second mistake may be left, not the same one
                assert another.start >= error.start + len(error.suggestion) or another.kind != error.kind


@settings(max_examples=400)
@given(EXPRESSIONS, st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))
def test_the_worker_wakes_at_the_same_minute(text: str, start: datetime) -> None:
    """Also where croniter by itself would read a day field otherwise."""
    moment = start.replace(tzinfo=UTC)
    assert next_tick(text, moment) == parse(text).next_after(moment)
