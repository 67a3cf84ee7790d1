"""Runs the specification's SQL files: psql for the statements, `dfsql worker` for the workflows, a web server for their requests."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from df_database import OWNER, USERS, Connection, DfDatabase

SPEC = Path(__file__).resolve().parents[1] / "spec"
_SETTING = re.compile(r"^-- setting: *([\w.]+) *= *(.*?) *$", re.MULTILINE)
_PROBLEM = re.compile(r"\b(ERROR|FATAL|PANIC): |^psql: ", re.MULTILINE)
_READY_TIMEOUT = 30.0


@dataclass
class Output:
    """What one call of psql said."""

    code: int
    out: str
    err: str
    problems: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[str]:
        """The lines of the results."""
        return self.out.splitlines()


class Worker:
    """One `dfsql worker` process."""

    def __init__(self, conninfo: str, *options: str) -> None:
        handle, name = tempfile.mkstemp(prefix="dfsql-worker-", suffix=".log")
        self._log = Path(name)
        with open(handle, "ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dfsql", "worker", "--dsn", conninfo, *options],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={**os.environ, "TZ": "UTC"},
            )

    def log(self) -> str:
        """What the process has written so far."""
        return self._log.read_text("utf-8", errors="replace")

    def forget(self) -> None:
        """End the process, and remove its log."""
        self.kill()
        self._log.unlink(missing_ok=True)

    def stop(self) -> int:
        """Ask the process to end, as an administrator does; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._await_end()

    def kill(self) -> None:
        """End the process without warning."""
        if self.process.poll() is None:
            self.process.kill()
        self._await_end()

    def _await_end(self) -> int:
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the worker did not end on SIGTERM:\n{self.log()}") from None


class Bench:
    """One database with df installed, the assertions, and the workers that serve it."""

    def __init__(self, database: DfDatabase, web: str) -> None:
        self.database = database
        self.workers: list[Worker] = []
        with self.connect("postgres") as admin:
            admin.execute((SPEC / "assertions.sql").read_text("utf-8").encode())
            admin.execute("INSERT INTO t.config VALUES ('http', %s)", [web])
            for role in USERS:  # step's search_path begins with the schema of the role's name
                admin.execute(f"CREATE SCHEMA {role} AUTHORIZATION {role}")
            admin.execute(f"GRANT CREATE ON DATABASE {database.name} TO app")
        self.settings(
            {
                "dfsql.http_mode": "allowlist",
                "dfsql.http_allow": "127.0.0.1,localhost",
                "dfsql.autonomous_conninfo": f"host={database.server.folder}",  # the server's own socket
            }
        )

    def connect(self, user: str = "app") -> Connection:
        """A connection that commits every statement by itself."""
        return self.database.connect(user)

    def settings(self, values: dict[str, str]) -> None:
        """Set what an administrator sets by rows of df._settings."""
        with self.connect(OWNER) as owner:
            for name, value in values.items():
                owner.execute("DELETE FROM df._settings WHERE name = %s", [name])
                owner.execute("INSERT INTO df._settings (name, value) VALUES (%s, %s)", [name, value])

    def start_worker(self, *options: str) -> Worker:
        """Start a worker and wait until it beats."""
        worker = Worker(self.database.dsn(OWNER), *options)
        self.workers.append(worker)
        deadline = time.monotonic() + _READY_TIMEOUT
        count = sum(other.process.poll() is None for other in self.workers)
        with self.connect(OWNER) as owner:
            while not self._ready(owner, count):
                if worker.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the worker did not become ready:\n{worker.log()}")
                time.sleep(0.03)
        return worker

    @staticmethod
    def _ready(owner: Connection, count: int) -> bool:
        found = owner.execute("SELECT to_regclass('_duroxide._worker_ready') IS NOT NULL").fetchone()
        beats = owner.execute(
            "SELECT count(*) FROM df._worker_epoch WHERE last_seen_at > now() - interval '15 s'"
        ).fetchone()
        return bool(found and found[0] and beats and int(str(beats[0])) >= count)

    def psql(self, script: Path | str, user: str = "app") -> Output:
        """Run a file or a text; an error does not stop it, so that one run shows them all."""
        server = self.database.server
        source = ["-f", str(script)] if isinstance(script, Path) else ["-f", "-"]
        done = subprocess.run(
            [str(server.programs / "psql"), "-X", "-q", "-A", "-t", "-d", self.database.dsn(user), *source],
            input=None if isinstance(script, Path) else script,
            capture_output=True,
            text=True,
            timeout=200,
            env={**os.environ, "PGCLIENTENCODING": "UTF8", "PGOPTIONS": "-c client_min_messages=warning"},
        )
        output = Output(done.returncode, done.stdout, done.stderr)
        if done.returncode or _PROBLEM.search(done.stderr):
            output.problems = [part.strip() for part in done.stderr.split("psql:") if part.strip()]
        return output

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.forget()


class NewBench(Protocol):
    """Makes a bench; what it starts ends with the test."""

    def __call__(self, settings: dict[str, str] | None = None, *, worker: bool = True) -> Bench: ...


def one(connection: Connection, query: str, *values: object) -> Any:
    """The first cell of a query's answer; None when there is no row."""
    row = connection.execute(query.encode(), values or None).fetchone()
    return row[0] if row else None


def file_settings(text: str) -> dict[str, str]:
    """The settings that a file wants before its worker starts: lines `-- setting: name = value`."""
    return dict(_SETTING.findall(text))
