"""Random workflows end as a simple interpreter predicts: with a calm worker, and with one that is killed all the time.

DFSQL_ORACLE_N is the number of workflows on the newest server, DFSQL_ORACLE_SEED where they begin.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from crash_workers import Launcher, WorkerProcess
from df_database import OWNER, DfDatabase, DfServer
from engine_oracle import predict
from oracle_runs import Run, differences, prepare, scratch_tables, start_all
from random_statements import ME
from random_workflows import random_workflow
from workflow_trees import Node, Workflow

pytestmark = pytest.mark.needs_postgres

COUNT = int(os.environ.get("DFSQL_ORACLE_N", "60"))
SEED = int(os.environ.get("DFSQL_ORACLE_SEED", "20260722"))
BATCH = 400  # at once
BLOCKERS = 20  # statements at once that only hold a session


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Forks workers."""
    launcher = Launcher(tmp_path_factory.mktemp("oracle") / "log")
    try:
        yield launcher
    finally:
        launcher.close()


def workflows(seed: int, count: int, blockers: int, *, exact: bool = False) -> list[Workflow]:
    """The first ones of a seed; only some of them have statements that hold a session."""
    found = []
    for number in range(count):
        rng = Random(f"{seed} {number}")
        workflow = random_workflow(rng, exact=exact, blockers=blockers > 0)
        blockers -= workflow.blockers
        found.append(workflow)
    return found


def report(runs: list[Run], database: DfDatabase, log: Path) -> str:
    """The first differences, with what is needed to see them again."""
    wrong = [(run, found) for run in runs if (found := differences(database, run))]
    texts = [f"{run.label} {run.instance}\n{run.expression}\n" + "\n".join(found) for run, found in wrong[:3]]
    return (
        "\n\n".join([f"seed {SEED}: {len(wrong)} of {len(runs)} differ, log {log}", *texts]) if wrong else ""
    )


def compared(
    server: DfServer, database: DfDatabase, log: Path, found: list[Workflow], meanwhile: Callable[[], None]
) -> None:
    """Start them all at once, wait for their ends, compare."""
    with server.empty_database() as scratch_database, scratch_database.connect(OWNER) as scratch:
        scratch_tables(scratch)
        runs = [
            Run(f"{SEED}/{number}", workflow, predict(workflow, scratch, f"I{number}"))
            for number, workflow in enumerate(found)
        ]
    start_all(database, runs, meanwhile)
    text = report(runs, database, log)
    assert not text, text


def sql(text: str, name: str | None = None) -> Node:
    return Node("SQL", text=text, name=name)


def sleep(seconds: int) -> Node:
    return Node("SLEEP", text=str(seconds))


def failing_join() -> Node:
    return Node("JOIN", [sql("SELECT 1"), sql("SELECT 1 / 0")])


def waiting_join() -> Node:
    node = Node("JOIN", [sql("SELECT 2"), sleep(3600)])
    for below in node.walk():
        below.fate = "lost"
    return node


# What random workflows have found. Each is run many times at once: some of it was a matter of moments.
FOUND: dict[str, Callable[[], Node]] = {
    "the winner ends while the other branch begins to wait": lambda: Node(
        "RACE", [sql("SELECT 1"), waiting_join()], lost=1
    ),
    "the winner fails inside while the other branch begins to wait": lambda: Node(
        "RACE", [waiting_join(), failing_join()], lost=0
    ),
    "a break whose value is NULL": lambda: Node(
        "LOOP",
        [Node("THEN", [sql("SELECT NULL AS n", "a"), Node("THEN", [sleep(0), Node("BREAK", text="$a.n")])])],
    ),
    "timers inside a join": lambda: Node(
        "THEN",
        [Node("JOIN", [sleep(0), Node("JOIN", [sleep(0), sleep(0)])], name="w"), sql("SELECT $w AS t")],
    ),
}


def broadcasts(*beside: Node) -> Workflow:
    """A loop in which two branches wait for one signal, and something beside it."""
    waits = [Node("SIGNAL", text="live0") for _ in range(2)]
    turn = Node("SQL", text=f"INSERT INTO effects VALUES ('{ME}', 'T1', '')", tag="T1")
    more = sql(f"SELECT count(*) < 4 FROM effects WHERE instance = '{ME}'")
    root = Node("LOOP", [Node("THEN", [Node("JOIN", [*waits]), turn]), more])
    return Workflow(Node("JOIN", [root, *beside]) if beside else root, live={"live0": waits})


