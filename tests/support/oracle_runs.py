"""Runs of random workflows on a real engine, and how they differ from their predictions."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import choice

from df_database import OWNER, Connection, DfDatabase
from engine_oracle import Prediction
from oracle_texts import compact
from random_statements import VARIABLES
from workflow_trees import Node, Workflow, expression

TABLES = """
CREATE TABLE effects (instance text NOT NULL, step text NOT NULL, note text);
CREATE INDEX ON effects (instance);
CREATE TABLE loose (instance text NOT NULL, step text NOT NULL);
CREATE TABLE deferred (instance text, step text, UNIQUE (instance, step) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE empty ();
CREATE TABLE shaky (instance text);
CREATE PROCEDURE bump(p_instance text, p_step text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loose VALUES (p_instance, p_step);
    COMMIT;
END $$;
"""
CALM = "CREATE FUNCTION flaky() RETURNS int LANGUAGE sql AS 'SELECT 7'"
FLAKY = """
CREATE SEQUENCE failures;
CREATE FUNCTION flaky() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('failures') % 3 = 0 THEN
        RAISE EXCEPTION 'try again' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN 7;
END $$;
CREATE FUNCTION shake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF flaky() > 0 THEN
        RETURN NULL;
    END IF;
END $$;
CREATE CONSTRAINT TRIGGER shake AFTER INSERT ON shaky DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shake();
GRANT ALL ON effects, loose, deferred, shaky, failures TO app;
"""
_SECONDS = 90.0


def scratch_tables(connection: Connection) -> None:
    """What the oracle's statements need."""
    connection.execute(TABLES + CALM)


def prepare(database: DfDatabase) -> None:
    """What the workflows need; loops without a condition turn quickly."""
    with database.connect(OWNER) as owner:
        owner.execute(TABLES + FLAKY)
        owner.execute("SELECT df._set('dfsql.loop_min_interval_ms', '20')")
    with database.connect() as app:
        for name, value in VARIABLES.items():
            app.execute("SELECT df.setvar(%s, %s)", [name, value])


@dataclass
class Run:
    """A workflow, what is predicted of it, and how it is doing."""

    label: str
    workflow: Workflow
    predicted: Prediction
    instance: str = ""
    ids: dict[int, str] = field(default_factory=dict)  # by the nodes' numbers
    sent: Counter[str] = field(default_factory=Counter)  # live signals, by name
    answered: set[tuple[str, str]] = field(default_factory=set)  # node and stamp of waits that were sent one

    @property
    def expression(self) -> str:
        """How it is started."""
        return expression(self.workflow.root)


def start_all(database: DfDatabase, runs: Sequence[Run], meanwhile: Callable[[], None]) -> None:
    """Start them, send live signals to who waits, until all have ended."""
    with database.connect() as app, database.connect(OWNER) as owner:
        for run in runs:
            with app.transaction():
                _start(app, run)
            meanwhile()
        deadline = time.monotonic() + _SECONDS
        known = {run.instance: run for run in runs}
        while True:
            left = owner.execute("SELECT instance_id FROM _duroxide.runs WHERE outcome IS NULL").fetchall()
            if not left:
                return
            ids = [str(row[0]) for row in left]
            assert time.monotonic() < deadline, _stuck(owner, runs, ids)
            for run in [known[one] for one in ids]:
                if run.workflow.live:
                    _answer_waits(app, run)
                    meanwhile()
            _look(app, known[choice(ids)])
            meanwhile()
            time.sleep(0.03)


def _start(app: Connection, run: Run) -> None:
    written = run.expression.replace("%", "%%")
    row = app.execute(f"SELECT df.start({written}, %s)".encode(), [run.label]).fetchone()
    assert row is not None
    run.instance = str(row[0])
    for name, payload in run.workflow.kept:
        app.execute("SELECT df.signal(%s, %s, %s)", [run.instance, name, payload])
    rows = app.execute(
        "SELECT id, left_node, right_node, query FROM df.nodes WHERE instance_id = %s", [run.instance]
    ).fetchall()
    root = app.execute("SELECT root_node FROM df.instances WHERE id = %s", [run.instance]).fetchone()
    assert root is not None
    _identify(run.workflow.root, str(root[0]), {str(row[0]): row for row in rows}, run.ids)
    assert len(run.ids) == len(rows)


def _identify(node: Node, node_id: str, rows: dict[str, tuple[object, ...]], ids: dict[int, str]) -> None:
    """Which row belongs to which node."""
    _, left, right, query = rows[node_id]
    ids[node.number] = node_id
    parts = [left, right]
    config = json.loads(str(query)) if query is not None and node.kind in ("IF", "LOOP", "JOIN") else {}
    if node.kind == "IF":
        parts.insert(0, config["condition_node"])
    elif node.kind == "LOOP":
        parts[1] = config.get("condition_node")
    parts += config.get("extra_nodes", [])
    found = [str(part) for part in parts if part is not None]
    assert len(found) == len(node.parts)
    for part, part_id in zip(node.parts, found, strict=True):
        _identify(part, part_id, rows, ids)


def _answer_waits(app: Connection, run: Run) -> None:
    """Send every live signal for which all of its waits are waiting."""
    rows = app.execute(
        "SELECT id, status, status_details ->> 'execution_id' FROM df.nodes WHERE instance_id = %s AND node_type = 'SIGNAL'",
        [run.instance],
    ).fetchall()
    stamps = {str(row[0]): str(row[2]) for row in rows if row[1] == "running"}
    for name, waits in run.workflow.live.items():
        waiting = {(one, stamps[one]) for wait in waits if (one := run.ids[wait.number]) in stamps}
        if len(waiting) == len(waits) and not waiting & run.answered:
            payload = json.dumps({"n": run.sent[name]})
            app.execute("SELECT df.signal(%s, %s, %s)", [run.instance, name, payload])
            run.sent[name] += 1
            run.answered |= waiting


def _stuck(owner: Connection, runs: Sequence[Run], ids: list[str]) -> str:
    found = [f"{run.label} {run.instance}\n{run.expression}" for run in runs if run.instance in ids]
    scopes = owner.execute(
        "SELECT s::text FROM _duroxide.scopes AS s WHERE left(scope_id, 8) = ANY(%s) ORDER BY scope_id LIMIT 20",
        [ids[:3]],
    ).fetchall()
    return "\n\n".join([f"{len(ids)} do not end", *found[:3], *map(str, scopes)])


# What is different


def differences(database: DfDatabase, run: Run) -> list[str]:
    """Everything that is not as predicted."""
    with database.connect() as app, database.connect(OWNER) as owner:
        return [*_of_instance(app, run), *_of_effects(owner, run), *_of_nodes(app, run)]


def _of_instance(app: Connection, run: Run) -> list[str]:
    row = app.execute(
        "SELECT df.status(%s), df.result(%s), output, current_execution_id FROM df.instance_info(%s)",
        [run.instance] * 3,
    ).fetchone()
    assert row is not None
    want = run.predicted
    found = []
    for what, is_so, should in (
        ("status", row[0], want.status),
        ("result", _json(row[1]), _json(want.result)),
        ("output", row[2], want.output),
        ("generation", row[3], want.generation),
    ):
        if is_so != should:
            found.append(f"  {what}: is {is_so!r}, should be {should!r}")
    return found


def _of_effects(owner: Connection, run: Run) -> list[str]:
    rows = owner.execute("SELECT step, note FROM effects WHERE instance = %s", [run.instance]).fetchall()
    lost = run.predicted.lost
    done = Counter(
        (str(step), None if note is None else str(note)) for step, note in rows if step not in lost
    )
    should = run.predicted.effects
    found = [f"  effect too much: {item}" for item in (done - should).elements()]
    found += [f"  effect missing: {item}" for item in (should - done).elements()]
    for tag, times in Counter(str(step) for step, _ in rows if step in lost).items():
        most = lost[tag]
        if most is not None and times > most:
            found.append(f"  lost branch: {tag} has run {times} times")
    rows = owner.execute("SELECT step FROM loose WHERE instance = %s", [run.instance]).fetchall()
    if {str(row[0]) for row in rows} != run.predicted.loose:
        found.append(f"  loose: is {rows}, should be {run.predicted.loose}")
    return found


def _of_nodes(app: Connection, run: Run) -> list[str]:
    stored = _stored(app, run)
    found = []
    for node in run.workflow.root.walk():
        row = stored[run.ids[node.number]]
        if node.fate == "runs" or node.number in run.predicted.rows:
            found += _of_node(run, node, row)
        elif node.fate == "never" and row[1] != "pending":
            found.append(f"  node {node.number} {node.kind} behind what never ends: {row}")
    return found + _of_inference(app, run, stored)


def _of_node(run: Run, node: Node, row: tuple[object, ...]) -> list[str]:
    predicted = run.predicted.rows.get(node.number)
    is_so = (row[1], _json(row[2]), row[4])
    if predicted is None:
        should: tuple[object, ...] = ("pending", None, None)
    else:
        stamp = re.sub(r"<(\d+)>", lambda found: run.ids[int(found[1])], predicted.stamp)
        should = (predicted.status, _json(predicted.result), stamp.replace("<i>", run.instance))
        if not predicted.stamp:  # of a lost loop: nobody knows how far it came
            should = (*should[:2], row[4])
    text = f"  node {node.number} {node.kind} {node.text or ''}: is {is_so}, should be {should}"
    found = [text] if is_so != should else []
    if row[3] != (json.loads(str(row[2])) if row[1] == "failed" else None):
        found.append(f"  node {node.number} {node.kind}: error is {row[3]!r}, result {row[2]!r}")
    if (row[5] is not None) != (node.number in run.predicted.alone):
        found.append(f"  node {node.number} {node.kind} {node.text}: delivery is {row[5]!r}")
    return found


def _json(text: object) -> str | None:
    return None if text is None else json.dumps(json.loads(compact(str(text))), sort_keys=True)


# What readers are told of the nodes


def _of_inference(app: Connection, run: Run, stored: dict[str, tuple[object, ...]]) -> list[str]:
    """The inferred states, worked out from the rows. Whose scope has moved on is pending, or skipped in the end."""
    rows = app.execute(
        "SELECT node_id, inferred_status, inferred_status_from_ancestor_id FROM df.instance_nodes(%s)",
        [run.instance],
    ).fetchall()
    told = {str(row[0]): row[1:] for row in rows}
    newest = _newest([str(row[4]) for row in stored.values() if row[4] is not None])
    found = []

    def visit(node: Node, decider: str | None) -> None:
        node_id = run.ids[node.number]
        status = str(stored[node_id][1])
        old = _superseded(stored[node_id][4], newest)
        final = status in ("completed", "failed") and not old
        should: tuple[object, ...] = (status, None) if final or decider is None else ("skipped", decider)
        if old and decider is None and status in ("completed", "failed"):
            should = ("pending", told[node_id][1])
        if told[node_id] != should:
            found.append(f"  node {node.number} {node.kind}: inferred {told[node_id]}, should be {should}")
        for part in node.parts:
            visit(part, node_id if final else decider)

    visit(run.workflow.root, None)
    return found


def _look(app: Connection, run: Run) -> None:
    """The inferred states of an instance that runs."""
    with app.transaction():
        app.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = _of_inference(app, run, _stored(app, run))
    assert not found, f"{run.label} while it runs:\n{run.expression}\n" + "\n".join(found)


def _stored(app: Connection, run: Run) -> dict[str, tuple[object, ...]]:
    rows = app.execute(
        """SELECT id, status, result::text, error, status_details ->> 'execution_id', status_details ->> 'delivery'
           FROM df.nodes WHERE instance_id = %s""",
        [run.instance],
    ).fetchall()
    return {str(row[0]): row for row in rows}


def _newest(stamps: list[str]) -> dict[str, int]:
    newest: dict[str, int] = {}
    for stamp in stamps:
        scope, _, generation = stamp.rpartition("::")
        newest[scope] = max(newest.get(scope, 0), int(generation))
    return newest


def _superseded(stamp: object, newest: dict[str, int]) -> bool:
    """Whether its scope, or one above, has begun a newer generation."""
    parts = str(stamp).split("::") if stamp is not None else []
    for end in range(2, len(parts) + 1, 2):
        scope = "::".join(parts[: end - 1])
        if int(parts[end - 1]) < newest.get(scope, 0):
            return True
    return False
