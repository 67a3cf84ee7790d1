"""With synchronous_commit=off a crash of the server undoes commits that were acknowledged: the steps run again, none is skipped."""

import signal

from crash_instances import effects, end, running, start, until, value
from crash_workers import Launcher
from crash_workflows import note, prepare
from df_database import OWNER, DfServer
from postgres_server import PostgresServer

# Nothing is written but what a synchronous commit asks for.
LAZY = (
    "fsync=on",
    "wal_writer_delay=10000",
    "wal_writer_flush_after=1GB",
    "wal_buffers=8MB",
    "bgwriter_lru_maxpages=0",
    "autovacuum=off",
)


def test_acknowledged_commits_that_are_lost(launcher: Launcher) -> None:
    """Effects and checkpoints are in the same transactions, so they are lost together; the worker's memory must not know better."""
    server = PostgresServer(settings=LAZY)
    try:
        with DfServer(server).database() as database:
            prepare(database)
            worker = launcher.start(database.dsn(OWNER))
            steps = f"df.wait_for_signal('go') ~> {note('a')} ~> {note('b')} ~> 'SELECT pg_sleep(0.5)' ~> {note('c')}"
            instance = start(database, steps)
            parked = "SELECT worker IS NULL AND due_at = 'infinity' FROM _duroxide.scopes WHERE scope_id = %s"
            until(database, parked, [instance])
            with database.connect("postgres") as connection:
                for role in (OWNER, "app"):
                    connection.execute(f"ALTER ROLE {role} SET synchronous_commit = off")
            worker.kill()  # its sessions still have the old setting
            worker = launcher.start(database.dsn(OWNER))
            until(
                database, "SELECT count(*) = 1 FROM df._worker_epoch WHERE last_seen_at = started_at OR true"
            )
            value(database, "SELECT df.signal(%s, 'go')", [instance], role="postgres")
            running(database, "pg_sleep(0.5)")
            assert effects(database, instance) == ["a", "b"]
            worker.send(signal.SIGSTOP)
            server.crash()
            server.start()
            assert effects(database, instance) == []  # or this test shows nothing
            worker.send(signal.SIGCONT)
            assert end(database, instance)[0] == "completed"
            assert effects(database, instance) == ["a", "b", "c"]
            assert worker.stop() == 0
    finally:
        server.stop()
