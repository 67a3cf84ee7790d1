"""One instance in a worker's memory: taken from the database, walked, and left in one of five ways."""

import asyncio
import json
import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .checkpoint import Changes
from .clock import Clock
from .errors import (
    CANNOT_NOTE,
    FencedError,
    GoneError,
    LostConnectionError,
    ServerError,
    SqlError,
    UnsettledError,
)
from .executor import Executor
from .failpoints import hit
from .management import Management
from .node_types import run
from .outcomes import Broke, Done, Failed, Outcome
from .parked_mail import hand_out
from .scope import DrainedError, Place, Saved, Scope, StepUndoneError
from .sql_step import verdict_on
from .stored import StoredGraph
from .waits import Message, ParkedError, Waits

if TYPE_CHECKING:
    from .worker import Worker

log = logging.getLogger("dfsql.worker")

UNCAUGHT_BREAK = "df.break() was called outside of a loop. df.break() may only be used inside df.loop()."
_SETTLE = 0.05  # seconds in which a walk that is taken up is back at its waits, which takes no exchange with the server
_RELOAD_MOST = 1.0  # seconds between attempts to read the state again


class Instance:
    """The state of one instance while this worker holds it."""

    def __init__(self, worker: "Worker", taken: dict[str, Any], epoch: int) -> None:
        self.worker = worker
        self.epoch = epoch  # of the worker's lease, when it was read
        self.id: str = taken["id"]
        self.gone = False  # not in this worker's memory any more
        self.reason: str | None = None  # why it is being cancelled
        self._task: asyncio.Task[None] | None = None
        self.verdicts: dict[Place, Failed | SqlError] = {}
        self.terminated: dict[Place, int] = {}  # how often in a row the backend of a step was terminated
        self.at_least_once: set[str] = set()
        self.executor: Executor = worker.executor
        self.management: Management = worker.management
        self.clock: Clock = worker.clock
        self._take(taken)

    def _take(self, taken: dict[str, Any]) -> None:
        """Read what the database says: at the beginning, and again when nobody knows what was committed."""
        graph = taken["graph"] or {}
        self.token: str = taken["token"]
        self.role: str = graph.get("role") or ""
        self.owner: int = graph.get("owner") or 0
        self.database: str | None = graph.get("database")
        self.header: dict[str, Any] = graph
        self.frozen: bool = taken["frozen"]
        self.graph = StoredGraph(graph.get("root", ""), graph.get("nodes") or [])
        self.variables: dict[str, str] = {
            **taken["vars"],
            "sys_instance_id": self.id,
            "sys_label": graph.get("label") or "",
        }
        self.saved: dict[str, Saved] = {row[0]: Saved(*row) for row in taken["scopes"] or []}
        self.saved_bindings: dict[str, dict[str, str]] = {}
        for scope_id, name, value in taken["bindings"] or []:
            self.saved_bindings.setdefault(scope_id, {})[name] = value
        self.lines: set[Scope] = set()  # scopes that run or wait, and are not blocked on children
        self.waits = Waits()
        self._seen: set[int] = set()
        self._arrived: list[Message] = []  # signals that came while nobody had the instance in memory
        self._settled = not any(saved.wait_node for saved in self.saved.values())  # back at its waits
        self._unheard = False  # a signal came too early; the table will be read again
        for row in taken["mail"] or []:
            message = Message(*row)
            if message.kind == "cancel" or message.kept:
                self.accept(message)
            else:
                self._seen.add(message.id)
                self._arrived.append(message)

    @property
    def key(self) -> tuple[str, str]:
        """Role and database of its SQL steps."""
        return self.role, self.database or self.worker.database

    @property
    def in_other_database(self) -> bool:
        """Whether its steps cannot share a transaction with the checkpoint."""
        return self.database is not None and self.database != self.worker.database

    # Life

    def start(self) -> "asyncio.Task[None]":
        """Begin to run in a task of its own."""
        self._task = asyncio.create_task(self._live())
        return self._task

    async def _live(self) -> None:
        try:
            await self._run_to_end()
        except asyncio.CancelledError:
            if self.reason is None:
                raise
            await self._cancelled()

    async def _run_to_end(self) -> None:
        attempt = 0
        while True:
            try:
                await self._once()
                return
            except (ParkedError, DrainedError):
                return
            except GoneError as problem:
                log.info("instance %s left: %s", self.id, problem)
                self.worker.distrust()
                return
            except StepUndoneError as problem:
                if (
                    problem.error.code in CANNOT_NOTE
                ):  # nothing can be noted in the transaction of such a step
                    self.at_least_once.add(problem.place.node_id)
                else:
                    self.verdicts[problem.place] = verdict_on(problem.error)
            except (FencedError, LostConnectionError, UnsettledError) as problem:
                log.info("instance %s: reading its state again: %s", self.id, problem)
            except Exception as problem:
                log.exception("instance %s cannot go on", self.id)
                if await self._reload(attempt) >= 0:  # the end must not put an older position into the table
                    await self._end("failed", f"{type(problem).__name__}: {problem}")
                return
            attempt = await self._reload(attempt)
            if attempt < 0:
                return

    async def _once(self) -> None:
        """From where the database says it stands to its end."""
        if self.reason is not None:
            await self._cancelled()
            return
        refusal = self._refusal()
        if refusal is not None:
            await self._end("failed", refusal)
            return
        if self.graph.problem is not None:
            await self._end("failed", self.graph.problem)
            return
        root = self.graph.root
        if root is None:
            await self._end("failed", f"Node not found: {self.header.get('root')}")
            return
        scope = Scope(self, self.id, root, None)
        saved = self.saved.get(self.id)
        if saved is not None:
            scope.restore(saved, self.saved_bindings.get(self.id, {}))
        scope.changes.status = "running"
        self.lines.add(scope)
        arrived, self._arrived = self._arrived, []
        settling: asyncio.TimerHandle | None = None
        try:
            await hand_out(self, arrived)
            if not self._settled:
                settling = asyncio.get_running_loop().call_later(_SETTLE, self._settle)
            await self._finish(scope, await run(scope, root))
        finally:
            if settling is not None:
                settling.cancel()
            self._settled = False  # nobody listens until it is taken once more
            scope.forsake()

    def _refusal(self) -> str | None:
        """Why it must not run at all; asked only when it is loaded for the first time."""
        if not self.header:
            return f"Instance {self.id} not found"
        root = self.saved.get(self.id)
        if root is not None and (
            root.position or root.wait_node or root.generation > 1 or root.attempts or root.intent
        ):
            return None
        if not self.role:
            return f"Instance {self.id}: submitted_by role no longer exists in pg_roles"
        if self.header.get("superuser") and not self.worker.settings.superuser_instances:
            return (
                f'pg_durable blocked instance {self.id}: submitted_by role "{self.role}" is a superuser, '
                "but pg_durable.enable_superuser_instances is off"
            )
        stranger = self.header.get("stranger")
        if stranger:
            return f"Instance {self.id}: node {stranger} submitted_by role no longer exists in pg_roles"
        return None

    async def _finish(self, scope: Scope, outcome: Outcome) -> None:
        """The last commit: root node, instance and engine record together."""
        if isinstance(outcome, Broke):
            outcome = Failed(UNCAUGHT_BREAK)
        status = "completed" if isinstance(outcome, Done) else "failed"
        scope.changes.status = status
        hit("finish.before")
        await scope.flush(outcome=status, output=outcome.text)
        hit("finish.after")

    async def _end(self, status: str, text: str) -> None:
        """End it from outside of the walk."""
        changes = Changes()
        changes.status = status if status == "failed" else None
        changes.more.update(outcome=status, output=text)
        saved = self.saved.get(self.id)
        generation, position, carry = (
            (saved.generation, saved.position, saved.carry) if saved else (1, None, None)
        )
        try:
            self.worker.lease.check(self.epoch)
            await self.management.checkpoint(
                changes.parameters(self.id, self.token, generation, position, carry)
            )
        except (FencedError, GoneError, LostConnectionError, ServerError) as problem:
            log.info("instance %s: %s", self.id, problem)
            self.worker.distrust()

    async def _cancelled(self) -> None:
        """Its SQL has been cancelled in the server; what is left is the engine's own record."""
        while True:
            try:
                sql = "SELECT _duroxide.end_cancelled($1, $2)"
                hit("cancel.before")
                await self.management.value(sql, self.id, f"canceled: {self.reason}")
                hit("cancel.after")
                return
            except LostConnectionError:
                await asyncio.sleep(0.2)
            except (GoneError, ServerError) as problem:
                log.info("instance %s: %s", self.id, problem)
                self.worker.distrust()
                return

    async def _reload(self, attempt: int) -> int:
        """Take it again with a new token, when the server answers. -1 when it is not ours any more."""
        while True:
            await asyncio.sleep(min(0.02 * 2 ** min(attempt, 10), _RELOAD_MOST) * random.uniform(0.5, 1.0))
            attempt += 1
            if self.worker.instances.get(self.id) is not self:
                return -1  # parked, and taken again, while the answer was lost
            epoch = self.worker.lease.epoch
            try:
                sql = "SELECT _duroxide.retake($1, $2)"
                text = await self.management.value(sql, self.worker.id, self.id)
            except (LostConnectionError, UnsettledError):
                continue
            except (GoneError, ServerError) as problem:
                log.info("instance %s left: %s", self.id, problem)
                self.worker.distrust()
                return -1
            if text is None:
                return -1
            self._take(json.loads(text))
            self.epoch = epoch
            self.worker.wake()  # mail that came in between was handed to the state that is forgotten now
            return attempt

    # Mail

    def accept(self, message: Message) -> None:
        """A message for this instance: handed to every wait of its name, or kept for the next one."""
        if message.id in self._seen:
            return
        if self.waits.parking and message.kind != "cancel":
            self.waits.deferred = True  # it stays in the table, and wakes the instance once that is parked
            return
        if not self._settled and message.kind != "cancel" and not message.kept:
            self._look_again()  # it stays in the table: the waits that it belongs to do not listen yet
            return
        self._seen.add(message.id)
        if message.kind == "cancel":
            self.cancel(message.name)
            return
        if message.kept:
            self.waits.kept.append(message)
            return
        listeners = self.waits.listeners(message.name)
        if not listeners:
            self.keep(message)
        elif len(listeners) == 1:
            listeners[0][1].set_result(message)
        else:
            self.waits.promise(listeners)
            self.worker.background(self._broadcast(message, listeners))

    def _settle(self) -> None:
        self._settled = True

    def _look_again(self) -> None:
        if not self._unheard:
            self._unheard = True
            asyncio.get_running_loop().call_later(_SETTLE, self._hear)

    def _hear(self) -> None:
        self._unheard = False
        self.worker.wake()

    def keep(self, message: Message) -> None:
        """Remember, durably too, that nobody waited for it: nobody is woken for it again."""
        self.waits.kept.append(message)
        self.worker.background(self._note_kept(message.id))

    async def _note_kept(self, message_id: int) -> None:
        waits = self.waits
        await asyncio.sleep(_SETTLE)
        if self.waits is not waits or not self._settled:  # it may have come while the walk was being stopped:
            self.worker.wake()  # waits recorded in the table did not listen any more
            return
        sql = "SELECT _duroxide.keep_messages($1, $2, $3)"
        if await self.management.value(sql, self.id, self.token, json.dumps([message_id])) != "t":
            self.worker.wake()  # the instance was parked meanwhile: the message is to wake it

    async def copy(self, message: Message, scopes: Sequence[str]) -> list[int]:
        """One message for the waits of several scopes: every one gets a copy, all in one commit. Returns their ids."""
        copies: list[int] | None = await self.management.document(
            "SELECT _duroxide.copy_message($1, $2, $3, $4)",
            self.id,
            self.token,
            str(message.id),
            json.dumps(scopes),
        )
        if copies is None:
            self.worker.wake()
            return []
        self._seen.update(copies)
        return copies

    async def _broadcast(
        self, message: Message, listeners: "list[tuple[Scope, asyncio.Future[Message]]]"
    ) -> None:
        """Hand a message to several waits. When that fails they are told to read the state again."""
        problem: Exception = FencedError("the instance has left this worker")
        copies: list[int] = []
        try:
            copies = await self.copy(message, [scope.id for scope, _ in listeners])
        except (GoneError, LostConnectionError, ServerError) as failure:
            problem = UnsettledError(str(failure))
        for place, (_, future) in enumerate(listeners):
            if future.done():
                continue
            if copies:
                future.set_result(message._replace(id=copies[place]))
            else:
                future.set_exception(problem)

    @property
    def waits_only(self) -> bool:
        """Whether nothing of it is under way but waits."""
        return bool(self.lines) and self.lines <= self.waits.until.keys()

    def stop(self) -> None:
        """Leave it as the database has it."""
        if self._task is not None:
            self._task.cancel()

    def cancel(self, reason: str) -> None:
        """Stop it: running statements are cancelled in the server."""
        self.reason = reason
        if self._task is not None:
            self._task.cancel()
