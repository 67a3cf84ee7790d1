"""Retries that a real worker runs: what had ended is not run again, what failed goes on, at every kind of place."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from df_calls import as_worker, one
from df_database import OWNER, Connection, DfDatabase

pytestmark = pytest.mark.needs_postgres

DOUBT = "1 / (SELECT ok::int FROM ctl)"  # fails until the table is mended

# workflow; what the log says after the failure, and at the end; how the retry ends
CASES = {
    "chain": (
        f"df.sql('INSERT INTO log SELECT ''a''') ~> 'INSERT INTO log SELECT ''b'' || {DOUBT}' ~> 'INSERT INTO log SELECT ''c'''",
        "a", "a b1 c", "completed",
    ),
    "arm of an IF": (
        f"df.if('SELECT true', df.sql('INSERT INTO log SELECT ''a''') ~> 'INSERT INTO log SELECT ''b'' || {DOUBT}', 'SELECT 2')",
        "a", "a b1", "completed",
    ),
    "JOIN at the root": (
        f"df.join('INSERT INTO log SELECT ''a''', df.sleep(1) ~> 'INSERT INTO log SELECT ''b'' || {DOUBT}')",
        "a", "a b1", "completed",
    ),
    "branch of a race": (
        f"df.sql('INSERT INTO log SELECT ''a''') ~> df.race('INSERT INTO log SELECT ''b'' || {DOUBT}', df.sleep(60))"
        " ~> 'INSERT INTO log SELECT ''c'''",
        "a", "a b1 c", "completed",
    ),
    "iteration of an inner loop, with its bindings": (
        "'SELECT 0 AS c' |=> 'c' ~> df.loop(df.sql('INSERT INTO log SELECT $c') ~> ('SELECT $c + 1 AS c' |=> 'c')"
        f" ~> 'SELECT CASE WHEN $c < 3 THEN 1 ELSE {DOUBT} END', 'SELECT $c < 5') ~> 'INSERT INTO log SELECT ''end'' || $c'",
        "0 1 2", "0 1 2 3 4 end5", "completed",
    ),
    "iteration of the loop at the root": (
        "df.loop(df.sql('INSERT INTO log SELECT ''i''') ~> ('SELECT count(*) AS c FROM log' |=> 'c')"
        f" ~> 'SELECT CASE WHEN $c < 3 THEN 1 ELSE {DOUBT} END', 'SELECT $c < 5')",
        "i i i", "i i i i i", "completed",
    ),
    "no effect at all fails again": (
        "df.sql('INSERT INTO log SELECT ''a''') ~> df.if_rows('nobody', 'SELECT 1', 'SELECT 2')", "a", "a", "failed",
    ),
    "break outside of a loop fails again": (
        "df.sql('INSERT INTO log SELECT ''a''') ~> df.break('3')", "a", "a", "failed",
    ),
}  # fmt: skip


@pytest.fixture
def served(database: DfDatabase) -> Iterator[DfDatabase]:
    """A database with a worker process."""
    as_worker(database, "CREATE TABLE public.ctl (ok bool); INSERT INTO ctl VALUES (false)")
    as_worker(
        database,
        "CREATE TABLE public.log (t text, n serial); GRANT ALL ON log, ctl TO app; GRANT ALL ON SEQUENCE log_n_seq TO app",
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "dfsql", "worker", "--dsn", database.dsn(OWNER)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while as_worker(database, "SELECT to_regclass('_duroxide._worker_ready')") == [(None,)]:
            assert worker.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield database
    finally:
        worker.terminate()
        worker.wait(20)


def written(app: Connection) -> str:
    return str(one(app, "SELECT coalesce(string_agg(t, ' ' ORDER BY n), '') FROM log"))


def test_every_place(served: DfDatabase) -> None:
    """One worker for all cases: starting it takes longer than they do."""
    with served.connect() as app:
        for name, (workflow, before, after, end) in CASES.items():
            app.execute("TRUNCATE log; UPDATE ctl SET ok = false")
            old = one(app, f"SELECT df.start({workflow})")
            assert one(app, "SELECT df.await_instance(%s, 20)", old) == "failed", name
            assert written(app) == before, name
            failures = app.execute(
                "SELECT node_id, status, result FROM df.instance_nodes(%s) WHERE inferred_status = 'failed'",
                [old],
            ).fetchall()

            app.execute("UPDATE ctl SET ok = true")
            new = one(app, "SELECT df.retry_instance(%s)", old)
            assert one(app, "SELECT df.await_instance(%s, 20)", new) == end, name
            assert written(app) == after, name
            assert one(app, "SELECT df.status(%s)", old) == "failed"
            states = app.execute("SELECT inferred_status FROM df.instance_nodes(%s)", [new]).fetchall()
            assert {row[0] for row in states} <= {"completed", "skipped", end}, name
            if end == "failed":
                again = app.execute(
                    "SELECT node_id, status, result FROM df.instance_nodes(%s) WHERE inferred_status = 'failed'",
                    [new],
                ).fetchall()
                assert again == failures, name


def test_a_cancelled_sleep_begins_again(served: DfDatabase) -> None:
    with served.connect() as app:
        old = one(
            app,
            "SELECT df.start(df.sql('INSERT INTO log SELECT ''a''') ~> df.sleep(2) ~> 'INSERT INTO log SELECT ''b''')",
        )
        deadline = time.monotonic() + 20
        while written(app) != "a":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        one(app, "SELECT df.cancel(%s, 'later')", old)
        while one(app, "SELECT output FROM df.instance_info(%s)", old) != "canceled: later":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        begun = time.monotonic()
        new = one(app, "SELECT df.retry_instance(%s)", old)
        assert one(app, "SELECT df.await_instance(%s, 20)", new) == "completed"
        assert time.monotonic() - begun > 1.9
        assert written(app) == "a b"
