"""Worker processes for tests of crashes: forked from a process that has loaded everything, so that one starts in no time."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

VANISHED = 137  # how a failpoint ends the process


class Launcher:
    """The process that forks workers. What they log is appended to one file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, dsn: str, failpoint: str = "", concurrency: int = 10) -> "WorkerProcess":
        """Start a worker; it vanishes at the failpoint (`name` or `name:n`)."""
        pid: int = self._ask({"start": dsn, "failpoint": failpoint, "concurrency": concurrency})
        return WorkerProcess(self, pid)

    def status(self, pid: int) -> int | None:
        """The exit status of a worker, negative for a signal; None while it lives."""
        found: int | None = self._ask({"status": pid})
        return found

    def close(self) -> None:
        """Kill what still runs."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin and self._process.stdout
        with self._turn:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


class WorkerProcess:
    """One forked worker."""

    def __init__(self, launcher: Launcher, pid: int) -> None:
        self._launcher = launcher
        self.pid = pid
        self._status: int | None = None

    @property
    def status(self) -> int | None:
        """Its exit status; None while it lives."""
        if self._status is None:
            self._status = self._launcher.status(self.pid)
        return self._status

    def send(self, number: int) -> None:
        """Send it a signal."""
        if self.status is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait for its end; returns the exit status."""
        deadline = time.monotonic() + seconds
        while (status := self.status) is None:
            assert time.monotonic() < deadline, f"worker {self.pid} still runs"
            time.sleep(0.02)
        return status

    def stop(self) -> int:
        """Ask it to end in good order; returns the exit status."""
        self.send(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.send(signal.SIGKILL)
        self.wait()


def _work(request: dict[str, Any]) -> None:
    from dfsql.runtime import failpoints, process

    os.setpgid(0, 0)
    failpoints.arm(request["failpoint"])
    process.work(request["start"], concurrency=request["concurrency"])


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.close(0)
        os.dup2(2, 1)
        _work(request)
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _main(log: str) -> None:
    """Answer one request per line until the input ends; then nothing that was started stays."""
    import logging

    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    import psycopg  # noqa: F401

    from dfsql.runtime import executor, process, worker  # noqa: F401

    statuses: dict[int, int | None] = {}
    while line := sys.stdin.readline():
        request = json.loads(line)
        answer: int | None
        if "start" in request:
            answer = _fork(request)
            statuses[answer] = None
        else:
            answer = statuses[request["status"]]
            if answer is None:
                pid, code = os.waitpid(request["status"], os.WNOHANG)
                answer = os.waitstatus_to_exitcode(code) if pid else None
                statuses[request["status"]] = answer
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid, status in statuses.items():
        if status is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    _main(sys.argv[1])
