"""The cron texts of df.wait_for_schedule: what we take, what we say otherwise, and what pg_durable does."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dfsql.compiler.cron import CronError, parse
from dfsql.compiler.cron_reference import reference_accepts, reference_differs

EVERY = {"minutes": 60, "hours": 24, "days": 31, "months": 12, "weekdays": 7}
# text, field, its values (the others hold everything)
VALUES = [
    ("*/20 * * * *", "minutes", {0, 20, 40}),
    ("5/15 * * * *", "minutes", {5, 20, 35, 50}),
    ("1,3-5,50-59/4 * * * *", "minutes", {1, 3, 4, 5, 50, 54, 58}),
    ("007 * * * *", "minutes", {7}),
    ("  59\t* * *\r\n* ", "minutes", {59}),
    ("* 22-23 * * *", "hours", {22, 23}),
    ("* * 1,31 * *", "days", {1, 31}),
    ("* * * jan,MAR-May,12 *", "months", {1, 3, 4, 5, 12}),
    ("* * * MAR/4 *", "months", {3, 7, 11}),
    ("* * * * 0", "weekdays", {0}),
    ("* * * * 7", "weekdays", {0}),
    ("* * * * 1-5", "weekdays", {1, 2, 3, 4, 5}),
    ("* * * * Mon-fRI", "weekdays", {1, 2, 3, 4, 5}),
    ("* * * * 5-7", "weekdays", {5, 6, 0}),
    ("* * * * SUN,sat", "weekdays", {0, 6}),
    ("* * * * */2", "weekdays", {0, 2, 4, 6}),
    ("* * * * 1-7/3", "weekdays", {1, 4, 0}),
    ("* * * * 7/3", "weekdays", {0, 3, 6}),
    ("* * * * 4/2", "weekdays", {4, 6}),
]


@pytest.mark.parametrize(("text", "field", "values"), VALUES)
def test_values(text: str, field: str, values: set[int]) -> None:
    schedule = parse(text)
    assert getattr(schedule, field) == values
    for other, count in EVERY.items():
        if other != field:
            assert len(getattr(schedule, other)) == count


# text, kind, what the error stands at, words of the message, suggestion
REFUSED = [
    ("", "empty", "", "five fields are needed", None),
    (" \n", "empty", " \n", "five fields are needed", None),
    ("5", "few-fields", "5", "here is only 1", None),
    (" * * * * ", "few-fields", "* * * *", "here are only 4", None),
    ("*****", "few-fields", "*****", "here is only 1", None),
    ("@daily", "shorthand", "@daily", 'write "0 0 * * *"', "0 0 * * *"),
    (" @Weekly ", "shorthand", "@Weekly", 'write "0 0 * * 0"', "0 0 * * 0"),
    ("@every 5m", "shorthand", "@every 5m", 'write "*/5 * * * *"', "*/5 * * * *"),
    ("@every 6h", "shorthand", "@every 6h", 'write "0 */6 * * *"', "0 */6 * * *"),
    ("@every 7m", "shorthand", "@every 7m", "not supported", None),
    ("@reboot", "shorthand", "@reboot", "not supported", None),
    ("0 */5 * * * *", "many-fields", "0 */5 * * * *", "no field for seconds", "*/5 * * * *"),
    ("0 0 12 * * ?", "many-fields", "0 0 12 * * ?", "no field for seconds", "0 12 * * *"),
    ("0 0 12 ? * MON *", "many-fields", "0 0 12 ? * MON *", "seconds and years", "0 12 * * MON"),
    ("0 9 * * MON *", "many-fields", "0 9 * * MON *", "no field for years", "0 9 * * MON"),
    ("*/5 * * * * *", "many-fields", "*/5 * * * * *", "no field for years", "*/5 * * * *"),
    ("0 0 1 1 * 2027", "many-fields", "0 0 1 1 * 2027", "neither", None),
    ("10 - 20 * * * *", "syntax", "10 - 20 * * * *", "no blanks", "10-20 * * * *"),
    ("60 * * * *", "value", "60", "60 is no minute: allowed is 0 to 59", None),
    ("* 24 * * *", "value", "24", "allowed is 0 to 23", None),
    ("* * 0 * *", "value", "0", "allowed is 1 to 31", None),
    ("* * 32 * *", "value", "32", "no day of month", None),
    ("* * * 13 *", "value", "13", "allowed is 1 to 12 or JAN to DEC", None),
    ("* * * * 1,8", "value", "8", "0 to 7 or SUN to SAT (0 and 7 are Sunday)", None),
    (f"{'9' * 5000} * * * *", "value", "9" * 5000, "is no minute", None),
    ("-5 * * * *", "value", "-5", "below 0", None),
    ("*/0 * * * *", "step", "*/0", "never moves on", None),
    ("*/60 * * * *", "step", "*/60", 'larger than the minute field, which ends at 59; write "0"', None),
    ("0 */24 * * *", "step", "*/24", 'write "0"', None),
    ("0 0 */32 * *", "step", "*/32", 'write "1"', None),
    ("0 0 * */13 *", "step", "*/13", "month", None),
    ("0 0 * * */8", "step", "*/8", "day of week", None),
    ("0 22-2 * * *", "range", "22-2", 'write "22-23,0-2"', "22-23,0-2"),
    ("0 0 28-3 * *", "range", "28-3", 'write "28-31,1-3"', "28-31,1-3"),
    ("0 0 * NOV-JAN *", "range", "NOV-JAN", 'write "11-12,1"', "11-12,1"),
    ("0 0 * * FRI-MON", "range", "FRI-MON", 'write "5-7,1"', "5-7,1"),
    ("0 0 * * SAT-SUN", "range", "SAT-SUN", 'write "6-7"', "6-7"),
    ("0 0 * * 5-1", "range", "5-1", 'write "5-7,1"', "5-7,1"),
    ("0 0 * * 7-2", "range", "7-2", 'write "0-2"', "0-2"),
    ("0 0 * * 6-2/2", "range", "6-2/2", "goes down", None),
    ("0 0 L * *", "special", "L", "the last such day", None),
    ("0 0 L-3 * *", "special", "L-3", "the last such day", None),
    ("0 0 15W * *", "special", "15W", "the nearest working day", None),
    ("0 0 LW * *", "special", "LW", "not supported", None),
    ("0 0 * * 5L", "special", "5L", "the last such day", None),
    ("0 0 * * MON#2", "special", "MON#2", "n-th", None),
    ("0 0 ? * MON", "special", "?", 'write "*"', "*"),
    ("H * * * *", "special", "H", "write a number", None),
    ("H/5 * * * *", "special", "H/5", "write a number", None),
    ("0 0 * * Monday", "name", "Monday", 'write "MON"', "MON"),
    ("0 0 * * mon-thurs", "name", "thurs", 'write "THU"', "THU"),
    ("0 0 * sept *", "name", "sept", 'write "SEP"', "SEP"),
    ("0 0 * MON *", "name", "MON", "names a day of week and stands in the month field", None),
    ("0 JAN * * *", "name", "JAN", "names a month and stands in the hour field", None),
    ("0 0 * * th", "name", "th", "is no day of week", None),
    ("0 0 * * MONDAYS", "name", "MONDAYS", "is no day of week", None),
    ("1,,2 * * * *", "syntax", "1,,2", "comma with nothing beside it", None),
    ("5, * * * *", "syntax", "5,", "comma with nothing beside it", None),
    ("*-5 * * * *", "syntax", "*-5", "range", None),
    ("1-2-3 * * * *", "syntax", "1-2-3", "is no minute", None),
    ("٣ * * * *", "syntax", "٣", "is no minute", None),
    ("{cron} * * * *", "syntax", "{cron}", "is no minute", None),
]


@pytest.mark.parametrize(("text", "kind", "place", "words", "suggestion"), REFUSED)
def test_refusals_explain_themselves(
    text: str, kind: str, place: str, words: str, suggestion: str | None
) -> None:
    with pytest.raises(CronError) as caught:
        parse(text)
    error = caught.value
    assert (error.kind, text[error.start : error.end]) == (kind, place)
    assert words in error.message
    assert error.suggestion == suggestion
    if suggestion is not None:
        parse(text[: error.start] + suggestion + text[error.end :])


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("0 0 30 2 *", True),
        ("0 0 31 4 *", True),
        ("0 0 31 2,4,6,9,11 *", True),
        ("0 0 31 2-3 *", False),
        ("0 0 29 2 *", False),
        ("0 0 30 2 MON", False),  # Mondays in February
        ("0 0 30 2 */1", True),
        ("* * * * *", False),
    ],
)
def test_never_matches(text: str, never: bool) -> None:
    assert parse(text).never_matches() is never
    assert (parse(text).next_after(datetime(2026, 1, 1)) is None) is never


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("0 9 * * 1-5", ["01-01 09:00", "01-02 09:00", "01-05 09:00"]),
        ("0 0 13 * FRI", ["01-02 00:00", "01-09 00:00", "01-13 00:00"]),
        ("0 0 1 * MON", ["01-05 00:00", "01-12 00:00", "01-19 00:00"]),
        ("*/59 * * * *", ["01-01 00:59", "01-01 01:00", "01-01 01:59"]),
        ("0 */23 * * *", ["01-01 23:00", "01-02 00:00", "01-02 23:00"]),
        ("0 0 */31 * *", ["02-01 00:00", "03-01 00:00", "04-01 00:00"]),
        ("0 0 */1 * 0", ["01-04 00:00", "01-11 00:00", "01-18 00:00"]),
    ],
)
def test_next_after_from_a_thursday(text: str, ticks: list[str]) -> None:
    moment, found = datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in ticks:
        following = parse(text).next_after(moment)
        assert following is not None
        moment = following
        found.append(f"{moment:%m-%d %H:%M}")
    assert found == ticks


def test_next_after_is_strictly_after_and_in_utc() -> None:
    nine = parse("0 9 * * *")
    assert nine.next_after(datetime(2026, 1, 1, 8, 59, 59, 500_000)) == datetime(2026, 1, 1, 9)
    assert nine.next_after(datetime(2026, 1, 1, 9)) == datetime(2026, 1, 2, 9)
    assert nine.next_after(datetime(2026, 1, 1, 9, 0, 0, 1)) == datetime(2026, 1, 2, 9)
    berlin = timezone(timedelta(hours=1))
    assert nine.next_after(datetime(2026, 1, 1, 9, 30, tzinfo=berlin)) == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert parse("0 0 29 2 *").next_after(datetime(2096, 3, 1)) == datetime(2104, 2, 29)
    assert nine.next_after(datetime(9999, 12, 31, 10)) is None


# text, accepted by pg_durable, words of what it does otherwise (None: the same, or both refuse)
REFERENCE = [
    ("*/5 * * * *", True, None),
    ("0 9 * * MON-FRI", True, None),
    ("0 9 * * 1-5", True, "Sun, Mon, Tue, Wed, Thu instead of Mon, Tue, Wed, Thu, Fri"),
    ("0 9 * * 2-6", True, "Mon, Tue, Wed, Thu, Fri instead of Tue"),
    ("0 0 * * 1", True, "Sun instead of Mon"),
    ("0 0 * * 7", True, "Sat instead of Sun"),
    ("0 0 * * 6,7", True, "Fri, Sat instead of Sun, Sat"),
    ("0 0 * * SAT,SUN", True, None),
    ("0 0 * * 0", False, "refuses 0"),
    ("* * * * 0-6", False, "refuses 0"),
    ("* * * * 1-7", True, None),
    ("* * * * 8", False, None),
    ("0 0 * * */2", True, None),
    ("0 0 * * 2-6/2", True, "Mon, Wed, Fri instead of Tue, Thu, Sat"),
    ("0 0 * * MON-FRI/2", True, None),
    ("0 0 * * MON/2", False, "step after a name"),
    ("0 0 1 MAR/2 *", False, "step after a name"),
    ("0 0 1 3/2 *", True, None),
    ("0 0 * * Sunday", True, "full names"),
    ("0 0 1 January,dec *", True, "full names"),
    ("* * * * mon-thurs", True, "full names"),
    ("* * * * tues", True, "full names"),
    ("* * * sept *", False, None),
    ("* * * * th", False, None),
    ("0 0 13 * FRI", True, "both the day of month and the day of week"),
    ("0 0 1 * MON", True, "both the day of month and the day of week"),
    ("0 0 ? * MON", True, '"?" as "*"'),
    ("0 0 * * ?", True, '"?" as "*"'),
    ("? * * * *", False, None),
    ("* * * ? *", False, None),
    ("5/15 * * * *", True, None),
    ("*/60 * * * *", False, None),
    ("0 */24 * * *", False, None),
    ("0 0 */32 * *", False, None),
    ("0 0 * */13 *", False, None),
    ("0 0 * * */8", False, None),
    ("*/0 * * * *", False, None),
    ("0 22-2 * * *", False, None),
    ("0 0 * * FRI-MON", False, None),
    ("0 0 * * SAT-SUN", False, None),
    ("0 0 * * 5-1", False, None),
    ("60 * * * *", False, None),
    ("* 24 * * *", False, None),
    ("0 0 0 * *", False, None),
    ("0 0 32 * *", False, None),
    ("-5 * * * *", False, None),
    ("/10 * * * * *", True, "for seconds"),
    ("-5 * * * * *", True, "for seconds"),
    (",30 * * * * *", True, "for seconds"),
    ("0 0 L * *", False, None),
    ("0 0 15W * *", False, None),
    ("0 0 * * MON#2", False, None),
    ("0 0 * * 2#1", False, None),
    ("@daily", False, None),
    ("@hourly", False, None),
    ("* * * *", False, None),
    ("0 0 1 1 * 2027", True, "sixth field as the year"),
    ("* * * * * *", True, "sixth field as the year"),
    ("0 */5 * * * *", True, "sixth field as the year"),
    ("*****", True, "blanks in other places"),
    ("*/5****", True, "blanks in other places"),
    ("1*2*3", True, "blanks in other places"),
    ("0 9 15JAN*", True, "blanks in other places"),
    ("10 - 20 * * * *", True, "blanks in other places"),
    ("0 , 30 * * * *", True, "blanks in other places"),
    ("*/ 5 * * * *", True, "blanks in other places"),
    ("* /5 * * * *", False, None),
    ("/5 * * * *", False, None),
    ("10 -20 9 * * *", True, "blanks in other places"),
    ("@every 5m", False, None),
    ("SUN-SAT * * * *", False, None),
    ("* * * * SUN-SAT", True, None),
    ("5,* * * * *", True, None),
    ("5, * * * *", False, None),
    (",5 * * * *", False, None),
    ("1,,5 * * * *", False, None),
    ("* * ?/5 * *", True, '"?" as "*"'),
    ("* * * * FRI-6", False, "from a number to a name"),
    ("0 0 30 2 *", True, None),
    ("0 0 1 1 * 2020", True, "sixth field as the year"),
    ("0 0 1 1 * 2101", False, None),
    ("* * * * * * *", False, None),
]


@pytest.mark.parametrize(("text", "accepted", "words"), REFERENCE)
def test_reference(text: str, accepted: bool, words: str | None) -> None:
    assert reference_accepts(text) is accepted
    sentence = reference_differs(text)
    if words is None:
        assert sentence is None
    else:
        assert sentence is not None and words in sentence
        assert sentence.startswith("pg_durable ") and not sentence.endswith(".")
