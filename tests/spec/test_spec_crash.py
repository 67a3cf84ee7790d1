"""What a worker's end does to workflows: nothing. Recorded results stay, steps are done once, waits keep their time."""

import time

import pytest
from df_database import Connection
from spec_runner import NewBench, one

pytestmark = pytest.mark.needs_postgres


def comes(app: Connection, query: str, what: str) -> None:
    app.execute("SELECT t.comes(%s, %s)", [query, what])


# rule: R6.10 R6.11 R8.4 D-delivery D-restart
def test_a_killed_worker_loses_and_doubles_nothing(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app:
        instance = one(
            app,
            "SELECT df.start($$INSERT INTO t.effects (what) VALUES ('one') RETURNING id$$ |=> 'id'"
            " ~> $$INSERT INTO t.effects (what) SELECT 'two' FROM pg_sleep(1.5)$$"
            " ~> $$INSERT INTO t.effects (what) VALUES ('three')$$ ~> 'SELECT $id AS id')",
        )
        comes(app, f"SELECT (t.node('{instance}', 'SQL', 2)).status = 'running'", "in the middle of step two")
        first = one(app, "SELECT id FROM t.effects WHERE what = 'one'")
        bench.workers[0].kill()
        assert one(app, "SELECT df.status(%s)", instance) == "running"
        bench.start_worker()
        assert one(app, "SELECT t.ended(%s)", instance) == "completed"
        assert one(app, "SELECT string_agg(what, ' ' ORDER BY id) FROM t.effects") == "one two three"
        assert one(app, "SELECT df.result(%s)::jsonb #>> '{rows,0,id}'", instance) == str(first)


# rule: R6.11 D-delivery
@pytest.mark.parametrize("point", ["statement.after", "commit.after"])
def test_a_worker_that_vanishes_around_the_commit(
    new_bench: NewBench, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = new_bench(worker=False)
    monkeypatch.setenv("DFSQL_FAILPOINT", f"{point}:2")
    bench.start_worker()
    monkeypatch.delenv("DFSQL_FAILPOINT")
    with bench.connect() as app:
        steps = " ~> ".join(f"$$INSERT INTO t.effects (what) VALUES ('{n}')$$" for n in range(5))
        instance = one(app, f"SELECT df.start({steps})")
        assert bench.workers[0].process.wait(15) == 137
        bench.start_worker()
        assert one(app, "SELECT t.ended(%s)", instance) == "completed"
        assert one(app, "SELECT string_agg(what, '' ORDER BY id) FROM t.effects") == "01234"


# rule: D-delivery
def test_one_commit_a_step(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app, bench.connect("postgres") as admin:
        steps = " ~> ".join(["$$INSERT INTO t.effects (what) VALUES ('x')$$"] * 100)
        admin.execute("SELECT pg_stat_force_next_flush()")
        count = "SELECT count(DISTINCT xmin::text) FROM t.effects"
        instance = one(app, f"SELECT df.start({steps})")
        assert one(app, "SELECT t.ended(%s)", instance) == "completed"
        assert one(app, count) == 100
        spread = "SELECT max(xmin::text::int8) - min(xmin::text::int8) FROM t.effects"
        assert one(app, spread) <= 105, "a step uses one transaction"


# rule: R6.12 R2.29 R1.2
def test_waits_keep_their_time_and_signals_are_kept_while_no_worker_runs(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app:
        sleeper = one(app, "SELECT df.start(df.sleep(4))")
        waiter = one(app, "SELECT df.start(df.wait_for_signal('go'))")
        for node, instance in (("SLEEP", sleeper), ("SIGNAL", waiter)):
            comes(app, f"SELECT (t.node('{instance}', '{node}')).status = 'running'", "it waits")
        bench.workers[0].kill()
        assert one(app, "SELECT df.signal(%s, 'go', '5')", waiter) == "OK"
        late = one(app, "SELECT df.start('SELECT 1 AS n')")
        time.sleep(1.5)
        assert one(app, "SELECT df.status(%s)", late) == "pending"
        bench.start_worker()
        assert one(app, "SELECT t.ended(%s)", waiter) == "completed"
        assert one(app, "SELECT df.result(%s)::jsonb ->> 'data'", waiter) == "5"
        assert one(app, "SELECT t.ended(%s)", late) == "completed"
        assert one(app, "SELECT t.ended(%s)", sleeper) == "completed"
        lasted = one(
            app,
            "SELECT extract(epoch FROM completed_at - created_at)::float8 FROM df.instances WHERE id = %s",
            sleeper,
        )
        assert 3.9 < lasted < 5.5
        assert one(app, "SELECT df.result(%s)::jsonb", sleeper) == {"slept": True, "seconds": 4}


# rule: R8.4
def test_a_worker_that_is_asked_to_end_hands_over(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect() as app:
        instance = one(app, "SELECT df.start('SELECT pg_sleep(0.5)' ~> df.sleep(2) ~> 'SELECT 1')")
        comes(app, f"SELECT df.status('{instance}') = 'running'", "it runs")
        assert bench.workers[0].stop() == 0
        bench.start_worker()
        assert one(app, "SELECT t.ended(%s)", instance) == "completed"


# rule: R2.23 D-pacing
def test_no_number_of_iterations_is_too_many(new_bench: NewBench) -> None:
    """pg_durable ends a loop after its iteration 100,000; here the counter is moved there, and the loop goes on."""
    bench = new_bench()
    with bench.connect() as app, bench.connect("dfowner") as owner:
        instance = one(
            app,
            "SELECT df.start(df.loop(df.sleep(1) ~> df.if($$INSERT INTO t.effects (what) VALUES ('turn') RETURNING id >= 3$$,"
            " df.break('3'), 'SELECT 1')))",
        )
        comes(app, f"SELECT (t.node('{instance}', 'SLEEP')).status = 'running'", "it sleeps")
        bench.workers[0].kill()
        owner.execute("UPDATE _duroxide.scopes SET generation = 100000 WHERE scope_id = %s", [instance])
        bench.start_worker()
        assert one(app, "SELECT t.ended(%s)", instance) == "completed"
        assert one(app, "SELECT current_execution_id FROM df.instance_info(%s)", instance) == 100002
