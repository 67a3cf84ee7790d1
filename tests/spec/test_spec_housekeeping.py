"""Heartbeats, installations that come and go, readiness, locks, retention."""

import time

import psycopg
import pytest
from df_database import OWNER, Connection, DfDatabase, DfServer
from spec_runner import NewBench, Worker, one

from dfsql.sql import install

pytestmark = pytest.mark.needs_postgres


def until(connection: Connection, query: str, seconds: float = 15) -> None:
    """Wait until the query gives true; an error counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if one(connection, query):
                return
        except psycopg.Error:
            pass
        assert time.monotonic() < deadline, query
        time.sleep(0.05)


# rule: R8.5 A6.1
def test_one_row_per_worker_and_nobody_touches_anothers(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect("dfowner") as owner:
        first = one(owner, "SELECT epoch_id FROM df._worker_epoch")
        owner.execute(
            "INSERT INTO df._worker_epoch VALUES (gen_random_uuid(), now() - interval '2 min', now() - interval '40 s'),"
            " ('00000000-0000-4000-8000-000000000000', now() - interval '2 min', now() - interval '61 s')"
        )
        bench.start_worker()
        until(owner, "SELECT count(*) = 3 FROM df._worker_epoch", 8)  # removed after 60 s without a beat
        assert one(owner, "SELECT count(*) FROM df._worker_epoch WHERE epoch_id = %s", first) == 1
        until(
            owner,
            f"SELECT last_seen_at > started_at + interval '4 s' FROM df._worker_epoch WHERE epoch_id = '{first}'",
        )
        query = "SELECT bool_and(now() - last_seen_at < interval '8 s') FROM df._worker_epoch WHERE started_at > now() - interval '1 min'"
        assert one(owner, query) is True


# rule: A6.2 A6.3
def test_a_worker_waits_for_an_installation_and_outlives_it(pg18: DfServer) -> None:
    with pg18.empty_database() as database:
        worker = Worker(database.dsn(OWNER))
        try:
            with database.connect(OWNER) as owner:
                time.sleep(1)
                assert worker.process.poll() is None, worker.log()
                assert (
                    one(owner, "SELECT count(*) FROM pg_namespace WHERE nspname IN ('df', '_duroxide')") == 0
                )
                for _ in range(2):
                    _install(database)
                    until(owner, "SELECT schema_version = 1 FROM _duroxide._worker_ready", 15)
                    with database.connect() as app:
                        instance = one(app, "SELECT df.start('SELECT 1 AS n')")
                        until(app, f"SELECT df.status('{instance}') = 'completed'")
                    owner.execute("DROP SCHEMA df, _duroxide CASCADE")
                assert worker.process.poll() is None, worker.log()
        finally:
            worker.forget()


def _install(database: DfDatabase) -> None:
    with database.connect(OWNER) as owner:
        install(owner)
        owner.execute("SELECT df.grant_usage('app')")


# rule: A6.3 R8.7 A5.1
def test_no_worker_is_ready_with_settings_that_it_refuses(new_bench: NewBench) -> None:
    bench = new_bench({"pg_durable.max_duroxide_connections": "1"}, worker=False)
    worker = Worker(bench.database.dsn(OWNER))
    bench.workers.append(worker)
    with bench.connect("dfowner") as owner, bench.connect() as app:
        time.sleep(1.5)
        assert one(owner, "SELECT to_regclass('_duroxide._worker_ready') IS NULL")
        with pytest.raises(Exception, match="background worker not yet initialized"):
            app.execute("SELECT df.start('SELECT 1')")


# rule: A6.4 M15
def test_an_idle_worker_neither_holds_nor_awaits_locks_of_instances(new_bench: NewBench) -> None:
    bench = new_bench()
    with bench.connect("postgres") as admin, bench.connect() as app:
        instance = one(app, "SELECT df.start('SELECT 1')")
        assert one(app, "SELECT t.ended(%s)", instance) == "completed"
        admin.execute("BEGIN; LOCK TABLE df.instances, df.nodes IN ACCESS EXCLUSIVE MODE")
        waiting = """SELECT application_name, query FROM pg_locks JOIN pg_stat_activity USING (pid)
                     WHERE NOT granted AND relation IN ('df.instances'::regclass, 'df.nodes'::regclass)"""
        for _ in range(8):
            assert admin.execute(waiting).fetchall() == []
            time.sleep(0.1)
        admin.execute("ROLLBACK")


# rule: A3.7 M15 A6.7 R6.7
def test_two_launches_at_a_time(new_bench: NewBench) -> None:
    bench = new_bench({"pg_durable.new_transaction_start_timeout": "1"})
    with bench.connect("postgres") as admin:
        admin.execute("CREATE EXTENSION dblink")
        admin.execute("GRANT EXECUTE ON FUNCTION dblink_connect_u(text, text) TO dfowner")
        admin.execute("GRANT USAGE ON SCHEMA public TO dfowner")
        admin.execute("BEGIN; LOCK TABLE df.instances IN ACCESS EXCLUSIVE MODE")
        callers = [bench.connect() for _ in range(3)]
        try:
            for caller in callers:
                caller.pgconn.send_query(b"SELECT df.start('SELECT 1', NULL, NULL, 'new')")
            time.sleep(2)
            names = admin.execute(
                "SELECT application_name FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
                " WHERE NOT l.granted AND l.relation = 'df.instances'::regclass"
            ).fetchall()
            assert names == [("pg_durable:backend:new-transaction",)] * 2
            admin.execute("ROLLBACK")
            outcomes = sorted(_answer(caller) for caller in callers)
        finally:
            for caller in callers:
                caller.close()
        assert len(outcomes[0]) == len(outcomes[1]) == 8
        assert outcomes[2] == (
            "pg_durable: transaction_mode => 'new' launch limit reached (max_new_transaction_starts=2)."
            " Timed out after 1s waiting for a launch slot before opening the loopback session."
        )
        assert (
            one(admin, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1346982470")
            == 0
        )


def _answer(caller: Connection) -> str:
    result = caller.pgconn.get_result()
    assert result is not None
    text = result.get_value(0, 0) if result.ntuples else result.error_field(77)  # 'M': the message
    return (text or b"").decode()


# rule: R8.6 A6.6
def test_old_instances_are_removed(new_bench: NewBench) -> None:
    bench = new_bench({"pg_durable.reconcile_interval": "1", "pg_durable.retention_days": "30"}, worker=False)
    bench.start_worker()
    with bench.connect() as app, bench.connect("dfowner") as owner:
        ids = [one(app, "SELECT df.start('SELECT 1')") for _ in range(3)]
        failed = one(app, "SELECT df.start('SELECT 1/0')")
        sleeper = one(app, "SELECT df.start(df.sleep(1000))")
        for instance in [*ids, failed]:
            app.execute("SELECT t.ended(%s)", [instance])
        age = "UPDATE df.instances SET created_at = now() - interval '40 days', updated_at = now(), completed_at = {} WHERE id = %s"
        owner.execute(age.format("now() - interval '31 days'"), [ids[0]])  # too old
        owner.execute(age.format("now() - interval '29 days'"), [ids[1]])  # its end counts
        owner.execute(age.format("NULL"), [failed])  # failed yesterday: has no end, so its start counts
        owner.execute(age.format("NULL"), [sleeper])  # never while it lives
        until(owner, f"SELECT count(*) = 0 FROM df.instances WHERE id IN ('{ids[0]}', '{failed}')", 5)
        time.sleep(1.2)
        left = {row[0] for row in owner.execute("SELECT id FROM df.instances").fetchall()}
        assert left == {ids[1], ids[2], sleeper}
        gone = [ids[0], failed]
        assert one(owner, "SELECT count(*) FROM df.nodes WHERE instance_id = ANY(%s)", gone) == 0
        assert one(owner, "SELECT count(*) FROM _duroxide.runs WHERE instance_id = ANY(%s)", gone) == 0
        assert one(owner, "SELECT count(*) FROM _duroxide.get_instance_info(%s)", failed) == 0
