"""Nodes that wait: SLEEP, WAIT_SCHEDULE and SIGNAL. A wait is a row with a due time and holds no connection."""

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ..compiler import CronError
from .failpoints import hit
from .outcomes import UNSTORABLE, Done, Failed, Outcome
from .schedules import next_tick
from .scope import Saved, Scope
from .stored import StoredNode
from .values import is_storable

if TYPE_CHECKING:
    from .instance import Instance

LATEST = 9.0e12  # seconds since the epoch: near the end of PostgreSQL's time, in the year 287,000
PARK_AFTER = 2.0  # seconds: instances that all wait longer than this leave the worker's memory


class ParkedError(Exception):
    """Every line of the instance waits; it has been put back into the table."""


class Message(NamedTuple):
    """A row of _duroxide.inbox."""

    id: int
    instance_id: str
    kind: str
    name: str
    payload: str  # JSON text
    kept: bool
    for_scope: str | None = None  # one of several copies, for this scope's wait alone


class Waits:
    """What the lines of one instance wait for, and the messages that nobody has waited for yet."""

    def __init__(self) -> None:
        self.until: dict[Scope, float | None] = {}  # waits that the database knows
        self.kept: list[Message] = []
        self.parking = False  # the commit that puts the instance back into the table is under way
        self.deferred = False  # a message came during that commit
        self._promised: set[asyncio.Future[Message]] = set()
        self._listeners: list[tuple[str, Scope, asyncio.Future[Message]]] = []

    def listen(self, name: str, scope: Scope) -> "asyncio.Future[Message]":
        """Wait for a message of this name."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._listeners.append((name, scope, future))
        return future

    def forget(self, future: "asyncio.Future[Message]") -> None:
        """Stop waiting."""
        self._listeners = [one for one in self._listeners if one[2] is not future]
        self._promised.discard(future)

    def promise(self, listeners: "list[tuple[Scope, asyncio.Future[Message]]]") -> None:
        """These are about to get a message: another one is not for them."""
        self._promised.update(future for _, future in listeners)

    def take_kept(self, name: str, scope_id: str) -> Message | None:
        """The oldest kept message of this name; it goes to one wait alone."""
        for message in self.kept:
            if message.name == name and message.for_scope in (None, scope_id):
                self.kept.remove(message)
                return message
        return None

    @property
    def answered(self) -> bool:
        """Whether a message has been handed, or is about to be, to a wait that has not gone on with it yet."""
        return bool(self._promised) or any(
            future.done() and not future.cancelled() for _, _, future in self._listeners
        )

    def listeners(self, name: str) -> list[tuple[Scope, "asyncio.Future[Message]"]]:
        """Everybody who waits for this name now."""
        return [
            (scope, future)
            for one, scope, future in self._listeners
            if one == name and not future.done() and future not in self._promised
        ]


async def sleep(scope: Scope, node: StoredNode) -> Outcome:
    """Wait a number of whole seconds from the moment the node begins."""
    saved = scope.speak()
    text = node.query
    if text is None:
        return Failed(f"SLEEP node {node.id} has no duration")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return Failed(f"Invalid sleep duration: {text}")
    await _wait_until(scope, node, saved, _due(scope, int(text)))
    return _ended(scope, node, f'{{"slept": true, "seconds": {int(text)}}}')


def _due(scope: Scope, seconds: int) -> float:
    return min(scope.instance.clock.now() + seconds, LATEST)


async def schedule(scope: Scope, node: StoredNode) -> Outcome:
    """Wait for the next tick of a cron expression, in UTC by the database clock."""
    saved = scope.speak()
    if node.query is None:
        return Failed(f"WAIT_SCHEDULE node {node.id} has no config")
    try:
        config = json.loads(node.query)
    except ValueError as problem:
        return Failed(f"Invalid WAIT_SCHEDULE config: {problem}")
    expression = config.get("cron_expr") if isinstance(config, dict) else None
    if not isinstance(expression, str):
        return Failed("WAIT_SCHEDULE missing cron_expr")
    try:
        tick = next_tick(expression, datetime.fromtimestamp(scope.instance.clock.now(), UTC))
    except CronError as problem:
        return Failed(f"Invalid cron expression '{expression}': {problem}")
    if tick is None:
        return Failed(f"No upcoming schedule found for '{expression}'")
    await _wait_until(scope, node, saved, tick.timestamp())
    return _ended(scope, node, '{"scheduled": true}')


def _ended(scope: Scope, node: StoredNode, text: str) -> Outcome:
    outcome = Done(text)
    scope.advance(node, outcome)
    return outcome


async def _wait_until(scope: Scope, node: StoredNode, saved: Saved | None, due: float) -> None:
    if saved and saved.wait_node == node.id and saved.wait_until is not None:
        due = saved.wait_until
    clock = scope.instance.clock
    if due <= clock.now():
        scope.effects -= 1  # nothing was waited for: a loop of these must still give way now and then
        return
    await _begin_wait(scope, node, due)
    try:
        while (left := due - clock.now()) > 0:
            await asyncio.sleep(min(left, 5.0))
    finally:
        scope.instance.waits.until.pop(scope, None)
    hit("timer.due")


async def _begin_wait(scope: Scope, node: StoredNode, due: float | None) -> None:
    """Record the wait, and leave memory when every other line waits too and nothing is due soon."""
    instance = scope.instance
    wait = {"node": node.id, "until": due}
    scope.show()
    park = _parking_time(instance, scope, due)
    if park is None or instance.waits.answered:
        await scope.flush(wait=wait)
        instance.waits.until[scope] = due
        park = _parking_time(instance, scope, due)  # other lines may have recorded their waits meanwhile
        if park is None or instance.waits.answered or instance.waits.parking:
            return
    if not instance.frozen:
        scope.changes.more["graph"] = instance.header
    waits = instance.waits
    waits.parking = True
    try:
        await scope.flush(wait=wait, park=park[0])
    finally:
        waits.parking = False
        waits.until.pop(scope, None)
    hit("timer.parked")
    if park[0] is not None:
        instance.worker.remind(park[0])
    if waits.deferred:  # whoever takes the instance next is to read the message
        instance.worker.wake()
    raise ParkedError


def _parking_time(instance: "Instance", scope: Scope, due: float | None) -> tuple[float | None] | None:
    """When the instance is due next, in a tuple; None: a line runs, or its wait is not recorded yet."""
    waits = {**instance.waits.until, scope: due}
    if not instance.lines <= waits.keys():
        return None
    first = min((until for until in waits.values() if until is not None), default=None)
    if first is not None and first - instance.clock.now() < PARK_AFTER and not instance.worker.draining:
        return None
    return (first,)


async def signal(scope: Scope, node: StoredNode) -> Outcome:
    """Wait for a signal, at most for the given time."""
    saved = scope.speak()
    if node.query is None:
        return Failed(f"SIGNAL node {node.id} has no config")
    try:
        config = json.loads(node.query)
    except ValueError as problem:
        return Failed(f"Invalid SIGNAL config: {problem}")
    name = config.get("signal_name") if isinstance(config, dict) else None
    if not isinstance(name, str):
        return Failed("Missing signal_name in SIGNAL config")
    timeout = config.get("timeout_seconds")
    due = _due(scope, timeout) if isinstance(timeout, int) else None
    if saved and saved.wait_node == node.id:
        due = saved.wait_until
    message = await _receive(scope, node, name, due)
    if message is None:
        text = json.dumps(
            {"signal_name": name, "timed_out": True, "data": None}, separators=(",", ":"), ensure_ascii=False
        )
    else:
        scope.changes.more.setdefault("take", []).append(message.id)
        scope.urgent = scope.signalled = True
        quoted = json.dumps(name, ensure_ascii=False)
        text = f'{{"signal_name":{quoted},"timed_out":false,"data":{message.payload}}}'
        hit("signal.received")
    if not is_storable(text):
        return Failed(UNSTORABLE)
    return _ended(scope, node, text)


async def _receive(scope: Scope, node: StoredNode, name: str, due: float | None) -> Message | None:
    """A kept message, or the next one that comes before the time is over."""
    instance = scope.instance
    kept = instance.waits.take_kept(name, scope.id)
    if kept is not None:
        return kept
    if due is not None and due <= instance.clock.now():
        return None
    future = instance.waits.listen(name, scope)
    try:
        await _begin_wait(scope, node, due)
        while not future.done():
            left = None if due is None else due - instance.clock.now()
            if left is not None and left <= 0:
                return None
            await asyncio.wait([future], timeout=None if left is None else min(left, 5.0))
        return future.result()
    finally:
        instance.waits.forget(future)
        instance.waits.until.pop(scope, None)
