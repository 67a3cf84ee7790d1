"""Connections that break before, during and after a COMMIT, and backends that are terminated."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash_instances import effects, end, running, start, until, value
from crash_proxy import CuttingProxy
from crash_workers import Launcher, WorkerProcess
from crash_workflows import fewer, note
from df_database import OWNER, DfDatabase

from dfsql.runtime.errors import LostConnectionError
from dfsql.runtime.session import Command, Session

REFUSED = "SQL execution failed: error returned from database: "
TERMINATE = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE pid <> pg_backend_pid() AND datname = current_database() AND application_name LIKE %s"""


@contextmanager
def _worker(launcher: Launcher, database: DfDatabase, host: Path | None = None) -> Iterator[WorkerProcess]:
    dsn = database.dsn(OWNER)
    worker = launcher.start(dsn if host is None else f"host={host} user={OWNER} dbname={database.name}")
    try:
        yield worker
    finally:
        assert worker.stop() == 0


def _chain(*steps: str) -> str:
    return " ~> ".join(note(step) for step in steps)


@pytest.mark.parametrize("step", ["a", "b", "c"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_cut_around_a_commit(
    database: DfDatabase, launcher: Launcher, when: str, step: str
) -> None:
    """The worker cannot know whether the server has committed; either way every step is executed once.

    `step` is the one whose statement travels in the message that is cut, behind the COMMIT of the step before; of
    the last step, the message has only its COMMIT.
    """
    with tempfile.TemporaryDirectory() as folder:
        proxy = CuttingProxy(database.server.folder, Path(folder))
        try:
            with _worker(launcher, database, Path(folder)):
                until(database, "SELECT df._worker_is_ready()")
                instance = start(database, _chain("warm"))
                assert end(database, instance)[0] == "completed"
                marker = {"a": b"'b'", "b": b"'c'", "c": b"completed"}[step]
                proxy.arm(when, b"COMMIT", marker)
                instance = start(database, _chain("a", "b", "c"))
                assert end(database, instance) == ("completed", '{"rows":[],"row_count":0}')
                assert proxy.cuts == 1
        finally:
            proxy.close()
    assert effects(database, instance) == ["a", "b", "c"]


def test_broken_exchange_counts_no_answers_of_the_one_before(database: DfDatabase) -> None:
    """Two answers mean that checkpoint and COMMIT are done: they must be of this very message."""

    async def talk() -> int:
        parameters = {"host": str(database.server.folder), "user": "app", "dbname": database.name}
        session = await Session.open(parameters, ("app", database.name))
        question = Command(b"SELECT pg_catalog.pg_backend_pid()")
        replies = await session.exchange(question, question, question)
        value(database, "SELECT pg_terminate_backend(%s)", [int(replies[0].value() or 0)], role="postgres")
        while not session.lost:
            await asyncio.sleep(0.01)
        try:
            await session.exchange(question, question)
        except LostConnectionError as problem:
            return problem.answered
        finally:
            await session.close()
        raise AssertionError("the session was lost")

    assert asyncio.run(talk()) == 0


def test_answer_to_a_claim_is_lost(database18: DfDatabase, launcher: Launcher) -> None:
    """The server has given the instance to a worker that does not know of it: it takes it again at once."""
    with tempfile.TemporaryDirectory() as folder:
        proxy = CuttingProxy(database18.server.folder, Path(folder))
        try:
            with _worker(launcher, database18, Path(folder)):
                until(database18, "SELECT df._worker_is_ready()")
                proxy.arm("after", b"_duroxide.poll")
                instance = start(database18, _chain("a", "b"))
                assert end(database18, instance, seconds=5)[0] == "completed"
                assert proxy.cuts == 1
        finally:
            proxy.close()
    assert effects(database18, instance) == ["a", "b"]


@pytest.mark.parametrize("who", ["workflow-sql", "management", "poll", ""])
def test_terminated_backends(database18: DfDatabase, launcher: Launcher, who: str) -> None:
    """All sessions of one kind, or all of them, again and again while instances run."""
    with _worker(launcher, database18):
        loop = f"df.loop({note('x')} ~> 'SELECT pg_sleep(0.02)', {fewer('x', 6)})"
        instances = [start(database18, loop) for _ in range(8)]
        for _ in range(6):
            value(database18, TERMINATE, [f"pg_durable:worker:{who}%"], role="postgres")
            until(database18, "SELECT pg_sleep(0.1) IS NOT NULL")
        for instance in instances:
            assert end(database18, instance)[0] == "completed"
            assert effects(database18, instance) == ["x"] * 6


def test_terminated_step_is_retried_five_times(database: DfDatabase, launcher: Launcher) -> None:
    """Six runs in all, whatever travelled with the first one; then the step fails with the server's words."""
    with _worker(launcher, database):
        with database.connect(OWNER) as connection:
            connection.execute(
                "CREATE FUNCTION die() RETURNS int LANGUAGE plpgsql AS "
                "$$BEGIN PERFORM nextval('failures'); PERFORM pg_terminate_backend(pg_backend_pid()); "
                "PERFORM pg_sleep(1); RETURN 1; END$$"
            )
        instance = start(database, f"{note('one')} ~> $$SELECT die()$$ ~> {note('never')}")
        status, text = end(database, instance)
    assert (status, text) == (
        "failed",
        REFUSED + "terminating connection due to administrator command",
    )
    assert value(database, "SELECT last_value FROM failures") == 6
    assert effects(database, instance) == ["one"]


def test_retries_are_counted_durably(database: DfDatabase, launcher: Launcher) -> None:
    """A serialization failure, a deadlock and a lock timeout are tried again, and a new worker goes on counting."""
    with database.connect(OWNER) as connection:
        connection.execute(
            """CREATE FUNCTION weak() RETURNS text LANGUAGE plpgsql AS $$
               BEGIN
                   CASE nextval('failures')
                   WHEN 1 THEN RAISE EXCEPTION 'a' USING ERRCODE = 'serialization_failure';
                   WHEN 2 THEN RAISE EXCEPTION 'b' USING ERRCODE = 'deadlock_detected';
                   WHEN 3 THEN RAISE EXCEPTION 'c' USING ERRCODE = 'lock_not_available';
                   ELSE PERFORM pg_sleep(1); RETURN 'strong';
                   END CASE;
               END $$"""
        )
    worker = launcher.start(database.dsn(OWNER))
    instance = start(database, f"{note('one')} ~> 'SELECT weak()' ~> {note('two')}")
    attempts = "SELECT attempts = 3 FROM _duroxide.scopes WHERE scope_id = %s"
    until(database, attempts, [instance])
    running(database, "weak")
    worker.kill()
    assert value(database, attempts, [instance]) is True
    with _worker(launcher, database):
        assert end(database, instance)[0] == "completed"
    assert effects(database, instance) == ["one", "two"]


def test_transient_failure_at_commit(database: DfDatabase, launcher: Launcher) -> None:
    """A deferred trigger that fails twice with a serialization failure: the step is tried again as a whole."""
    with database.connect(OWNER) as connection:
        connection.execute(
            """CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN
                   IF nextval('failures') < 3 THEN
                       RAISE EXCEPTION 'late' USING ERRCODE = 'serialization_failure';
                   END IF;
                   RETURN NULL;
               END $$;
               CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED
                   FOR EACH ROW WHEN (NEW.step = 'two') EXECUTE FUNCTION late()"""
        )
    with _worker(launcher, database):
        instance = start(database, _chain("one", "two", "three"))
        assert end(database, instance)[0] == "completed"
    assert effects(database, instance) == ["one", "three", "two"]
    assert value(database, "SELECT last_value FROM failures") == 3


@pytest.mark.parametrize("place", ["middle", "last"])
def test_constraint_that_fails_at_commit(database: DfDatabase, launcher: Launcher, place: str) -> None:
    """The step fails, as if its statement had; the next one, which travelled in the same message, never ran."""
    with database.connect(OWNER) as connection:
        connection.execute(
            """CREATE TABLE parents (id int PRIMARY KEY);
               CREATE TABLE children (id int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
               GRANT ALL ON parents, children TO app"""
        )
    with _worker(launcher, database):
        orphan = "$$INSERT INTO children VALUES (7)$$"
        after = f" ~> $$SELECT nextval('failures')$$ ~> {note('never')}" if place == "middle" else ""
        instance = start(database, f"{note('one')} ~> {orphan}{after}")
        status, text = end(database, instance)
    assert status == "failed"
    assert (
        text
        == REFUSED + 'insert or update on table "children" violates foreign key constraint "children_id_fkey"'
    )
    assert effects(database, instance) == ["one"]
    assert value(database, "SELECT is_called FROM failures") is False
    error = "SELECT error FROM df.nodes WHERE instance_id = %s AND query LIKE '%%children%%'"
    assert value(database, error, [instance], role="postgres") == text
