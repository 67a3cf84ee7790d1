"""Lists and details: columns, order, pages, limits, who sees what, and the engine's view and function for administrators."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, Connection, DfDatabase

pytestmark = pytest.mark.needs_postgres

FUNCTION = "pg_durable::orchestration::execute-function-graph"
BAD_CURSOR = "df.list_instances: invalid after_cursor"
LISTED = ["instance_id", "label", "function_name", "status", "execution_count", "output"]


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


def rows(connection: Connection, query: str, *values: object) -> list[dict[str, object]]:
    """All rows, by the names of their columns."""
    cursor = connection.execute(query.encode(), values or None)
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def names(connection: Connection, query: str, *values: object) -> list[str]:
    """The names and types of a query's columns."""
    cursor = connection.execute(query.encode(), values or None)
    assert cursor.description is not None
    return [f"{column.name} {column.type_display}" for column in cursor.description]


def end(database: DfDatabase, instance: str, outcome: str, output: str) -> None:
    """What a worker writes at the end of an instance."""
    as_worker(database, "UPDATE df.instances SET status = %s WHERE id = %s", outcome, instance)
    as_worker(
        database,
        "UPDATE _duroxide.runs SET outcome = %s, output = %s, ended_at = started_at + interval '1.5 s' WHERE instance_id = %s",
        outcome, output, instance,
    )  # fmt: skip


def test_columns(app: Connection) -> None:
    six = [
        "instance_id text",
        "label text",
        "function_name text",
        "status text",
        "execution_count int8",
        "output text",
    ]
    assert names(app, "SELECT * FROM df.list_instances()") == six
    nine = [*six, "created_at timestamptz", "completed_at timestamptz", "next_cursor text"]
    assert names(app, "SELECT * FROM df.list_instances(NULL, 5, NULL)") == nine
    assert names(app, "SELECT * FROM df.instance_info('x')") == [
        "instance_id text", "label text", "function_name text", "function_version text", "current_execution_id int8",
        "status text", "output text",
    ]  # fmt: skip
    assert names(app, "SELECT * FROM df.instance_executions('x')") == [
        "execution_id int8", "status text", "event_count int8", "duration_ms int8", "output text",
    ]  # fmt: skip


# Lists


def test_an_instance_is_listed_from_its_start(app: Connection) -> None:
    instance = start(app, label="night")
    expected = dict(zip(LISTED, (instance, "night", FUNCTION, "pending", 1, None), strict=True))
    assert rows(app, "SELECT * FROM df.list_instances()") == [expected]


def test_newest_first_and_filters(ready: DfDatabase, app: Connection) -> None:
    first, second, third = (start(app, label=label) for label in ("a", "b", "a"))
    end(ready, second, "failed", "division by zero")
    listed = rows(app, "SELECT * FROM df.list_instances()")
    assert [row["instance_id"] for row in listed] == [third, second, first]
    assert (listed[1]["status"], listed[1]["output"]) == ("failed", "division by zero")
    for call, expected in (
        ("list_instances('failed')", [second]),
        ("list_instances('Failed')", []),
        ("list_instances(limit_count => 2)", [third, second]),
        ("list_instances('pending', 1)", [third]),
        ("list_instances(NULL, 9, 'a')", [third, first]),
        ("list_instances(NULL, 9, 'A')", []),
        ("list_instances('failed', 9, 'a')", []),
        ("list_instances('failed', 9, 'b', NULL)", [second]),
    ):
        assert [row["instance_id"] for row in rows(app, f"SELECT * FROM df.{call}")] == expected, call


