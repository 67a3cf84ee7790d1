"""A worker vanishes at a marked point, another one takes over: the end is the same as without any crash."""

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from crash_checks import violations
from crash_instances import until
from crash_workers import VANISHED, Launcher, WorkerProcess
from crash_workflows import Drive, prepare
from df_database import DfDatabase, DfServer
from http_stand_in import StandIn

from dfsql.runtime import failpoints

# Further hits of points that every kind of node passes by.
LATER = (
    "claim.after:2",
    "statement.after:5",
    "statement.after:13",
    "commit.sent:4",
    "commit.sent:9",
    "commit.after:12",
    "checkpoint.before:7",
    "checkpoint.after:4",
    "checkpoint.after:9",
    "loop.next:4",
    "timer.parked:2",
    "signal.received:4",
    "finish.before:4",
)
# Loops number their rows themselves; the comparison with the calm run sees what is doubled there.
GROUP = 4
IN_LOOPS = ("turn", "round", "echo", "spin", "item")


def _drive(database: DfDatabase, web: StandIn) -> Drive:
    fetch = f"df.http('{web.url}/bytes/6f6b?type=text/plain', 'GET')"
    return Drive(
        database, {"web": f"{fetch} ~> $$INSERT INTO effects VALUES ('{{sys_instance_id}}', 'web')$$"}
    )


@pytest.fixture(scope="module")
def calm(pg18: DfServer, launcher: Launcher, web: StandIn) -> Iterator[dict[str, Any]]:
    """The outcome when nothing happens."""
    with pg18.database() as database:
        prepare(database)
        yield _run(database, launcher, web, "")


def _run(database: DfDatabase, launcher: Launcher, web: StandIn, failpoint: str) -> dict[str, Any]:
    """One run in which the first worker vanishes at the failpoint, and a second one takes over."""
    workers = [launcher.start(database.dsn("dfowner"), failpoint)]

    def replace() -> None:
        if workers[-1].status is not None:
            assert len(workers) == 1, "the second worker has ended too"
            workers.append(launcher.start(database.dsn("dfowner")))

    try:
        _await_ready(database, replace)
        with contextlib.closing(_drive(database, web)) as drive:
            drive.run(replace)
            outcome = drive.outcome()
        _leaks_nothing(database)
        return outcome
    finally:
        _end(workers)
        if failpoint:
            assert workers[0].status == VANISHED, f"{failpoint} was never reached"


def _await_ready(database: DfDatabase, meanwhile: Any) -> None:
    with database.connect("app") as connection:
        while connection.execute("SELECT df._worker_is_ready()").fetchone() != (True,):
            meanwhile()


def _leaks_nothing(database: DfDatabase) -> None:
    """No step's transaction stays open though nothing runs; one that was cancelled needs a moment to go."""
    query = """SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database()
               AND application_name LIKE 'pg_durable:%%' AND state LIKE 'idle in transaction%%'"""
    until(database, query, seconds=5)


def _end(workers: list[WorkerProcess]) -> None:
    for worker in workers:
        if worker.status is None:
            assert worker.stop() in (0, VANISHED)


def test_the_calm_run_does_everything(calm: dict[str, Any]) -> None:
    """The comparison below would be worth nothing otherwise."""
    ends = {label: state["status"][:2] for label, state in calm.items()}
    assert ends == {
        **dict.fromkeys(calm, ("completed", "completed")),
        "busy": ("cancelled", "cancelled"),
        "idle": ("cancelled", "cancelled"),
        "wrong": ("failed", "failed"),
    }
    steps = {label: [step for step, _ in state["effects"]] for label, state in calm.items()}
    assert steps == {
        "steps": ["first", "left", "luck", "right", "right2", "turn", "turn", "turn", "won"],
        "rounds": ["echo"] * 3 + ["round"] * 3,
        "endless": ["after", "spin", "spin"],
        "nap": ["awake", "beside"],
        "mail": ["got", "too"],
        "queue": ["item"] * 3,
        "busy": ["begun"],
        "idle": ["begun"],
        "wrong": ["begun"],
        "web": ["web"],
    }
    assert calm["steps"]["at least once"] == [("bump",)]


def _groups() -> list[tuple[str, ...]]:
    """What runs side by side, each in a database of its own: most of the time is spent waiting."""
    points = [*failpoints.NAMES, *LATER]
    return [tuple(points[i : i + GROUP]) for i in range(0, len(points), GROUP)]


@pytest.mark.parametrize("points", _groups(), ids=" ".join)
def test_vanished_worker(
    pg18: DfServer, launcher: Launcher, web: StandIn, calm: dict[str, Any], points: tuple[str, ...]
) -> None:
    """Every name is reached (or this fails), and the outcome is that of the calm run."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(GROUP) as pool:
        databases = [stack.enter_context(pg18.database()) for _ in points]
        for database in databases:
            prepare(database)
        runs = [
            pool.submit(_run, database, launcher, web, point)
            for database, point in zip(databases, points, strict=True)
        ]
        for point, database, run in zip(points, databases, runs, strict=True):
            assert {point: run.result()} == {point: calm}
            assert {point: _violations(database)} == {point: []}


def _violations(database: DfDatabase) -> list[tuple[str, str]]:
    doubled = tuple(f" {step}: " for step in IN_LOOPS)
    return [one for one in violations(database) if not any(part in one[1] for part in doubled)]


@pytest.mark.parametrize(
    "failpoint", ["commit.sent:6", "commit.after:5", "race.decided", "signal.received:2"]
)
def test_vanished_worker_on_an_older_server(
    pg15: DfServer, launcher: Launcher, web: StandIn, calm: dict[str, Any], failpoint: str
) -> None:
    """The order of messages and locks is the server's: the riskiest points once more."""
    with pg15.database() as database:
        prepare(database)
        assert _run(database, launcher, web, failpoint) == calm


def test_every_point_is_listed() -> None:
    """A name that nothing reaches fails above; one that is reached but not listed would be tested nowhere."""
    folder = Path(failpoints.__file__).parent
    hits = {
        name for file in folder.glob("*.py") for name in re.findall(r'\bhit\("([a-z.]+)"\)', file.read_text())
    }
    assert hits == set(failpoints.NAMES)
