"""How many steps run at a time, and how long a step waits for its turn."""

import time

import pytest
from df_database import Connection
from spec_runner import NewBench, one

pytestmark = pytest.mark.needs_postgres

SLOT_TEXT = (
    "pg_durable: connection limit reached (max_user_connections=1)."
    " Timed out after 2s waiting for an available execution slot."
)


def start(app: Connection, graph: str) -> str:
    return str(one(app, "SELECT df.start(%s)", graph))


def ended(app: Connection, instance: str) -> str:
    return str(one(app, "SELECT t.ended(%s)", instance))


# rule: R8.1 R8.2 D-parallel
def test_eight_steps_run_at_a_time(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app:
        began = time.monotonic()
        instances = [start(app, "SELECT pg_sleep(3)") for _ in range(8)]
        short = start(app, "SELECT 1")  # nobody stands behind the long ones
        assert ended(app, short) == "completed"
        assert time.monotonic() - began < 2.5
        assert {ended(app, instance) for instance in instances} == {"completed"}
        assert time.monotonic() - began < 12


# rule: R8.3 D-dispatch
def test_nobody_waits_for_a_poll(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app:
        ended(app, start(app, "SELECT 1"))  # the session is open now
        took = []
        for _ in range(15):
            began = time.monotonic()
            instance = start(app, "SELECT 1")
            while one(app, "SELECT df.status(%s)", instance) != "completed":
                assert time.monotonic() - began < 10
            took.append(time.monotonic() - began)
        assert sorted(took)[7] < 0.15, f"pg_durable's polls take 200 ms: {took}"
        began = time.monotonic()
        chain = one(app, "SELECT df.start(" + " ~> ".join(["'SELECT 1'"] * 30) + ")")
        ended(app, chain)
        assert time.monotonic() - began < 5


# rule: R8.2
def test_a_short_step_does_not_wait_for_a_long_one_behind_it(new_bench: NewBench) -> None:
    """The commit of the first carries the statement of the second, which is next in line for the same session."""
    bench = new_bench({"pg_durable.max_user_connections": "1"})
    with bench.connect() as app:
        began = time.monotonic()
        first = start(app, "SELECT pg_sleep(0.5)")
        second = start(app, "SELECT pg_sleep(6)")
        assert ended(app, first) == "completed"
        assert time.monotonic() - began < 5
        assert one(app, "SELECT df.status(%s)", second) in ("pending", "running")
        race = str(one(app, "SELECT df.start(df.race('SELECT 1', 'SELECT pg_sleep(60)'))"))
        assert ended(app, second) == "completed"
        assert ended(app, race) == "completed"


# rule: R6.9 M9
def test_four_steps_with_two_connections(new_bench: NewBench) -> None:
    bench = new_bench({"pg_durable.max_user_connections": "2", "pg_durable.execution_acquire_timeout": "2"})
    with bench.connect() as app:
        instances = [start(app, "SELECT pg_sleep(1)") for _ in range(4)]
        time.sleep(0.5)
        busy = app.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
            " AND application_name = 'pg_durable:worker:workflow-sql'"
        ).fetchone()
        assert busy == (2,)
        assert [ended(app, instance) for instance in instances] == ["completed"] * 4


# rule: R6.9 M9 M3
def test_a_step_whose_turn_never_comes_fails_while_the_line_is_blocked(new_bench: NewBench) -> None:
    bench = new_bench({"pg_durable.max_user_connections": "1", "pg_durable.execution_acquire_timeout": "2"})
    with bench.connect() as app:
        first = start(app, "SELECT pg_sleep(5)")
        app.execute(
            "SELECT t.comes(format('SELECT df.status(%%L) = ''running''', %s::text), 'it runs')", [first]
        )
        began = time.monotonic()
        second = start(app, "SELECT 1")
        assert ended(app, second) == "failed"
        assert 1.5 < time.monotonic() - began < 3.5
        assert app.execute("SELECT df.status(%s)", [first]).fetchone() == ("running",)
        assert app.execute("SELECT t.output(%s)", [second]).fetchone() == (SLOT_TEXT,)
        node = app.execute("SELECT (t.node(%s, 'SQL')).result #>> '{}'", [second]).fetchone()
        assert node == (SLOT_TEXT,)
        assert ended(app, first) == "completed"


# rule: R6.9 D-parallel
def test_a_long_line_that_moves_never_fails(new_bench: NewBench) -> None:
    bench = new_bench({"pg_durable.max_user_connections": "1", "pg_durable.execution_acquire_timeout": "2"})
    with bench.connect() as app:
        instances = [start(app, "SELECT pg_sleep(0.3)") for _ in range(12)]
        waits = [one(app, "SELECT df.start(df.sleep(1))") for _ in range(2)]  # need no slot
        assert {ended(app, instance) for instance in instances + waits} == {"completed"}
