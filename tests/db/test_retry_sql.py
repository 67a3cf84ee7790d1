"""df.retry_instance: who may, what the new instance takes over, and what a worker that claims it reads. The worker is played here."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, Connection, DfDatabase

pytestmark = pytest.mark.needs_postgres

CHAIN = "SELECT df.start('SELECT 1 AS n' |=> 'a' ~> 'SELECT 1/0' ~> 'SELECT 3', 'night')"
BRANCHES = "SELECT df.start('SELECT 1' ~> df.join3('SELECT 10', 'SELECT 20', 'SELECT 30'))"


@pytest.fixture
def ready(database: DfDatabase) -> DfDatabase:
    """A database in which df.start works."""
    database.pretend_ready()
    return database


@pytest.fixture
def app(ready: DfDatabase) -> Iterator[Connection]:
    """A connection of `app`."""
    with ready.connect() as connection:
        yield connection


class Claimed(NamedTuple):
    """What a worker reads of an instance that it takes."""

    id: str
    token: str
    graph: Any
    vars: dict[str, str]
    scopes: dict[str, dict[str, object]]
    bindings: dict[tuple[str, str], str]


SCOPE = ("generation", "position", "carry", "wait_node", "wait_until", "attempts", "intent", "ended")


def claim(database: DfDatabase) -> list[Claimed]:
    """Take everything that is due, as a worker does."""
    with database.connect(OWNER) as owner:
        found = one(owner, "SELECT _duroxide.poll(%s, 10)", uuid4())
    assert isinstance(found, dict)
    return [
        Claimed(
            item["id"], item["token"], item["graph"], item["vars"],
            {row[0]: dict(zip(SCOPE, row[1:], strict=True)) for row in item["scopes"]},
            {(row[0], row[1]): row[2] for row in item["bindings"] or []},
        )
        for item in found["claimed"] or []
    ]  # fmt: skip


def checkpoint(
    database: DfDatabase,
    scope: str,
    token: str,
    position: str | None,
    nodes: dict[str, tuple[str, str | None]],
    *,
    bindings: dict[str, str] | None = None,
    generation: int = 1,
    carry: str | None = None,
    status: str | None = "running",
    **more: object,
) -> None:
    """Commit what a worker commits."""
    bound = bindings or {}
    as_worker(
        database,
        "SELECT _duroxide.checkpoint(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        scope, token, generation, position, carry, list(nodes), [node[0] for node in nodes.values()],
        [node[1] for node in nodes.values()], [f"{scope}::{generation}"] * len(nodes), list(bound), list(bound.values()),
        status, json.dumps(more) if more else None,
    )  # fmt: skip


def by_query(connection: Connection, instance: str) -> dict[str, str]:
    """Ids of the nodes by their SQL, of the others by their type."""
    found = connection.execute(
        "SELECT coalesce(query, node_type), id FROM df.nodes WHERE instance_id = %s", [instance]
    )
    return {str(row[0]): str(row[1]) for row in found.fetchall()}


def pairs(connection: Connection, query: str, *values: object) -> dict[object, object]:
    """The rows of a query with two columns."""
    return {row[0]: row[1] for row in connection.execute(query.encode(), values or None).fetchall()}


def failed_chain(ready: DfDatabase, app: Connection) -> str:
    """The second of three steps has failed."""
    one(app, "SELECT df.setvar('v', 'then')")
    instance = str(one(app, CHAIN))
    one(app, "SELECT df.setvar('v', 'now')")
    (taken,) = claim(ready)
    ids = by_query(app, instance)
    first, result = ids["SELECT 1 AS n"], '{"rows":[{"n":1}],"row_count":1}'
    checkpoint(ready, instance, taken.token, first, {first: ("completed", result)}, bindings={"a": result})
    checkpoint(
        ready, instance, taken.token, first, {ids["SELECT 1/0"]: ("failed", '"division by zero"')},
        status="failed", outcome="failed", output="division by zero",
    )  # fmt: skip
    return instance


def test_a_chain_goes_on_from_the_failed_step(ready: DfDatabase, app: Connection) -> None:
    old = failed_chain(ready, app)
    with ready.connect(OWNER) as listener:
        listener.execute("LISTEN dfsql_work")
        new = str(one(app, "SELECT df.retry_instance(%s)", old))
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1
    assert new != old
    assert one(app, "SELECT df.status(%s)", old) == "failed"
    assert one(app, "SELECT df.status(%s)", new) == "pending"
    assert one(app, "SELECT label FROM df.instances WHERE id = %s", new) == "night"
    assert one(app, "SELECT retry_of FROM _duroxide.runs WHERE instance_id = %s", new) == old

    ids = by_query(app, old)
    assert by_query(app, new) == ids
    (taken,) = claim(ready)
    first = ids["SELECT 1 AS n"]
    assert taken.id == new
    assert taken.vars == {"v": "then"}
    assert taken.scopes == {new: dict(zip(SCOPE, (1, first, None, None, None, 0, None, None), strict=True))}
    assert taken.bindings == {(new, "a"): '{"rows":[{"n":1}],"row_count":1}'}
    assert taken.graph["role"] == "app"
    assert len(taken.graph["nodes"]) == 5
    assert set(ids.values()) <= {row[0] for row in taken.graph["nodes"]}

    shown = app.execute(
        "SELECT query, status, result, status_details FROM df.nodes WHERE instance_id = %s", [new]
    )
    states = {row[0]: row[1:] for row in shown.fetchall()}
    done = {"rows": [{"n": 1}], "row_count": 1}
    assert states["SELECT 1 AS n"] == ("completed", done, {"execution_id": f"{new}::1"})
    assert states["SELECT 1/0"][:2] == ("pending", None)
    assert states["SELECT 3"] == ("pending", None, None)


def test_the_retry_can_end_and_fail_and_be_retried(ready: DfDatabase, app: Connection) -> None:
    """One retry after the other, as an author who mends a table would do it."""
    instance = failed_chain(ready, app)
    for _ in range(2):
        instance = str(one(app, "SELECT df.retry_instance(%s)", instance))
        (taken,) = claim(ready)
        ids = by_query(app, instance)
        checkpoint(
            ready, instance, taken.token, ids["SELECT 1 AS n"], {ids["SELECT 1/0"]: ("failed", '"again"')},
            status="failed", outcome="failed", output="again",
        )  # fmt: skip
        assert one(app, "SELECT output FROM df.instance_info(%s)", instance) == "again"
    last = str(one(app, "SELECT df.retry_instance(%s)", instance))
    (taken,) = claim(ready)
    root = str(one(app, "SELECT root_node FROM df.instances WHERE id = %s", last))
    checkpoint(
        ready,
        last,
        taken.token,
        root,
        {root: ("completed", '"well"')},
        status="completed",
        outcome="completed",
        output='"well"',
    )
    assert one(app, "SELECT df.result(%s)", last) == '"well"'
    with pytest.raises(
        psycopg.Error, match="is completed; only a failed or cancelled instance can be retried"
    ):
        one(app, "SELECT df.retry_instance(%s)", last)


def test_branches_that_ended_keep_their_results(ready: DfDatabase, app: Connection) -> None:
    old = str(one(app, BRANCHES))
    (taken,) = claim(ready)
    ids = by_query(app, old)
    first = ids["SELECT 1"]
    scopes = {text: f"{old}::1::{ids[text]}" for text in ("SELECT 10", "SELECT 20", "SELECT 30")}
    checkpoint(ready, old, taken.token, first, {first: ("completed", "1")}, fork=list(scopes.values()))
    ended = {"SELECT 10": "completed", "SELECT 20": "failed", "SELECT 30": "cancelled"}
    for text, status in ended.items():
        row = "completed" if status == "completed" else "failed"
        checkpoint(
            ready, scopes[text], taken.token, ids[text], {ids[text]: (row, '"x"')}, bindings={"b": '"x"'},
            status=None, ended=json.dumps({"status": status, "text": '"x"'}), intent=ids[text], attempts=3,
        )  # fmt: skip
    checkpoint(
        ready, old, taken.token, first, {}, status="failed", outcome="failed", output="no",
        wait={"node": first, "until": 1.0}, attempts=4, intent=first,
    )  # fmt: skip

    new = str(one(app, "SELECT df.retry_instance(%s)", old))
    (taken,) = claim(ready)
    assert set(taken.scopes) == {new, *(scope.replace(old, new, 1) for scope in scopes.values())}
    for text, status in ended.items():
        scope = taken.scopes[scopes[text].replace(old, new, 1)]
        assert scope["position"] == ids[text]
        assert (scope["ended"] is not None) == (status == "completed"), text
        assert (scope["intent"], scope["attempts"]) == (None, 0)
        assert taken.bindings[f"{new}::1::{ids[text]}", "b"] == '"x"'
    root = taken.scopes[new]
    assert (root["wait_node"], root["wait_until"], root["intent"], root["attempts"]) == (None, None, None, 0)
    stamps = app.execute(
        "SELECT status_details ->> 'execution_id' FROM df.nodes WHERE instance_id = %s", [new]
    )
    assert all(str(row[0]).startswith(f"{new}::1") for row in stamps.fetchall() if row[0])
    states = pairs(app, "SELECT query, status FROM df.nodes WHERE instance_id = %s", new)
    assert states["SELECT 10"] == "completed"
    assert states["SELECT 20"] == "pending"


def test_a_loop_stays_in_its_iteration(ready: DfDatabase, app: Connection) -> None:
    old = start(app, '{"node_type":"LOOP","left_node":{"node_type":"THEN","left_node":{"node_type":"SQL","query":"SELECT 1"},'
                     '"right_node":{"node_type":"SQL","query":"SELECT 2"}}}')  # fmt: skip
    (taken,) = claim(ready)
    ids = by_query(app, old)
    checkpoint(
        ready, old, taken.token, None,
        {ids["SELECT 1"]: ("completed", "1"), ids["SELECT 2"]: ("completed", "2"), ids["THEN"]: ("completed", "2")},
        execution=3,
    )  # fmt: skip
    checkpoint(
        ready, old, taken.token, ids["SELECT 1"],
        {ids["SELECT 1"]: ("completed", "1"), ids["LOOP"]: ("failed", '"x"'), ids["THEN"]: ("failed", '"x"')},
        generation=3, status="failed", outcome="failed", output="x",
    )  # fmt: skip
    new = str(one(app, "SELECT df.retry_instance(%s)", old))
    (taken,) = claim(ready)
    assert (taken.scopes[new]["generation"], taken.scopes[new]["position"]) == (3, ids["SELECT 1"])
    assert one(app, "SELECT current_execution_id FROM df.instance_info(%s)", new) == 3
    shown = pairs(app, "SELECT coalesce(query, node_type), inferred_status FROM df.instance_nodes(%s)", new)
    # The stamp of the loop's row tells that the second step's result is of an older iteration.
    assert shown == {
        "LOOP": "pending",
        "THEN": "pending",
        "SELECT 1": "completed",
        "SELECT 2": "pending",
    }


def test_the_mark_of_a_repeated_step_is_kept(ready: DfDatabase, app: Connection) -> None:
    old = failed_chain(ready, app)
    as_worker(
        ready,
        "UPDATE df.nodes SET status_details = status_details || '{\"delivery\":\"at-least-once\"}' WHERE status = 'completed'",
    )
    new = one(app, "SELECT df.retry_instance(%s)", old)
    query = "SELECT status_details FROM df.nodes WHERE instance_id = %s AND status = 'completed'"
    assert one(app, query, new) == {"execution_id": f"{new}::1", "delivery": "at-least-once"}


def test_a_break_outside_of_a_loop(ready: DfDatabase, app: Connection) -> None:
    """Its rows are final in the failed instance already, and the retry ends the same way."""
    old = str(one(app, "SELECT df.start('SELECT 1' ~> df.break('3'))"))
    (taken,) = claim(ready)
    ids = pairs(app, "SELECT node_type, id FROM df.nodes")
    checkpoint(
        ready, old, taken.token, str(ids["SQL"]), dict.fromkeys(map(str, ids.values()), ("completed", "3")),
        status="failed", outcome="failed", output="df.break() was called outside of a loop.",
    )  # fmt: skip
    new = one(app, "SELECT df.retry_instance(%s)", old)
    assert one(app, "SELECT df.result(%s)", new) == "3"


def test_what_never_began_is_loaded_anew(ready: DfDatabase, app: Connection) -> None:
    """An instance that was refused at its load, for what its role was then, is judged again."""
    old = start(app)
    (taken,) = claim(ready)
    as_worker(ready, "UPDATE _duroxide.runs SET graph = '{\"superuser\": true}'")
    checkpoint(ready, old, taken.token, None, {}, status="failed", outcome="failed", output="blocked")
    new = one(app, "SELECT df.retry_instance(%s)", old)
    assert as_worker(ready, "SELECT graph FROM _duroxide.runs WHERE instance_id = %s", new) == [(None,)]
    (taken,) = claim(ready)
    assert taken.graph["superuser"] is False


def test_cancelled_instances(ready: DfDatabase, app: Connection) -> None:
    """They can be retried once a worker has stopped them; also those that no worker ever had."""
    old = start(app)
    one(app, "SELECT df.cancel(%s)", old)
    with pytest.raises(
        psycopg.Error, match=rf"no worker has seen the end of instance {old} yet; try again in a moment"
    ):
        one(app, "SELECT df.retry_instance(%s)", old)
    as_worker(ready, "UPDATE _duroxide.runs SET outcome = 'cancelled'")
    as_worker(ready, "DELETE FROM _duroxide.scopes")
    as_worker(ready, "DELETE FROM _duroxide.inbox")
    new = one(app, "SELECT df.retry_instance(%s)", old)
    assert [taken.id for taken in claim(ready)] == [new]


def test_a_rolled_back_retry_leaves_nothing(ready: DfDatabase, app: Connection) -> None:
    old = failed_chain(ready, app)
    before = as_worker(
        ready, "SELECT (SELECT count(*) FROM _duroxide.scopes), (SELECT count(*) FROM df.nodes)"
    )
    with app.transaction(force_rollback=True):
        one(app, "SELECT df.retry_instance(%s)", old)
    assert (
        as_worker(ready, "SELECT (SELECT count(*) FROM _duroxide.scopes), (SELECT count(*) FROM df.nodes)")
        == before
    )
    assert claim(ready) == []


# Refusals


def test_who_may_not(ready: DfDatabase, app: Connection) -> None:
    old = failed_chain(ready, app)
    assert one(app, "SELECT df.retry_instance(NULL)") is None
    for instance in ("", "00000000"):
        with pytest.raises(psycopg.Error, match=f"^Instance not found or access denied: {instance}"):
            one(app, "SELECT df.retry_instance(%s)", instance)
    with (
        ready.connect("other") as other,
        pytest.raises(psycopg.Error, match=r"^Instance not found or access denied"),
    ):
        one(other, "SELECT df.retry_instance(%s)", old)
    for role in (OWNER, "postgres"):
        with (
            ready.connect(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="only the role"),
        ):
            one(connection, "SELECT df.retry_instance(%s)", old)
    with pytest.raises(psycopg.Error, match="is pending; only a failed or cancelled instance can be retried"):
        one(app, "SELECT df.retry_instance(%s)", start(app))
    completed = start(app)
    as_worker(ready, "UPDATE _duroxide.runs SET outcome = 'completed' WHERE instance_id = %s", completed)
    app.execute(
        "UPDATE df.instances SET status = 'failed' WHERE id = %s", [completed]
    )  # an owner may write that
    with pytest.raises(
        psycopg.Error, match="is completed; only a failed or cancelled instance can be retried"
    ):
        one(app, "SELECT df.retry_instance(%s)", completed)
    as_worker(ready, "UPDATE _duroxide._worker_ready SET schema_version = -1")
    with pytest.raises(
        psycopg.Error, match=r"^failed to start durable function: pg_durable background worker not yet"
    ):
        one(app, "SELECT df.retry_instance(%s)", old)


def test_the_row_in_runs_alone_gives_nothing_away(ready: DfDatabase, app: Connection) -> None:
    """By hand, another role's instance, a running one, and other nodes are refused."""
    old = failed_chain(ready, app)
    running = start(app)
    attack = (
        "WITH i AS (INSERT INTO df.instances (id, root_node, submitted_by) VALUES ('0000000a', '0000000b', {0}) RETURNING id),"
        " n AS (INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by)"
        " VALUES ('0000000b', '0000000a', 'SQL', 'SELECT 3', {0}))"
        " SELECT"
    )
    insert = "INSERT INTO _duroxide.runs (instance_id, submitted_by, retry_of) VALUES ('0000000a', {0}::regrole, %s)"
    for role, target in (("other", old), ("app", running), ("app", old), ("app", "ffffffff")):
        with (
            ready.connect(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="cannot go on from"),
            connection.transaction(),
        ):
            connection.execute(attack.format(f"'{role}'").encode())
            connection.execute(insert.format(f"'{role}'").encode(), [target])


def test_ten_thousand_nodes_are_copied_quickly(ready: DfDatabase, app: Connection) -> None:
    with ready.connect(OWNER) as owner, owner.transaction():
        owner.execute(
            "INSERT INTO df.instances (id, root_node, submitted_by, status) VALUES ('0000000a', '00000001', 'app', 'failed')"
        )
        owner.execute(
            "INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by, status, result, status_details)"
            " SELECT lpad(to_hex(n), 8, '0'), '0000000a', 'SQL', 'SELECT 1', 'app', 'completed', '1',"
            ' \'{"execution_id": "0000000a::1"}\' FROM generate_series(1, 10000) n'
        )
        owner.execute(
            "INSERT INTO _duroxide.runs (instance_id, submitted_by, outcome) VALUES ('0000000a', 'app'::regrole, 'failed')"
        )
    app.execute("SET statement_timeout = '10s'")
    new = one(app, "SELECT df.retry_instance('0000000a')")
    assert (
        one(app, "SELECT count(*) FROM df.nodes WHERE instance_id = %s AND status = 'completed'", new)
        == 10000
    )
