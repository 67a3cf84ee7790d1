"""Nothing sleeps through its call: messages that come while instances are parked, and requests to stop that race with commits.

Every limit here is far below the 30 s after which a worker looks by itself.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from crash_checks import violations
from crash_instances import effects, until, value
from crash_workers import Launcher, WorkerProcess
from crash_workflows import fewer, note
from df_database import OWNER, DfDatabase

MANY = 25
SOON = 15.0


@contextmanager
def _workers(
    launcher: Launcher, database: DfDatabase, number: int, concurrency: int = 10
) -> Iterator[list[WorkerProcess]]:
    workers = [launcher.start(database.dsn(OWNER), concurrency=concurrency) for _ in range(number)]
    try:
        until(database, "SELECT df._worker_is_ready()")
        yield workers
    finally:
        for worker in workers:
            assert worker.stop() == 0


def _start_many(database: DfDatabase, expression: str, many: int = MANY) -> list[str]:
    with database.connect("app") as connection:
        rows = connection.execute(f"SELECT df.start({expression}) FROM generate_series(1, {many})").fetchall()
    return [str(row[0]) for row in rows]


def _all_ended(database: DfDatabase) -> None:
    until(
        database,
        "SELECT NOT EXISTS (SELECT FROM _duroxide.runs WHERE outcome IS NULL)",
        seconds=SOON,
    )


def test_signals_while_instances_park_and_wake(database: DfDatabase, launcher: Launcher) -> None:
    """Each of five signals is taken once, whenever it comes."""
    loop = f"df.loop(df.wait_for_signal('item') ~> {note('item')}, {fewer('item', 5)})"
    dice = random.Random(7)
    with _workers(launcher, database, 2):
        instances = _start_many(database, loop)
        calls = instances * 5
        dice.shuffle(calls)
        with database.connect("app") as connection:
            for instance in calls:
                connection.execute("SELECT df.signal(%s, 'item')", [instance])
                time.sleep(dice.choice((0, 0, 0, 0.002, 0.01)))
        _all_ended(database)
    assert {tuple(effects(database, one)) for one in instances} == {("item",) * 5}


def test_one_signal_for_two_waits(database18: DfDatabase, launcher: Launcher) -> None:
    """Both branches wait and a third one parks at any moment: each gets its copy."""
    both = (
        f"df.join3(df.wait_for_signal('go') ~> {note('a')}, df.wait_for_signal('go') ~> {note('b')}, "
        f"{note('c')} ~> df.wait_for_signal('end'))"
    )
    ready = """SELECT count(*) = 2 FROM _duroxide.scopes s JOIN df.nodes n
               ON n.instance_id = left(s.scope_id, 8) AND n.id = s.wait_node
               WHERE left(s.scope_id, 8) = %s AND n.query LIKE '%%go%%'"""
    with _workers(launcher, database18, 2):
        instances = _start_many(database18, both)
        with database18.connect("app") as connection:
            for instance in instances:
                until(database18, ready, [instance])
                connection.execute("SELECT df.signal(%s, 'go')", [instance])
                connection.execute("SELECT df.signal(%s, 'end')", [instance])
        _all_ended(database18)
    assert {tuple(effects(database18, one)) for one in instances} == {("a", "b", "c")}


def test_lost_branches_stop_nobody_else(database18: DfDatabase, launcher: Launcher) -> None:
    """Three sessions for many races: requests to cancel a loser never hit the step of another instance."""
    race = f"df.race({note('won')}, 'SELECT pg_sleep(0.1)') ~> {note('after')} ~> {note('end')}"
    with _workers(launcher, database18, 1, concurrency=3):
        instances = _start_many(database18, race, 60)
        _all_ended(database18)
        failed = "SELECT count(*) FROM df.instances WHERE status <> 'completed'"
        assert value(database18, failed, role="postgres") == 0
    found = {tuple(effects(database18, one)) for one in instances}
    assert found <= {("after", "end", "won"), ("after", "end")}  # on a busy computer the nap may win
    assert violations(database18) == []


def test_cancel_races_with_the_end(database: DfDatabase, launcher: Launcher) -> None:
    """Whoever commits first wins, and users and engine agree about it."""
    with _workers(launcher, database, 2):
        instances = _start_many(database, f"{note('a')} ~> {note('b')} ~> {note('c')}", 60)
        with database.connect("app") as connection:
            for instance in instances:
                connection.execute("SELECT df.cancel(%s)", [instance])
        _all_ended(database)
    assert violations(database) == []