def refused() -> Node:
    """Steps whose commits are refused now and then: the walk stops and is taken up again."""
    root = sql(f"INSERT INTO shaky VALUES ('{ME}')")
    for _ in range(6):
        root = Node("THEN", [root, sql(f"INSERT INTO shaky SELECT '{ME}' FROM pg_sleep(0.02)")])
    return root


@pytest.mark.slow
def test_broadcasts_while_commits_are_refused(pg18: DfServer, launcher: Launcher) -> None:
    with working(pg18, launcher) as database:
        compared(
            pg18,
            database,
            launcher.log,
            [broadcasts(refused()) for _ in range(max(COUNT // 6, 1))],
            lambda: None,
        )


@pytest.mark.slow
def test_broadcasts_while_workers_are_killed(pg18: DfServer, launcher: Launcher) -> None:
    """A signal reaches every wait that is recorded, also when the instance is just being taken over."""
    with killed(pg18, launcher) as (database, killer):
        compared(pg18, database, launcher.log, [broadcasts() for _ in range(max(COUNT // 4, 1))], killer)


def test_what_was_found_before(pg18: DfServer, launcher: Launcher) -> None:
    workflows_found = [Workflow(make()) for make in FOUND.values() for _ in range(20)]
    with working(pg18, launcher) as database:
        compared(pg18, database, launcher.log, workflows_found, lambda: None)


@contextmanager
def working(server: DfServer, launcher: Launcher) -> Iterator[DfDatabase]:
    """A database with the tables of the workflows and a worker that must not end."""
    with server.database() as database:
        prepare(database)
        worker = launcher.start(database.dsn(OWNER), concurrency=40)
        try:
            await_ready(database)
            yield database
            assert worker.status is None, "the worker has ended"
        finally:
            worker.stop()


def run_calm(server: DfServer, launcher: Launcher, seed: int, count: int) -> None:
    for first in range(0, count, BATCH):
        with working(server, launcher) as database:
            found = workflows(seed + first, min(BATCH, count - first), BLOCKERS)
            compared(server, database, launcher.log, found, lambda: None)


def await_ready(database: DfDatabase) -> None:
    deadline = time.monotonic() + 60
    with database.connect(OWNER) as owner:
        while owner.execute("SELECT to_regclass('_duroxide._worker_ready')").fetchone() == (None,):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.slow
def test_a_calm_worker(pg18: DfServer, launcher: Launcher) -> None:
    run_calm(pg18, launcher, SEED, COUNT)


@pytest.mark.slow
def test_a_calm_worker_on_an_older_server(pg15: DfServer, launcher: Launcher) -> None:
    run_calm(pg15, launcher, SEED + 1_000_000, max(COUNT // 3, 1))


class Killer:
    """Keeps two workers, kills them at random moments and starts others; some are asked to end before they are killed."""

    def __init__(self, launcher: Launcher, database: DfDatabase, seed: int) -> None:
        self._launcher = launcher
        self._dsn = database.dsn(OWNER)
        self._rng = Random(seed)
        self._workers: dict[WorkerProcess, float] = {}
        self.kills = 0
        for _ in range(2):
            self._start()

    def _start(self) -> None:
        worker = self._launcher.start(self._dsn, concurrency=15)
        self._workers[worker] = time.monotonic() + self._rng.uniform(0.1, 1.2)

    def __call__(self) -> None:
        """Called all the time."""
        for worker, due in list(self._workers.items()):
            assert worker.status is None, "the worker has ended"
            if time.monotonic() > due:
                self._kill(worker)
                self._start()

    def _kill(self, worker: WorkerProcess) -> None:
        if self._rng.random() < 0.25:
            worker.send(signal.SIGTERM)
            time.sleep(self._rng.uniform(0, 0.1))
        worker.kill()
        del self._workers[worker]
        self.kills += 1

    def close(self) -> None:
        """Nothing stays."""
        for worker in list(self._workers):
            self._kill(worker)


@contextmanager
def killed(server: DfServer, launcher: Launcher) -> Iterator[tuple[DfDatabase, Killer]]:
    """A database with the tables of the workflows, and the one who kills its workers."""
    with server.database() as database:
        prepare(database)
        first = launcher.start(database.dsn(OWNER))
        await_ready(database)
        first.kill()
        killer = Killer(launcher, database, SEED)
        try:
            yield database, killer
            assert killer.kills
        finally:
            killer.close()


@pytest.mark.slow
def test_workers_that_are_killed_all_the_time(pg18: DfServer, launcher: Launcher) -> None:
    found = workflows(SEED + 2_000_000, max(COUNT // 2, 1), 3, exact=True)
    with killed(pg18, launcher) as (database, killer):
        compared(pg18, database, launcher.log, found, killer)
