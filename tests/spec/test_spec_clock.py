"""Schedules: the next tick, in UTC, by the database clock, which these tests move."""

from datetime import UTC, datetime, timedelta

import pytest
from df_database import Connection
from spec_runner import NewBench, one

pytestmark = pytest.mark.needs_postgres

# expression -> at -> next tick; 1 January 2031 is a Wednesday
TICKS = [
    ("*/20 * * * *", "2031-01-01T12:00:00.300", "2031-01-01T12:20"),
    ("* * * * *", "2031-01-01T12:00:00", "2031-01-01T12:01"),
    ("0 9 * * mon-fri", "2031-01-03T09:00", "2031-01-06T09:00"),
    ("0 9 * * 1-5", "2031-01-03T10:00", "2031-01-06T09:00"),  # Monday to Friday
    ("0 9 * * 0", "2031-01-01T00:00", "2031-01-05T09:00"),  # Sunday
    ("0 9 * * 7", "2031-01-01T00:00", "2031-01-05T09:00"),  # Sunday too
    ("0 9 * * 1", "2031-01-01T00:00", "2031-01-06T09:00"),
    ("0 0 13 * 6", "2031-06-01T12:00", "2031-06-07T00:00"),  # the 13th or a Saturday
    ("0 0 13 * *", "2031-06-01T12:00", "2031-06-13T00:00"),
    ("30 4 29 FEB *", "2031-01-01T00:00", "2032-02-29T04:30"),
    ("5/10 0-1,22 * * *", "2031-01-01T01:56", "2031-01-01T22:05"),
]


def set_clock(owner: Connection, moment: str) -> None:
    owner.execute("DELETE FROM _duroxide.clock_offset")
    owner.execute(
        "INSERT INTO _duroxide.clock_offset (by_much) SELECT %s::timestamptz - clock_timestamp()",
        [moment + "+00"],
    )


# rule: R2.31 R2.32 D-cron
def test_the_next_tick(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app, bench.connect("dfowner") as owner:
        for expression, at, tick in TICKS:
            due = datetime.fromisoformat(tick).replace(tzinfo=UTC)
            set_clock(owner, at)
            instance = one(app, "SELECT df.start(df.wait_for_schedule(%s))", expression)
            app.execute(
                "SELECT t.comes(format('SELECT (t.node(%%L, ''WAIT_SCHEDULE'')).status = ''running''"
                " OR df.status(%%1$L) = ''completed''', %s::text), 'it waits')",
                [instance],
            )
            if one(app, "SELECT df.status(%s)", instance) != "completed":  # the tick was that near
                query = "SELECT coalesce(wait_until, due_at) FROM _duroxide.scopes WHERE scope_id = %s"
                assert abs(one(owner, query, instance) - due) < timedelta(seconds=1), expression
            app.execute("SELECT df.cancel(%s)", [instance])


# rule: R2.31 M8
def test_two_minutes_in_a_row(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app, bench.connect("dfowner") as owner:
        set_clock(owner, "2031-05-06T07:07:57")
        instance = one(
            app,
            "SELECT df.start(df.wait_for_schedule('* * * * *') |=> 'a' ~> $$INSERT INTO t.effects (what) VALUES ('tick')$$"
            " ~> df.wait_for_schedule('* * * * *') ~> 'SELECT $a AS a')",
        )
        app.execute("SELECT t.comes('SELECT EXISTS (SELECT FROM t.effects)', 'the first minute', 8)")
        now = one(owner, "SELECT _duroxide.clock()")
        assert datetime(2031, 5, 6, 7, 8, tzinfo=UTC) <= now < datetime(2031, 5, 6, 7, 8, 5, tzinfo=UTC)
        app.execute(
            "SELECT t.comes(format('SELECT (t.node(%%L, ''WAIT_SCHEDULE'', 2)).status = ''running''', %s::text), 'waits')",
            [instance],
        )
        set_clock(owner, "2031-05-06T07:08:57")
        one(app, "SELECT df.start('SELECT 1')")  # whoever claims something learns the time
        assert app.execute("SELECT t.ended(%s)", [instance]).fetchone() == ("completed",)
        now = one(owner, "SELECT _duroxide.clock()")
        assert datetime(2031, 5, 6, 7, 9, tzinfo=UTC) <= now < datetime(2031, 5, 6, 7, 9, 5, tzinfo=UTC)
        result = app.execute("SELECT df.result(%s)::jsonb #>> '{rows,0,a}'", [instance]).fetchone()
        assert result == ('{"scheduled": true}',)
