"""A worker that was stopped for longer than its lease cannot commit when it goes on."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from crash_instances import effects, end, running, start, until, value
from crash_workers import Launcher, WorkerProcess
from crash_workflows import note
from df_database import OWNER, DfDatabase

from dfsql.runtime.errors import FencedError
from dfsql.runtime.lease import Lease
from dfsql.runtime.session import Session


@contextmanager
def _worker(launcher: Launcher, database: DfDatabase) -> Iterator[WorkerProcess]:
    worker = launcher.start(database.dsn(OWNER))
    try:
        yield worker
    finally:
        worker.send(signal.SIGCONT)
        assert worker.stop() == 0


def _shorten_lease(database: DfDatabase, seconds: float) -> None:
    """Before the first worker starts: it reads the time with its beats."""
    with database.connect(OWNER) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION _duroxide.lease_seconds() RETURNS float8 LANGUAGE sql IMMUTABLE "
            f"AS 'SELECT {seconds}::float8'"
        )


def _token(database: DfDatabase, instance: str) -> str:
    return str(value(database, "SELECT token FROM _duroxide.scopes WHERE scope_id = %s", [instance]))


SLOW = f"{note('one')} ~> 'SELECT pg_sleep(1.5)' ~> {note('two')}"


def test_another_worker_has_taken_over(database: DfDatabase, launcher: Launcher) -> None:
    """The stopped worker's step is still under way; the engine's clock jumps past its lease."""
    with _worker(launcher, database) as stopped:
        instance = start(database, SLOW)
        running(database, "pg_sleep")
        stopped.send(signal.SIGSTOP)
        before = _token(database, instance)
        with database.connect(OWNER) as connection:
            connection.execute("INSERT INTO _duroxide.clock_offset (by_much) VALUES ('20 s')")
        with _worker(launcher, database):
            until(
                database,
                "SELECT token IS NOT NULL AND token::text <> %s FROM _duroxide.scopes WHERE scope_id = %s",
                [before, instance],
            )
            stopped.send(signal.SIGCONT)
            assert end(database, instance) == ("completed", '{"rows":[],"row_count":0}')
    assert effects(database, instance) == ["one", "two"]


def test_no_other_worker_is_there(database18: DfDatabase, launcher: Launcher) -> None:
    """Nobody has changed the token, so the worker itself must see that its lease is over: the step runs again."""
    _shorten_lease(database18, 2.0)
    with _worker(launcher, database18) as worker:
        counted = "$$SELECT nextval('failures') FROM pg_sleep(0.5)$$"
        instance = start(database18, f"{note('one')} ~> {counted} ~> {note('two')}")
        running(database18, "nextval")
        before = _token(database18, instance)
        worker.send(signal.SIGSTOP)
        time.sleep(2.5)
        assert effects(database18, instance) == ["one"]
        worker.send(signal.SIGCONT)
        until(
            database18,
            "SELECT coalesce((SELECT token::text <> %s FROM _duroxide.scopes WHERE scope_id = %s), true)",
            [before, instance],
        )
        assert end(database18, instance)[0] == "completed"
        assert value(database18, "SELECT last_value FROM failures") == 2  # its first run was rolled back
    assert effects(database18, instance) == ["one", "two"]


def test_a_beating_worker_keeps_its_instances(database18: DfDatabase, launcher: Launcher) -> None:
    """A step that lasts longer than the lease is nobody else's business."""
    _shorten_lease(database18, 1.0)
    with _worker(launcher, database18), _worker(launcher, database18):
        instance = start(database18, f"$$SELECT nextval('failures') FROM pg_sleep(2.5)$$ ~> {note('two')}")
        assert end(database18, instance)[0] == "completed"
    assert value(database18, "SELECT last_value FROM failures") == 1


def test_lease_by_the_local_clock() -> None:
    """Never renewed: over. Renewed: good until the time counted from the question, not from the answer."""
    lease = Lease()
    lifeline = cast(Session, SimpleNamespace(lost=False))
    with pytest.raises(FencedError):
        lease.check(lease.epoch)
    lease.begin(lifeline, Lease.now())
    lease.check(1)
    lease.renew(Lease.now() - 16, 15)
    with pytest.raises(FencedError, match="silent"):
        lease.check(1)


def test_lease_ends_with_the_lifeline() -> None:
    """What was read before the worker registered anew is not to be trusted, and nothing is while it has no lifeline."""
    lease = Lease()
    first, second = (cast(Session, SimpleNamespace(lost=False)) for _ in range(2))
    lease.begin(first, Lease.now())
    lease.begin(second, Lease.now())
    lease.check(2)
    with pytest.raises(FencedError, match="lost"):
        lease.check(1)
    second.lost = True
    with pytest.raises(FencedError, match="lost"):
        lease.check(2)
