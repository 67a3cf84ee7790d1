"""A scope: one sequential line of execution, where it stands, its names, and what it still has to write."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .checkpoint import Changes
from .errors import CommitRefusedError, FencedError, LostConnectionError, UnsettledError
from .outcomes import Broke, Done, Failed, Outcome
from .slots import Open
from .stored import StoredNode, path_to_root

if TYPE_CHECKING:
    from .instance import Instance


_COMMIT_ANSWERED = 2  # checkpoint and COMMIT: the message broke off behind them


class Saved(NamedTuple):
    """A row of _duroxide.scopes."""

    scope_id: str
    generation: int
    position: str | None
    carry: str | None
    wait_node: str | None
    wait_until: float | None  # seconds since the epoch by the database clock
    attempts: int
    intent: str | None
    ended: str | None


class StepUndoneError(Exception):
    """The commit of a step was refused: the walk went on too early and must be taken up again before that step."""

    def __init__(self, place: "Place", problem: CommitRefusedError) -> None:
        super().__init__(str(problem))
        self.place = place
        self.error = problem.error


class DrainedError(Exception):
    """The worker is to end: this line stops in front of its next step."""


class Place(NamedTuple):
    """A visit of a node."""

    scope_id: str
    generation: int
    node_id: str


class Scope:
    """One sequential line of an instance."""

    def __init__(self, instance: "Instance", scope_id: str, root: StoredNode, parent: "Scope | None") -> None:
        self.instance = instance
        self.id = scope_id
        self.root = root
        self.parent = parent
        self.generation = 1
        self.stamp = f"{scope_id}::1"
        self.bindings: dict[str, str] = dict(parent.bindings) if parent else {}
        self.own: set[str] = set()  # names bound in this scope
        self.position: str | None = None
        self.result: str | None = None  # of the node at position, where a later decision needs it
        self.body: str | None = None  # result of the loop's body while its condition runs
        self.changes = Changes()
        self.opened: Open | None = None  # a step that has run and waits for its commit
        self.opened_place: Place | None = None
        self.urgent = False  # the changes hold an outcome that must be durable before anything follows
        self.effects = 0  # leaves with an effect in this generation
        self.signalled = False  # a signal came in during this generation
        self.committing: str | None = None  # generation and position that a commit under way will store
        self.awaited = 0  # how many branches have still to end before it goes on
        self.open: dict[str, str] = {}  # node id -> stamp, for nodes that have begun and not ended
        self.shown: set[str] = set()  # those whose row says running
        self.saved: Saved | None = None
        self.path: set[str] = set()  # while the walk goes back to position: the nodes on the way
        self.silent = False  # between position and the next effect everything has been written already

    # Taking up

    def restore(self, saved: Saved, bindings: dict[str, str]) -> None:
        """Continue from a stored row."""
        self.saved = saved
        self.generation = saved.generation
        self.stamp = f"{self.id}::{saved.generation}"
        self.bindings.update(bindings)
        self.own.update(bindings)
        self.position = saved.position
        carry = json.loads(saved.carry) if saved.carry else {}
        self.result, self.body = carry.get("r"), carry.get("b")
        node = self.instance.graph.nodes.get(saved.position) if saved.position else None
        if node is not None:
            self.path = path_to_root(node, self.root)

    def child(self, root: StoredNode) -> "Scope":
        """The scope of a branch or an inner loop, with what the database knows of it."""
        child = Scope(self.instance, f"{self.id}::{self.generation}::{root.id}", root, self)
        saved = self.instance.saved.get(child.id)
        if saved is not None:
            child.restore(saved, self.instance.saved_bindings.get(child.id, {}))
        return child

    # Walking

    def enter(self, node: StoredNode) -> None:
        """A node begins."""
        self.open[node.id] = self.stamp
        self.instance.worker.marks.add(self, node.id, self.stamp)

    def leave(self, node: StoredNode, outcome: Outcome) -> None:
        """A node ends: its row, and its name."""
        self.open.pop(node.id, None)
        self.shown.discard(node.id)
        if self.silent and not isinstance(outcome, Failed):  # a retry may fail again without any effect
            return
        if isinstance(outcome, Failed):
            self.changes.node(node.id, "failed", json.dumps(outcome.text, ensure_ascii=False), self.stamp)
            return
        self.changes.node(node.id, "completed", outcome.text, self.stamp_of(node))
        if node.name and (isinstance(outcome, Done) or node.kind == "BREAK"):
            self.bind(node.name, outcome.text)

    def stamp_of(self, node: StoredNode) -> str:
        """What goes into the node's status_details: the stamp, with a mark for at-least-once delivery."""
        if node.id in self.instance.at_least_once:
            return json.dumps({"execution_id": self.stamp, "delivery": "at-least-once"})
        return self.stamp

    def bind(self, name: str, text: str) -> None:
        """Bind a name in this scope."""
        self.bindings[name] = text
        self.own.add(name)
        self.changes.bindings[name] = text

    def speak(self) -> Saved | None:
        """An effect begins: all is new from here on. Returns what was stored of its earlier beginning."""
        self.silent = False
        self.path = set()
        self.effects += 1
        saved, self.saved = self.saved, None
        return saved

    def advance(self, node: StoredNode, outcome: Outcome) -> None:
        """This node is the last that ended."""
        if not isinstance(outcome, Failed):
            self.position = node.id
            self.result = outcome.text if node.needed else None

    def next_generation(self, loop: StoredNode) -> None:
        """The loop at this scope's root begins another iteration."""
        self.generation += 1
        self.stamp = f"{self.id}::{self.generation}"
        self.position = self.result = self.body = None
        self.effects = 0
        self.signalled = False
        self.silent = False
        self.changes.node(loop.id, "running", None, self.stamp)
        self.open[loop.id] = self.stamp
        self.shown.add(loop.id)
        if self.parent is None:
            self.bindings.clear()
            self.own.clear()
            self.changes.bindings.clear()
            self.changes.more["clear"] = True
            self.changes.more["execution"] = self.generation
            self.changes.status = "running"

    # Writing

    async def begin(self, node: StoredNode, sql: bytes) -> Open:
        """Run a statement; what this scope has to write is committed before it, in the same message where possible."""
        if self.instance.worker.draining:
            if self.opened is not None or self.urgent:
                await self.flush()
            raise DrainedError
        place = Place(self.id, self.generation, node.id)
        key = self.instance.key
        if self.opened is not None:
            self._check_lease()
            opened, before = self.opened, self.opened_place
            params = self._parameters()
            self.committing = f"{self.generation} {self.position or ''}"
            try:
                fresh = await self.instance.executor.commit_and_begin(opened, params, sql)
            except CommitRefusedError as problem:
                raise StepUndoneError(before or place, problem) from None
            except LostConnectionError as problem:
                if problem.answered >= _COMMIT_ANSWERED:
                    self.committing = None
                    raise
                raise UnsettledError(str(problem)) from None
            self.committing = None
        else:
            if self.urgent:
                await self.flush()
            fresh = await self.instance.executor.begin(key, sql)
        self.opened_place = place
        return fresh

    async def flush(self, **more: Any) -> None:
        """Commit what there is to write. Raises StepUndoneError, FencedError, UnsettledError."""
        self._check_lease()
        self.changes.more.update(more)
        opened, place = self.opened, self.opened_place
        params = self._parameters()
        try:
            if opened is None:
                await self.instance.management.checkpoint(params)
            else:
                self.committing = f"{self.generation} {self.position or ''}"
                await self.instance.executor.commit(opened, params)
        except CommitRefusedError as problem:
            raise StepUndoneError(place or Place(self.id, self.generation, ""), problem) from None
        except LostConnectionError as problem:
            if opened is None or problem.answered < _COMMIT_ANSWERED:
                raise UnsettledError(str(problem)) from None
        self.committing = None

    def _check_lease(self) -> None:
        try:
            self.instance.worker.lease.check(self.instance.epoch)
        except FencedError:
            self.forsake()
            raise

    def forsake(self) -> None:
        """The walk has stopped here: roll back what is open. Nothing of it is to be shown any more."""
        self.open.clear()
        if self.opened is not None:
            opened, self.opened = self.opened, None
            self.instance.executor.abandon(opened)

    def _parameters(self) -> tuple[bytes | None, ...]:
        changes, self.changes = self.changes, Changes()
        self.opened = None
        self.urgent = False
        carry = {k: v for k, v in (("r", self.result), ("b", self.body)) if v is not None}
        return changes.parameters(
            self.id, self.instance.token, self.generation, self.position, json.dumps(carry) if carry else None
        )

    def show(self) -> None:
        """Put every node that has begun, here and above, into the next commit as running."""
        scope: Scope | None = self
        while scope is not None:
            for node_id, stamp in scope.open.items():
                if node_id not in scope.shown:
                    scope.shown.add(node_id)
                    # Not setdefault: how the node ended in the last generation may not be written yet.
                    self.changes.nodes[node_id] = ("running", None, stamp)
            scope = scope.parent


def ended_text(outcome: Outcome) -> str:
    """How a branch ended, for _duroxide.scopes.ended."""
    status = {Done: "completed", Broke: "broke", Failed: "failed"}[type(outcome)]
    return json.dumps({"status": status, "text": outcome.text}, ensure_ascii=False)


def ended_outcome(text: str) -> Outcome:
    """The inverse of `ended_text`."""
    value = json.loads(text)
    kinds: dict[str, type[Done] | type[Broke] | type[Failed]] = {"completed": Done, "broke": Broke}
    return kinds.get(value["status"], Failed)(value["text"])
