"""What a workflow must come to: a simple interpreter that shares no code with the engine.

It walks the tree recursively, runs branches one after the other, and asks a scratch database what each statement
returns. Of a race it runs the branch that can end. Written from the rules of how workflows run, section by section:
nodes, result JSON, substitution, truth.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
from oracle_texts import (
    FailureError,
    answer,
    compact,
    json_or_string,
    quoted,
    truth,
    with_references,
    with_variables,
)
from random_statements import VARIABLES
from workflow_trees import Node, Workflow

UNCAUGHT = "df.break() was called outside of a loop. df.break() may only be used inside df.loop()."
LOST = "Loop branch cancelled after losing RACE"
_MOST_TURNS = 200


class LeavingError(Exception):
    """A break unwinds; its argument is the value as JSON text."""


class Row(NamedTuple):
    """What a node's row says in the end. `<7>` in a stamp stands for the id of node 7, `<i>` for the instance's."""

    status: str
    result: str | None  # JSON text
    stamp: str


@dataclass
class Prediction:
    """The outcome of a workflow."""

    status: str
    result: str | None  # JSON text
    output: str
    generation: int
    rows: dict[int, Row]  # by the nodes' numbers; the others are pending
    effects: Counter[tuple[str, str | None]]  # tag and note
    loose: set[str]  # tags of statements that may run more than once
    lost: dict[str, int | None]  # tag of a lost branch -> how often it may have run at most
    alone: set[int] = field(default_factory=set)  # nodes whose statement cannot run in a transaction block


@dataclass
class _Scope:
    id: str
    root: Node
    names: dict[str, str]
    generation: int = 1
    own: set[str] = field(default_factory=set)

    @property
    def stamp(self) -> str:
        return f"{self.id}::{self.generation}"

    def bind(self, name: str, text: str) -> None:
        self.names[name] = text
        self.own.add(name)

    def child(self, root: Node) -> "_Scope":
        return _Scope(f"{self.stamp}::<{root.number}>", root, dict(self.names))

    def merge(self, child: "_Scope") -> None:
        for name in child.own:
            self.bind(name, child.names[name])


def predict(workflow: Workflow, scratch: "psycopg.Connection[tuple[object, ...]]", key: str) -> Prediction:
    """Interpret a workflow; `key` is what it writes into the scratch database as its instance."""
    return _Interpreter(workflow, scratch, key).outcome()


class _Interpreter:
    def __init__(
        self, workflow: Workflow, scratch: "psycopg.Connection[tuple[object, ...]]", key: str
    ) -> None:
        self.workflow = workflow
        self.scratch = scratch
        self.key = key
        self.variables = {**VARIABLES, "sys_instance_id": key}
        self.rows: dict[int, Row] = {}
        self.mail = [*workflow.kept]
        self.heard: Counter[int] = Counter()  # how often each wait for a live signal got one
        self.live = {node for waits in workflow.live.values() for node in waits}
        self.alone: set[int] = set()
        self.races: Counter[int] = Counter()

    def outcome(self) -> Prediction:
        root = self.workflow.root
        scope = _Scope("<i>", root, {})
        status, result = "failed", None
        try:
            output = result = self.run(root, scope)
            status = "completed"
        except LeavingError as leaving:
            output, result = UNCAUGHT, str(leaving)
        except FailureError as failure:
            output = str(failure)
        lost: dict[str, int | None] = {}
        for node in root.walk():
            if node.kind == "RACE" and node.lost is not None:
                lost |= _lost_tags(node.parts[node.lost], self.races[node.number])
        effects = Counter(
            (str(step), None if note is None else str(note))
            for step, note in self.scratch.execute(
                "SELECT step, note FROM effects WHERE instance = %s", [self.key]
            )
        )
        loose = self.scratch.execute("SELECT step FROM loose WHERE instance = %s", [self.key])
        return Prediction(
            status, result, output, scope.generation, self.rows, effects, {str(row[0]) for row in loose}, lost,
            self.alone,
        )  # fmt: skip

    # Nodes

    def run(self, node: Node, scope: _Scope) -> str:
        if node.kind == "LOOP" and node is not scope.root:
            return self.inner_loop(node, scope)
        self.rows[node.number] = Row("running", None, scope.stamp)
        handler = getattr(self, f"run_{node.kind.lower()}")
        try:
            text: str = handler(node, scope)
        except FailureError as failure:
            self.rows[node.number] = Row("failed", quoted(str(failure)), scope.stamp)
            raise
        except LeavingError as leaving:
            self.rows[node.number] = Row("completed", str(leaving), scope.stamp)
            if node.kind == "BREAK" and node.name:
                scope.bind(node.name, str(leaving))
            raise
        self.rows[node.number] = Row("completed", text, scope.stamp)
        if node.name:
            scope.bind(node.name, text)
        return text

    def run_then(self, node: Node, scope: _Scope) -> str:
        self.run(node.parts[0], scope)
        return self.run(node.parts[1], scope)

    def run_if(self, node: Node, scope: _Scope) -> str:
        condition, then, other = node.parts
        return self.run(then if truth(self.run(condition, scope)) else other, scope)

    def run_if_rows(self, node: Node, scope: _Scope) -> str:
        then, other = node.parts
        if node.text not in scope.names:
            raise FailureError(f"df.if_rows: result '{node.text}' not found")
        value = json.loads(scope.names[node.text])
        if not isinstance(value, dict) or "row_count" not in value:
            raise FailureError(f"df.if_rows: result '{node.text}' is not a SQL result (missing row_count)")
        return self.run(then if value["row_count"] > 0 else other, scope)

    def run_join(self, node: Node, scope: _Scope) -> str:
        ends: list[tuple[_Scope, str | FailureError | LeavingError]] = []
        for part in node.parts:
            child = scope.child(part)
            ends.append((child, self.branch(child)))
        texts = []
        for number, (child, end) in enumerate(ends, start=1):
            if isinstance(end, FailureError):
                raise self.branch_failure(child, f"JOIN branch {number} failed: {end}")
            scope.merge(child)
            if isinstance(end, LeavingError):
                raise end
            texts.append(compact(end))
        return f"[{','.join(texts)}]"

    def run_race(self, node: Node, scope: _Scope) -> str:
        assert node.lost is not None
        self.races[node.number] += 1
        child = scope.child(node.parts[1 - node.lost])
        end = self.branch(child)
        loser = node.parts[node.lost]
        if loser.kind == "LOOP":
            self.rows[loser.number] = Row("failed", quoted(LOST), "")
        if isinstance(end, FailureError):
            raise self.branch_failure(child, f"RACE {('right', 'left')[node.lost]} branch failed: {end}")
        scope.merge(child)
        if isinstance(end, LeavingError):
            raise end
        return end

    def branch(self, child: _Scope) -> str | FailureError | LeavingError:
        try:
            return self.run(child.root, child)
        except (FailureError, LeavingError) as end:
            return end

    def branch_failure(self, child: _Scope, text: str) -> FailureError:
        """The failure as the parent sees it; a loop still in its first generation shows this text too."""
        if child.root.kind == "LOOP" and child.generation == 1:
            self.rows[child.root.number] = Row("failed", quoted(text), child.stamp)
        return FailureError(text)

    def inner_loop(self, node: Node, scope: _Scope) -> str:
        child = scope.child(node)
        end = self.branch(child)
        if isinstance(end, FailureError):
            raise self.branch_failure(child, f"Loop sub-orchestration failed: {end}")
        assert isinstance(end, str)
        scope.merge(child)
        return end

    def run_loop(self, node: Node, scope: _Scope) -> str:
        for _ in range(_MOST_TURNS):
            try:
                text = self.run(node.parts[0], scope)
                if len(node.parts) == 2 and not truth(self.run(node.parts[1], scope)):
                    return text
            except LeavingError as leaving:
                return str(leaving)
            scope.generation += 1
            self.rows[node.number] = Row("running", None, scope.stamp)
            if scope.id == "<i>":
                scope.names.clear()
                scope.own.clear()
        raise AssertionError("the workflow does not end")

    def run_break(self, node: Node, scope: _Scope) -> str:
        if node.text is None:
            raise LeavingError("null")
        text = with_references(node.text, scope.names, raw=True)
        try:
            raise LeavingError(compact(text))
        except ValueError:
            raise LeavingError(quoted(text)) from None

    def run_sleep(self, node: Node, scope: _Scope) -> str:
        return f'{{"slept": true, "seconds": {node.text}}}'

    def run_signal(self, node: Node, scope: _Scope) -> str:
        payload: str | None = None
        if node in self.live:
            payload = json.dumps({"n": self.heard[node.number]}, separators=(",", ":"))
            self.heard[node.number] += 1
        else:
            found = next((message for message in self.mail if message[0] == node.text), None)
            if found is not None:
                self.mail.remove(found)
                payload = json_or_string(found[1])
        out = "true" if payload is None else "false"
        return f'{{"signal_name":{quoted(str(node.text))},"timed_out":{out},"data":{payload or "null"}}}'

    def run_sql(self, node: Node, scope: _Scope) -> str:
        text = with_references(with_variables(str(node.text), self.variables), scope.names, raw=False)
        if text.startswith(("CALL", "VACUUM")):
            self.alone.add(node.number)
        return answer(self.scratch, text)


def _lost_tags(node: Node, visits: int) -> dict[str, int | None]:
    """How often the statements of a lost branch can have run."""
    found: dict[str, int | None] = {}
    spinning = {below.tag for loop in node.walk() if loop.kind == "LOOP" for below in loop.walk()}
    for below in node.walk():
        if below.tag is not None:
            bound = None if below.tag in spinning else visits
            found[below.tag] = 0 if below.fate in ("never", "blocks") else bound
    return found
