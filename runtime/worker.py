"""The worker: registers, claims instances in batches, hands them their mail, beats, and leaves in good order."""

import asyncio
import contextlib
import itertools
import json
import logging
import math
import time
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from .checkpoint import Changes
from .clock import Clock
from .errors import GoneError, LostConnectionError, ServerError
from .executor import Executor
from .failpoints import hit
from .freezer import Freezer
from .instance import Instance
from .lease import Lease
from .lifeline import Lifeline
from .management import Management
from .marks import Mark, Marks
from .session import Session
from .settings import Settings, read_settings
from .slots import Key
from .targets import for_submitter, for_worker
from .waits import Message
from .web import Client

log = logging.getLogger("dfsql.worker")

BEAT_EVERY = 5.0  # seconds
FIRST_PAUSE = 1.0
LOOK_EVERY = 30.0  # the net under notifications and timers
LOST_PAUSE = 0.2  # while the server does not answer
RECOVER_AFTER_BEATS = 12  # the net under everything that may go wrong with an instance in memory
INSTALL_LOOK_EVERY = 2.0  # while schema df is not there
BATCH = 64  # instances a claim
MOST_INSTANCES = 1000  # in memory at a time
DRAIN_SECONDS = 25.0


class Worker:
    """One registered worker of one installation. It ends when told to, or when the installation is gone."""

    def __init__(self, conninfo: Mapping[str, str], concurrency: int | None) -> None:
        self.id = str(uuid.uuid4())
        self.conninfo = conninfo
        self.database = conninfo["dbname"]
        self.clock = Clock()
        self.draining = False
        self.settings = Settings()
        self._concurrency = concurrency
        self._wake = asyncio.Event()
        self._next_look = math.inf  # when we look for work without being woken, by the database clock
        self._more = False  # the last look found as much as it had asked for
        self._settings_mark: str | None = None
        self.instances: dict[str, Instance] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.management = Management(4, lambda: self._connect_own("management"))
        self._looks = Management(
            1, lambda: self._connect_own("duroxide")
        )  # never behind anybody's checkpoint
        self.lease = Lease()
        self.lifeline = Lifeline(
            self.id, self._wake, self.lease, lambda: self._connect_own("poll", prepare=False)
        )
        self._distrusted = False  # maybe the database says that we hold instances that we do not know
        self.marks = Marks(self._mark_running)
        self.freezer = Freezer(self.management)
        self.executor: Executor
        self.web: Client

    # Connections

    async def _connect_own(self, purpose: str, *, prepare: bool = True) -> Session:
        parameters = for_worker(self.conninfo, purpose)
        session = await Session.open(parameters, (self.conninfo["user"], self.database))
        if prepare:
            await session.prepare()
        return session

    async def _connect_step(self, key: Key) -> Session:
        role, database = key
        session = await Session.open(for_submitter(self.conninfo, role, database), key)
        if database == self.database:
            try:
                await session.prepare()
            except BaseException:
                await session.close()
                raise
        return session

    # Life

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises GoneError when the installation disappears."""
        try:
            await self._open()
            async with asyncio.TaskGroup() as group:
                loops = [
                    group.create_task(one)
                    for one in (self._look_loop(), self._beat_loop(), self._cleaning_loop())
                ]
                await stop.wait()
                await self._drain()
                for task in loops:
                    task.cancel()
        except ExceptionGroup as problems:  # a loop has failed, and the group has stopped the others
            raise problems.exceptions[0] from None
        finally:
            await self._close()

    async def _open(self) -> None:
        self.settings = await read_settings(self.management, self._concurrency)
        if self.settings.engine_connections < 2:
            raise ServerSettingError(
                "pg_durable.max_duroxide_connections is below 2: the worker does not start"
            )
        self.executor = Executor(self.settings.concurrency, self.settings.slot_timeout, self._connect_step)
        self.web = Client(self.settings.http)
        await self._beat()  # what dead workers have held can be claimed from now on
        log.info("worker %s is ready", self.id)

    async def _drain(self) -> None:
        """No new steps; those under way are finished, waits go back into the table."""
        self.draining = True
        for instance in list(self.instances.values()):
            if instance.waits_only:
                instance.stop()
        tasks = [task for task in self._tasks if not task.done()]
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(GoneError, LostConnectionError, ServerError):
            await self.management.value("SELECT _duroxide.leave($1)", self.id)

    async def _close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.marks.close()
        self.freezer.close()
        if hasattr(self, "executor"):
            await self.executor.close()
            await self.web.close()
        await self.lifeline.close()
        await self._looks.close()
        await self.management.close()

    def wake(self) -> None:
        """Look for work soon."""
        self._wake.set()

    def remind(self, due: float) -> None:
        """An instance was parked until then: look no later."""
        if due < self._next_look:
            self._wake.set()

    def distrust(self) -> None:
        """An instance may have left our memory that is still ours in the database: look for such ones soon."""
        self._distrusted = True
        self._wake.set()

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the instances; what goes wrong there is logged."""
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Looking for work

    async def _look_loop(self) -> None:
        while True:
            self._wake.clear()  # before looking: what is announced during the look must not be forgotten
            self._next_look = math.inf
            try:
                pause = await self._look()
            except LostConnectionError as problem:
                log.info("cannot look for work: %s", problem)
                self._distrusted = True  # the answer may have been about instances that were claimed
                pause = LOST_PAUSE
            self._next_look = self.clock.now() + pause
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _look(self) -> float:
        """One look; returns how long to wait for the next one, in seconds."""
        await self.lifeline.hold()
        if self._distrusted:
            await self._recover()
        epoch = self.lease.epoch
        room = self._room()
        asked = time.monotonic()
        hit("claim.before")
        found = await self._looks.document("SELECT _duroxide.poll($1, $2)", self.id, str(room))
        hit("claim.after")
        self.clock.set(found["now"], asked)
        claimed = found["claimed"] or []
        for taken in claimed:
            self._adopt(taken, epoch)
        for row in found["mail"] or []:
            message = Message(*row)
            instance = self.instances.get(message.instance_id)
            if instance is not None:
                instance.accept(message)
            else:
                self.distrust()  # parked meanwhile: then the next look claims it
        self._more = room == 0 or len(claimed) >= room
        if self._more:
            return 1.0  # instances that end wake us before
        due = found["due"]
        return LOOK_EVERY if due is None else min(max(due - self.clock.now(), 0.01), LOOK_EVERY)

    def _room(self) -> int:
        """How many instances to claim: none while those in memory keep the sessions busy.

        As few as do that: an instance that waits its turn in memory for long costs writes to show it as running.
        """
        if self.draining:
            return 0
        wanted = min(BATCH, 2 * self.settings.concurrency - self.executor.backlog)
        return max(min(wanted, MOST_INSTANCES - len(self.instances)), 0)

    async def _recover(self) -> None:
        """Take again what is ours in the database, but not in memory."""
        self._distrusted = False
        epoch = self.lease.epoch
        known = "{" + ",".join(self.instances) + "}"
        sql = "SELECT _duroxide.retake_missing($1, $2)"
        try:
            found = await self.management.document(sql, self.id, known)
        except LostConnectionError:
            self._distrusted = True
            raise
        for taken in found or []:
            self._adopt(taken, epoch)

    def _adopt(self, taken: dict[str, Any], epoch: int) -> None:
        if "problem" in taken:
            self.background(self._give_up(taken, taken["problem"]))
            return
        try:
            instance = Instance(self, taken, epoch)
        except Exception as problem:  # rows that no door of ours lets in: they must not stop everybody else's
            log.exception("instance %s cannot be read", taken["id"])
            self.background(self._give_up(taken, f"{type(problem).__name__}: {problem}"))
            return
        self.instances[instance.id] = instance
        if not instance.frozen:
            self.freezer.add(instance)
        task = instance.start()
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._left(instance, done))

    async def _give_up(self, taken: dict[str, Any], reason: str) -> None:
        changes = Changes()
        changes.status = "failed"
        changes.more.update(outcome="failed", output=reason)
        root = next(
            (row for row in taken.get("scopes") or () if row[0] == taken["id"]), (None, 1, None, None)
        )
        await self.management.checkpoint(changes.parameters(taken["id"], taken["token"], *root[1:4]))

    def _left(self, instance: Instance, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if self.instances.get(instance.id) is instance:
            del self.instances[instance.id]
        instance.gone = True
        if not task.cancelled() and task.exception():
            log.error("instance %s", instance.id, exc_info=task.exception())
            self.distrust()
        if self._more and self.executor.backlog < self.settings.concurrency:
            self._wake.set()

    async def _mark_running(self, marks: Sequence[Mark]) -> set[int]:
        try:
            sql = "SELECT _duroxide.mark_running($1)"
            return set(await self.management.document(sql, json.dumps(marks)) or ())
        except (GoneError, LostConnectionError, ServerError) as problem:
            log.info("cannot show running nodes: %s", problem)
            return set()

    # Beating and cleaning

    async def _beat_loop(self) -> None:
        for number in itertools.count(1):
            # The second one soon: a claim that a dead worker had sent may have come behind our first.
            pause = BEAT_EVERY if number > 1 else FIRST_PAUSE
            await asyncio.sleep(min(pause, self.lease.seconds / 3))
            if number % RECOVER_AFTER_BEATS == 0:
                self.distrust()
            try:
                await self._beat()
            except LostConnectionError as problem:
                log.info("no beat: %s", problem)

    async def _beat(self) -> None:
        """Prove that the worker lives. Raises GoneError when its row is gone, and LostConnectionError."""
        asked = time.monotonic()
        found = await self.lifeline.beat()
        if found is None:
            raise GoneError("this worker's row in df._worker_epoch is gone")
        self.clock.set(found["now"], asked)
        if self._settings_mark not in (None, found["settings"]):
            await self._settings_changed()
        self._settings_mark = found["settings"]

    async def _settings_changed(self) -> None:
        self.settings = await read_settings(self.management, self._concurrency)
        self.executor.slots.limit = self.settings.concurrency
        self.executor.slots.timeout = self.settings.slot_timeout
        old, self.web = self.web, Client(self.settings.http)
        await old.close()

    async def _cleaning_loop(self) -> None:
        while True:
            interval = self.settings.reconcile_interval
            await asyncio.sleep(interval or 60.0)
            if not interval:
                continue
            try:
                sql = "SELECT _duroxide.remove_expired($1)"
                await self.management.value(sql, str(self.settings.retention_days))
            except (LostConnectionError, ServerError) as problem:
                log.warning("cannot remove old instances: %s", problem)


class ServerSettingError(Exception):
    """A setting of the installation forbids to start; the text names it."""


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (LostConnectionError, GoneError, ServerError) as problem:
        log.info("%s", problem)
