"""Chaos: workers and the server are killed while instances run; nothing may be lost, doubled or stuck."""

import random
import signal
import time
from dataclasses import dataclass, field

import psycopg
from crash_workers import Launcher, WorkerProcess
from df_database import DfDatabase
from postgres_server import PostgresServer

STEPS = 6


@dataclass
class Plan:
    """How much of what. Kills are spread evenly over the instances that have ended."""

    instances: int
    workers: int
    worker_kills: int
    server_kills: int
    pause: float = 0.05  # seconds that each step takes, so that there is something to kill
    seed: int = 1
    limit: float = 600.0  # seconds


@dataclass
class Report:
    """What happened; times in seconds."""

    seconds: float = 0.0
    worker_kills: int = 0
    server_kills: int = 0
    terminated: int = 0
    first_progress: list[float] = field(default_factory=list)  # from the server's readiness to the next end
    longest_pause: float = 0.0  # between two ends, while the server was there


class Chaos:
    """One run. `server` must write to disk (fsync=on) when it is to be killed."""

    def __init__(self, plan: Plan, server: PostgresServer, database: DfDatabase, launcher: Launcher) -> None:
        self.plan = plan
        self.report = Report()
        self._server = server
        self._database = database
        self._launcher = launcher
        self._random = random.Random(plan.seed)
        self._workers: list[WorkerProcess] = []

    def run(self) -> Report:
        """Start everything, do harm until every instance has ended, and end the workers in good order."""
        begun = time.monotonic()
        for _ in range(self.plan.workers):
            self._workers.append(self._start())
        self._submit()
        self._until_the_end(begun + self.plan.limit)
        for worker in self._workers:
            assert worker.stop() == 0
        self.report.seconds = time.monotonic() - begun
        return self.report

    def _start(self) -> WorkerProcess:
        return self._launcher.start(self._database.dsn("dfowner"))

    def _submit(self) -> None:
        """Instances of six INSERTs; each row says which step of which instance it is."""
        steps = " ~> ".join(
            f"$$INSERT INTO effects SELECT '{{sys_instance_id}}', 's{number}' FROM pg_sleep({self.plan.pause})$$"
            for number in range(1, STEPS + 1)
        )
        with self._database.connect("app") as connection:
            while connection.execute("SELECT df._worker_is_ready()").fetchone() != (True,):
                time.sleep(0.05)
            for first in range(0, self.plan.instances, 100):
                many = min(100, self.plan.instances - first)
                connection.execute(f"SELECT df.start({steps}) FROM generate_series(1, {many})")

    def _until_the_end(self, deadline: float) -> None:
        total = self.plan.instances
        kills = sorted(
            [(total * (n + 0.5) / (self.plan.worker_kills + 1), 0) for n in range(self.plan.worker_kills)]
            + [(total * (n + 0.7) / (self.plan.server_kills + 1), 1) for n in range(self.plan.server_kills)]
        )
        last, moved = 0, time.monotonic()
        while (ended := self._ended()) < total:
            now = time.monotonic()
            assert now < deadline, f"{total - ended} of {total} instances have not ended"
            if ended > last:
                self.report.longest_pause = max(self.report.longest_pause, now - moved)
                last, moved = ended, now
            if kills and ended >= kills[0][0]:
                if kills.pop(0)[1]:
                    self._kill_server(ended)
                    last, moved = self._ended(), time.monotonic()
                else:
                    self._kill_worker()
                    if self._random.random() < 0.3:
                        self._terminate_backends()
            time.sleep(0.02)

    def _ended(self) -> int:
        with self._database.connect("dfowner") as connection:
            row = connection.execute(
                "SELECT count(*) FROM _duroxide.runs WHERE outcome IS NOT NULL"
            ).fetchone()
        assert row is not None
        return int(str(row[0]))

    def _kill_worker(self) -> None:
        place = self._random.randrange(len(self._workers))
        assert self._workers[place].status is None, "a worker has ended by itself"
        self._workers[place].send(signal.SIGKILL)
        self._workers[place].wait()
        self._workers[place] = self._start()
        self.report.worker_kills += 1

    def _terminate_backends(self) -> None:
        """Some of the workers' sessions, whatever they are doing."""
        with psycopg.connect(self._server.conninfo, autocommit=True) as connection:
            rows = connection.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name LIKE 'pg_durable:%' ORDER BY random() LIMIT 4"""
            ).fetchall()
        self.report.terminated += len(rows)

    def _kill_server(self, ended: int) -> None:
        self._server.crash()
        time.sleep(self._random.uniform(0.0, 0.5))
        self._server.start()
        ready = time.monotonic()
        before = self._ended()
        while before < self.plan.instances and self._ended() == before:
            assert time.monotonic() < ready + 60, "nothing moves after the server's crash"
            time.sleep(0.01)
        self.report.first_progress.append(time.monotonic() - ready)
        self.report.server_kills += 1
