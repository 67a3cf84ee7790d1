"""A workflow followed to its end: who works on it, how it goes, and what is left when it is interrupted."""

import contextlib
import signal
import time
from collections.abc import Iterator
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from . import database, instances
from .console import say, write
from .progress import Progress, progress
from .status import Status

if TYPE_CHECKING:
    import psycopg

    from ..compiler import Graph
    from ..runtime import BackgroundWorker, Instance

PATIENCE = 60.0  # seconds to wait for a server that has gone away
READY = 60.0  # seconds that our own worker may take to begin
SETTLE = 5.0  # seconds until a cancelled instance has its reason, if we work ourselves
LOOK_FOR_WORKERS = 2.0  # seconds
DRAIN_QUIETLY = 1.0  # seconds before it is said what the command waits for
NOBODY = "no worker runs for this database: its owner starts one with dfsql worker"


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which is taken like Ctrl-C."""


def detached(graph: "Graph", dsn: str | None) -> Status:
    """Starts a workflow and prints the id of its instance."""
    from ..runtime import has_worker, start_instance

    with database.server(dsn) as server, contextlib.ExitStack() as open_things:
        if server.embedded:
            _make_ready(server)
        connection = open_things.enter_context(database.connect(server.conninfo))
        instances.prepare(connection, embedded=server.embedded)
        open_things.enter_context(instances.server_words())
        instance = start_instance(connection, graph)
        if not has_worker(connection):
            say(f"nobody executes it yet: dfsql worker does, or dfsql run --attach {instance}")
    write(f"{instance}\n")
    return Status.OK


def _make_ready(server: database.Server) -> None:
    """Lets a worker prepare the embedded database, if none has; it executes nothing that is started later."""
    from ..runtime import is_ready

    with database.connect(server.conninfo) as connection:
        instances.prepare(connection, embedded=True)
        if is_ready(connection):
            return
    run = _Run(server, Progress())
    try:
        run.prepare()
    finally:
        run.close()


def follow(wanted: "Graph | str", dsn: str | None, *, watch: bool | None) -> int:
    """Starts a workflow, or takes an instance by its id, follows it to its end and prints its result."""
    with _terminations(), database.server(dsn) as server, contextlib.ExitStack() as open_things:
        run = _Run(server, progress(watch))
        open_things.callback(run.close)
        run.prepare(wanted if isinstance(wanted, str) else None)
        instance = wanted if isinstance(wanted, str) else run.submit(wanted)
        try:
            if not isinstance(wanted, str):
                run.note(f"instance {instance} started")  # in here: whoever reads it may interrupt at once
            return run.to_its_end(instance)
        except KeyboardInterrupt as stop:
            run.say_how_to_go_on(instance)
            return 143 if isinstance(stop, TerminatedError) else 130


class _Run:
    """One run of the command."""

    def __init__(self, server: database.Server, progress: Progress) -> None:
        from ..runtime import Connections

        self._server = server
        self._progress = progress
        self._connections = Connections(
            partial(database.connect, server.conninfo),
            patience=PATIENCE,
            lost=lambda: progress.note("the connection is lost; trying again"),
        )
        self._worker: BackgroundWorker | None = None
        self._looked = 0.0  # when it was looked for workers
        self._missed = False  # it has been said that there is none

    def prepare(self, instance_id: str | None = None) -> None:
        """Makes sure that the instance is there, if one is meant, and that somebody works.

        Ends the command where nobody does, we may not, and there is nothing to wait for yet.
        """
        self._connections.call(self._set_up)
        if instance_id is not None:
            self._connections.call(lambda connection: instances.known(connection, instance_id))
        if self._server.embedded:
            self._work()
        else:
            self._look_for_workers(must_start=instance_id is None)

    def submit(self, graph: "Graph") -> str:
        """Starts the workflow; the id of the instance."""
        from ..runtime import start_instance

        with instances.server_words():
            return self._connections.call(lambda connection: start_instance(connection, graph))

    def note(self, text: str) -> None:
        """Tell the person something."""
        self._progress.note(text)

    def to_its_end(self, instance_id: str) -> Status:
        """Shows how it goes, then prints the result."""
        from ..runtime import result_of, states

        last: Instance | None = None
        with instances.server_words():
            for last in states(self._connections, instance_id):
                self._progress.show(last, self._connections)
                self._look_after_the_work()
            if last is None:
                instances.unknown(instance_id)
            if last.status != "completed":
                last = self._settled(last)
                self._progress.close()
                say(instances.why(last))
                return Status.FINDINGS
            result = self._connections.call(lambda connection: result_of(connection, instance_id))
        self._progress.note(f"instance {instance_id} completed")
        self._progress.close()
        write(f"{result or 'null'}\n")
        return Status.OK

    def _settled(self, instance: "Instance") -> "Instance":
        """The instance after its worker, which is ours, has seen that it was cancelled."""
        from ..runtime import find

        deadline = time.monotonic() + SETTLE
        while self._worker is not None and instance.output is None and time.monotonic() < deadline:
            time.sleep(0.02)
            instance = self._connections.call(partial(find, instance_id=instance.id)) or instance
        return instance

    def say_how_to_go_on(self, instance_id: str) -> None:
        """What becomes of the instance when we stop."""
        self._progress.close()
        whose = "stays as it is" if self._worker is not None else "goes on without this command"
        more = "" if self._server.embedded else " (with the same --dsn)"
        say(
            f"interrupted: instance {instance_id} {whose}\n"
            f"  dfsql run --attach {instance_id}   follows it to its end\n"
            f"  dfsql cancel {instance_id}         cancels it{more}"
        )

    def close(self) -> None:
        """Ends our own work in good order; a second Ctrl-C leaves what is under way to the next worker."""
        self._progress.close()
        self._connections.close()
        if self._worker is None or self._worker.stop(DRAIN_QUIETLY):
            return
        say("finishing the steps that are under way; Ctrl-C leaves them to the next worker")
        with contextlib.suppress(KeyboardInterrupt):
            self._worker.stop()

    def _set_up(self, connection: "psycopg.Connection[Any]") -> None:
        connection.autocommit = False
        instances.prepare(connection, embedded=self._server.embedded)

    def _work(self) -> None:
        """Works here, beside the watching."""
        from ..runtime import BackgroundWorker, control_conninfo, is_ready

        self._worker = BackgroundWorker(control_conninfo(self._server.conninfo))
        self._worker.start()
        deadline = time.monotonic() + READY
        while not self._connections.call(is_ready):
            self._check_worker()
            if time.monotonic() > deadline:
                say(f"the worker is not ready after {READY:.0f} s")
                raise click.exceptions.Exit(Status.FAULT)
            time.sleep(0.01)

    def _look_for_workers(self, must_start: bool) -> None:
        from ..runtime import has_worker, may_work

        self._looked = time.monotonic()
        if self._connections.call(has_worker):
            self._missed = False
        elif self._connections.call(may_work):
            self._progress.note("no worker runs for this database: this command works until the end")
            self._work()
        elif must_start:
            say(f"{NOBODY}; nothing was started")
            raise click.exceptions.Exit(Status.FINDINGS)
        elif not self._missed:
            self._missed = True
            self._progress.note(f"{NOBODY}; waiting")

    def _look_after_the_work(self) -> None:
        """Sees to it that there is somebody who works, as long as it takes."""
        if self._worker is not None:
            self._check_worker()
        elif time.monotonic() - self._looked > LOOK_FOR_WORKERS:
            self._look_for_workers(must_start=False)

    def _check_worker(self) -> None:
        if self._worker is not None and not self._worker.is_alive:
            problem = self._worker.problem or RuntimeError("the worker has ended by itself")
            self._worker = None
            raise problem


@contextlib.contextmanager
def _terminations() -> Iterator[None]:
    """SIGTERM is an interrupt, so that a server of ours is stopped and the person told."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise TerminatedError

    before: Any = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