def test_pages(ready: DfDatabase, app: Connection) -> None:
    """Rows of one transaction have one time: the id decides. Every row comes once, and the last page has no cursor."""
    with app.transaction():
        together = sorted(start(app) for _ in range(5))
    newest = start(app)
    expected = [newest, *together]
    for size in (1, 2, 3, 5, 6, 7):
        seen: list[object] = []
        cursor: object = None
        while True:
            page = rows(app, "SELECT * FROM df.list_instances(NULL, %s, NULL, %s)", size, cursor)
            assert 0 < len(page) <= size
            assert len({row["next_cursor"] for row in page}) == 1
            seen += [row["instance_id"] for row in page]
            cursor = page[0]["next_cursor"]
            if cursor is None:
                break
        assert seen == expected, size


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_the_cursor_is_readable(app: Connection, zone: str) -> None:
    start(app)
    start(app)
    app.execute(f"SET TIME ZONE '{zone}'".encode())
    (row,) = rows(app, "SELECT * FROM df.list_instances(NULL, 1, NULL)")
    version, moment, instance = bytes.fromhex(str(row["next_cursor"])).decode().split("|")
    assert (version, instance) == ("v1", row["instance_id"])
    assert one(app, "SELECT %s::timestamptz = %s", moment, row["created_at"]) is True
    app.execute("SET TIME ZONE 'Pacific/Auckland'")
    upper = str(row["next_cursor"]).upper()
    assert len(rows(app, "SELECT * FROM df.list_instances(NULL, 1, NULL, %s)", upper)) == 1


GOOD_TIME = "2026-01-02T03:04:05.678901+00"


@pytest.mark.parametrize(
    "cursor",
    [
        "", "7", "zz", "76 31", "ff", b"v1".hex(), b"v1|x".hex(), b"v1||0a1b2c3d".hex(),
        f"v2|{GOOD_TIME}|0a1b2c3d".encode().hex(), f"v1|{GOOD_TIME}|".encode().hex(),
        f"v1|{GOOD_TIME}".encode().hex(), f"v1|{GOOD_TIME[:-3]}|0a".encode().hex(), b"v1|2026-01-02|0a1b2c3d".hex(),
        f"v1|{GOOD_TIME}:3|0a".encode().hex(), f"v1|{GOOD_TIME}|".encode().hex() + "ff", "00",
        f"v1|{GOOD_TIME}|{'0' * 300}".encode().hex(),
    ],
)  # fmt: skip
def test_bad_cursors(app: Connection, cursor: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        app.execute("SELECT * FROM df.list_instances(NULL, 1, NULL, %s)", [cursor])
    assert caught.value.diag.message_primary == BAD_CURSOR


@pytest.mark.parametrize("text", [f"v1|{GOOD_TIME}|0a", f"v1|{GOOD_TIME}:30|0a|b"])
def test_good_cursors(app: Connection, text: str) -> None:
    assert rows(app, "SELECT * FROM df.list_instances(NULL, 1, NULL, %s)", text.encode().hex()) == []


@pytest.mark.parametrize("more", ["", ", NULL"])
def test_limits(ready: DfDatabase, app: Connection, more: str) -> None:
    query = f"SELECT * FROM df.list_instances(NULL, %s{more})"
    rows(app, query, 1000)
    too_many = (
        "df.list_instances: limit_count ({}) exceeds pg_durable.list_instances_max_limit ({}); request fewer rows, or use"
        " the paginated df.list_instances overload (after_cursor/next_cursor) for large result sets"
    )
    for count, text in (
        (0, "limit_count must be at least 1"),
        (-3, "limit_count must be at least 1"),
        (1001, too_many.format(1001, 1000)),
        (2**31 - 1, too_many.format(2**31 - 1, 1000)),
        (None, "unboxing limit_count argument failed"),
    ):
        with pytest.raises(psycopg.Error) as caught:
            rows(app, query, count)
        assert caught.value.diag.message_primary == text
    as_worker(ready, "SELECT df._set('pg_durable.list_instances_max_limit', '3')")
    rows(app, query, 3)
    with pytest.raises(psycopg.Error, match=r"\(4\) exceeds pg_durable\.list_instances_max_limit \(3\)"):
        rows(app, query, 4)


# Details


def test_info(ready: DfDatabase, app: Connection) -> None:
    instance = start(app, label="x")
    expected = {"instance_id": instance, "label": "x", "function_name": FUNCTION, "function_version": "1.0.0",
                "current_execution_id": 1, "status": "pending", "output": None}  # fmt: skip
    query = "SELECT * FROM df.instance_info(instance_id => %s)"
    assert rows(app, query, instance) == [expected]
    one(app, "SELECT df.cancel(%s, 'stop')", instance)
    assert rows(app, query, instance) == [expected | {"status": "cancelled"}]
    end(ready, instance, "cancelled", "canceled: stop")
    assert rows(app, query, instance) == [expected | {"status": "cancelled", "output": "canceled: stop"}]
    assert rows(app, query, "00000000") == []


def test_an_instance_made_by_hand_is_shown(ready: DfDatabase, app: Connection) -> None:
    with ready.connect(OWNER) as owner, owner.transaction():
        owner.execute("INSERT INTO df.instances (id, root_node, submitted_by, status)"
                      " VALUES ('0000000a', '0000000b', 'app', 'completed')")  # fmt: skip
        owner.execute("INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by)"
                      " VALUES ('0000000b', '0000000a', 'SQL', 'SELECT 1', 'app')")  # fmt: skip
    assert rows(app, "SELECT * FROM df.list_instances()")[0]["execution_count"] == 1
    assert rows(app, "SELECT * FROM df.instance_info('0000000a')")[0]["function_version"] == "unknown"
    (row,) = rows(app, "SELECT * FROM df.instance_executions('0000000a')")
    assert (row["execution_id"], row["status"], row["duration_ms"]) == (1, "Completed", 0)


def loop_in_its_third_iteration(ready: DfDatabase, app: Connection) -> str:
    instance = start(app, '{"node_type":"LOOP","left_node":{"node_type":"SQL","query":"SELECT 1"}}')
    as_worker(
        ready,
        "INSERT INTO _duroxide.executions SELECT %s, n, now(), now() + n * interval '1 s' FROM generate_series(1, 2) n",
        instance,
    )
    as_worker(ready, "UPDATE _duroxide.runs SET generation = 3")
    as_worker(
        ready,
        "UPDATE df.nodes SET status = CASE node_type WHEN 'LOOP' THEN 'running' ELSE 'completed' END,"
        " status_details = json_build_object('execution_id', instance_id || CASE node_type WHEN 'LOOP' THEN '::3' ELSE '::2' END)",
    )
    return instance


def test_executions(ready: DfDatabase, app: Connection) -> None:
    instance = loop_in_its_third_iteration(ready, app)
    query = "SELECT * FROM df.instance_executions(%s, %s)"
    got = rows(app, query, instance, 5)
    assert [tuple(row.values())[:4] for row in got] == [
        (3, "Running", 2, 0), (2, "ContinuedAsNew", 3, 2000), (1, "ContinuedAsNew", 2, 1000),
    ]  # fmt: skip
    assert json.loads(str(got[1]["output"])) == {"instance_id": instance, "execution_id": 3}
    assert [row["execution_id"] for row in rows(app, query, instance, 2)] == [3, 2]
    assert rows(app, "SELECT * FROM df.list_instances()")[0]["execution_count"] == 3
    for outcome, shown in (("completed", "Completed"), ("failed", "Failed"), ("cancelled", "Failed")):
        end(ready, instance, outcome, "text")
        row = rows(app, query, instance, 1)[0]
        assert (row["status"], row["duration_ms"], row["output"]) == (shown, 1500, "text")


def test_executions_limits(app: Connection) -> None:
    instance = start(app)
    assert len(rows(app, "SELECT * FROM df.instance_executions(%s, 2000000000)", instance)) == 1
    for who in (instance, "00000000"):
        with pytest.raises(psycopg.Error, match=r"^limit_count must be at least 1"):
            rows(app, "SELECT * FROM df.instance_executions(%s, 0)", who)
    assert rows(app, "SELECT * FROM df.instance_executions('00000000')") == []
    assert rows(app, "SELECT * FROM df.instance_executions(NULL)") == []


def test_strangers_and_owners(ready: DfDatabase, app: Connection) -> None:
    instance = loop_in_its_third_iteration(ready, app)
    queries = ("df.list_instances()", "df.list_instances(NULL, 5, NULL)", f"df.instance_info('{instance}')",
               f"df.instance_executions('{instance}')")  # fmt: skip
    for role, seen in (("other", (0, 0, 0, 0)), (OWNER, (1, 1, 1, 3)), ("postgres", (1, 1, 1, 3))):
        with ready.connect(role) as connection:
            assert tuple(len(rows(connection, f"SELECT * FROM {query}")) for query in queries) == seen, role


# For administrators


def test_metrics(ready: DfDatabase, app: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT * FROM df.metrics()")
    with ready.connect("postgres") as superuser:
        superuser.execute("GRANT EXECUTE ON FUNCTION df.metrics() TO other")
    with ready.connect("other") as other:
        empty = dict.fromkeys(
            ("total_instances", "running_instances", "completed_instances", "failed_instances", "total_executions",
             "total_events"), 0)  # fmt: skip
        assert rows(other, "SELECT * FROM df.metrics()") == [empty]
        ended = [start(app) for _ in range(3)]
        for instance, outcome in zip(ended, ("completed", "failed", "cancelled"), strict=True):
            end(ready, instance, outcome, "x")
        loop = loop_in_its_third_iteration(ready, app)
        as_worker(ready, "UPDATE _duroxide.runs SET generation = 1 WHERE instance_id <> %s", loop)
        as_worker(ready, "INSERT INTO _duroxide.scopes (scope_id, ended) VALUES (%s, NULL), (%s, %s)",
                  f"{loop}::3::0000000a", f"{loop}::3::0000000b", '{"status":"broke","text":"1"}')  # fmt: skip
        (got,) = rows(other, "SELECT * FROM df.metrics()")
        assert got["total_instances"] == 6
        assert got["running_instances"] == 2
        assert got["completed_instances"] == 2
        assert got["failed_instances"] == 2
        assert got["total_executions"] == 8
        assert {type(value) for value in got.values()} == {int}


def test_history(ready: DfDatabase, app: Connection) -> None:
    instance = loop_in_its_third_iteration(ready, app)
    end(ready, instance, "failed", "it broke")
    query = "SELECT * FROM _duroxide.history WHERE instance_id = %s ORDER BY execution_id, event_id"
    with ready.connect(OWNER) as owner:
        assert names(owner, query, instance) == [
            "instance_id text", "execution_id int8", "event_id int8", "event_type text", "event_data text",
            "created_at timestamptz",
        ]  # fmt: skip
        got = rows(owner, query, instance)
        assert [(row["execution_id"], row["event_id"], row["event_type"]) for row in got] == [
            (1, 1, "OrchestrationStarted"), (1, 2, "OrchestrationContinuedAsNew"),
            (2, 1, "OrchestrationStarted"), (2, 2, "ActivityCompleted"), (2, 3, "OrchestrationContinuedAsNew"),
            (3, 1, "OrchestrationStarted"), (3, 2, "ActivityScheduled"), (3, 3, "OrchestrationFailed"),
        ]  # fmt: skip
        for row in got:
            data = json.loads(str(row["event_data"]))
            assert [data[key] for key in ("type", "instance_id", "execution_id", "event_id")] == [
                row["event_type"], instance, row["execution_id"], row["event_id"],
            ]  # fmt: skip
        assert json.loads(str(got[-1]["event_data"]))["error"] == "it broke"
        counted = rows(app, "SELECT execution_id, event_count FROM df.instance_executions(%s)", instance)
        for row in counted:
            assert row["event_count"] == sum(
                1 for event in got if event["execution_id"] == row["execution_id"]
            )


def test_get_instance_info(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    end(ready, instance, "cancelled", "canceled: x")
    with ready.connect(OWNER) as owner:
        (row,) = rows(owner, "SELECT * FROM _duroxide.get_instance_info(%s)", instance)
        assert list(row) == [
            "instance_id", "orchestration_name", "orchestration_version", "current_execution_id", "created_at",
            "updated_at", "status", "output", "parent_instance_id",
        ]  # fmt: skip
        assert (row["instance_id"], row["status"], row["output"]) == (instance, "Failed", "canceled: x")
        with owner.transaction():
            owner.execute("SET CONSTRAINTS ALL DEFERRED")
            owner.execute("DELETE FROM df.nodes")
            owner.execute("DELETE FROM df.instances")
        assert rows(owner, "SELECT * FROM _duroxide.get_instance_info(%s)", instance) == []


def test_users_may_not_look_behind(app: Connection) -> None:
    for query in ("TABLE _duroxide.history", "SELECT * FROM _duroxide.get_instance_info('x')", "TABLE _duroxide.scopes",
                  "TABLE _duroxide.bindings", "SELECT vars FROM _duroxide.runs", "SELECT graph FROM _duroxide.runs",
                  "TABLE _duroxide.loopback_requests"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(query.encode())
