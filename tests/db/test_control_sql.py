"""df.status, result, run, cancel, signal, await_instance: what they answer, what they write, for whom. No worker runs here."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, Connection, DfDatabase

pytestmark = pytest.mark.needs_postgres

NOT_MINE = "Instance not found or access denied: "
TERMINAL = ("completed", "failed", "cancelled")


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


def inbox(database: DfDatabase) -> list[tuple[object, ...]]:
    return as_worker(
        database,
        "SELECT instance_id, kind, name, payload, sent_by::regrole::text FROM _duroxide.inbox ORDER BY id",
    )


def finish(database: DfDatabase, instance: str, status: str, result: str = '{"rows": []}') -> None:
    """What a worker writes at the end."""
    done = "completed" if status == "completed" else "failed"
    as_worker(
        database,
        "UPDATE df.nodes SET status = %s, result = %s WHERE instance_id = %s"
        " AND id = (SELECT root_node FROM df.instances WHERE id = instance_id)",
        done, result, instance,
    )  # fmt: skip
    as_worker(database, "UPDATE df.instances SET status = %s WHERE id = %s", status, instance)


def test_status_and_result(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    assert one(app, "SELECT df.status(%s)", instance) == "pending"
    assert one(app, "SELECT df.result(%s)", instance) is None
    finish(ready, instance, "completed", '{"rows":[{"answer":42}],"row_count":1}')
    assert one(app, "SELECT df.status(%s)", instance) == "completed"
    assert one(app, "SELECT df.result(%s)", instance) == '{"rows": [{"answer": 42}], "row_count": 1}'
    assert one(app, "SELECT df.status('00000000')") is None


@pytest.mark.parametrize(("result", "text"), [('"done"', '"done"'), ("[1,2]", "[1, 2]"), ("null", "null")])
def test_a_result_is_jsonb_text(ready: DfDatabase, app: Connection, result: str, text: str) -> None:
    instance = start(app)
    finish(ready, instance, "completed", result)
    assert one(app, "SELECT df.result(%s)", instance) == text


def test_a_failed_root_has_no_result(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    finish(ready, instance, "failed", '"division by zero"')
    assert one(app, "SELECT df.result(%s)", instance) is None


def test_run_is_a_stub(app: Connection) -> None:
    assert one(app, "SELECT df.run('0a1b2c3d')") == "Triggered run for instance: 0a1b2c3d"
    assert one(app, "SELECT df.run()") == "Triggered run for all pending instances"


def test_null_arguments_give_null(app: Connection) -> None:
    for call in ("status(NULL)", "result(NULL)", "cancel(NULL)", "signal(NULL, 'a')", "await_instance(NULL)",
                 "wait_for_completion(NULL)", "cancel('00000000', NULL)"):  # fmt: skip
        assert one(app, f"SELECT df.{call}") is None, call


# Cancel


def test_cancel_marks_the_instance_and_tells_the_worker(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    answer = one(app, "SELECT df.cancel(%s, %s)", instance, "no longer needed")
    assert answer == f"Instance {instance} cancelled: no longer needed"
    assert one(app, "SELECT df.status(%s)", instance) == "cancelled"
    assert inbox(ready) == [(instance, "cancel", "no longer needed", "null", "app")]
    row = as_worker(ready, "SELECT completed_at, updated_at >= created_at FROM df.instances")
    assert row == [(None, True)]


def test_cancel_has_a_default_reason(app: Connection) -> None:
    instance = start(app)
    assert one(app, "SELECT df.cancel(%s)", instance) == f"Instance {instance} cancelled: Cancelled by user"


@pytest.mark.parametrize("status", TERMINAL)
def test_cancel_leaves_what_has_ended(ready: DfDatabase, app: Connection, status: str) -> None:
    instance = start(app)
    finish(ready, instance, status)
    assert one(app, "SELECT df.cancel(%s, 'late')", instance) == f"Instance {instance} cancelled: late"
    assert one(app, "SELECT df.status(%s)", instance) == status
    assert inbox(ready) == []


def test_cancel_is_undone_by_a_rollback(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with app.transaction(force_rollback=True):
        one(app, "SELECT df.cancel(%s)", instance)
        assert one(app, "SELECT df.status(%s)", instance) == "cancelled"
    assert one(app, "SELECT df.status(%s)", instance) == "pending"
    assert inbox(ready) == []


def test_a_cancel_that_fails_says_so_and_changes_nothing(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    as_worker(ready, "ALTER TABLE _duroxide.inbox ADD CONSTRAINT full_up CHECK (kind <> 'cancel')")
    assert str(one(app, "SELECT df.cancel(%s)", instance)).startswith(
        "Failed to cancel: new row for relation"
    )
    assert one(app, "SELECT df.status(%s)", instance) == "pending"


def test_a_serialization_failure_is_not_hidden(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with pytest.raises(psycopg.errors.SerializationFailure), app.transaction():
        app.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        one(app, "SELECT df.status(%s)", instance)
        as_worker(ready, "UPDATE df.instances SET status = 'running' WHERE id = %s", instance)
        one(app, "SELECT df.cancel(%s)", instance)


def test_the_commit_wakes_the_workers(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with ready.connect(OWNER) as worker:
        worker.execute("LISTEN dfsql_work")
        with app.transaction():
            one(app, "SELECT df.signal(%s, 'go')", instance)
            assert not list(worker.notifies(timeout=0.2))
        assert len(list(worker.notifies(timeout=5, stop_after=1))) == 1


# Signal


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        ('{"a": 1}', '{"a":1}'),
        ('{ "z" : [ 1 , "a  b" ] ,\n"a":null}', '{"z":[1,"a  b"],"a":null}'),
        (r'{"a\" :  ": "\\"}', r'{"a\" :  ":"\\"}'),
        ("42", "42"),
        ('"42"', '"42"'),
        (" true ", "true"),
        ("yes", '"yes"'),
        ("", '""'),
        ("{", '"{"'),
        ('say "hi"', r'"say \"hi\""'),
        ("naïve ☂", '"naïve ☂"'),
        (r'"\u0000"', r'"\u0000"'),
        (r'"\ud800"', r'"\"\\ud800\""'),  # half a surrogate pair is no text
    ],
)
def test_what_a_signal_carries(ready: DfDatabase, app: Connection, data: str, payload: str) -> None:
    instance = start(app)
    assert one(app, "SELECT df.signal(%s, 'go', %s)", instance, data) == "OK"
    assert inbox(ready) == [(instance, "signal", "go", payload, "app")]


def test_a_signal_without_data_carries_an_empty_object(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    one(app, "SELECT df.signal(%s, 'go')", instance)
    assert inbox(ready)[0][3] == "{}"


def test_a_signal_belongs_to_the_transaction(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with app.transaction(force_rollback=True):
        one(app, "SELECT df.signal(%s, 'go')", instance)
    assert inbox(ready) == []


@pytest.mark.parametrize("status", TERMINAL)
def test_a_signal_to_what_has_ended_is_dropped(ready: DfDatabase, app: Connection, status: str) -> None:
    instance = start(app)
    finish(ready, instance, status)
    assert one(app, "SELECT df.signal(%s, 'go')", instance) == "OK"
    assert inbox(ready) == []


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("signal('', '')", "Instance ID cannot be empty"),
        ("signal('00000000', '')", "Signal name cannot be empty"),
        ("signal('00000000', 'go')", NOT_MINE + "00000000"),
        ("cancel('00000000')", NOT_MINE + "00000000"),
        ("cancel('a label, too long')", NOT_MINE + "a label, too long"),
        ("await_instance('00000000', 0)", "Timeout must be positive"),
        ("await_instance('00000000', -1)", "Timeout must be positive"),
        ("await_instance('00000000')", "Instance not found: 00000000"),
        ("wait_for_completion('00000000')", "Instance not found: 00000000"),
    ],
)
def test_errors(app: Connection, call: str, text: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        one(app, f"SELECT df.{call}")
    assert caught.value.diag.message_primary == text


def test_a_signal_that_cannot_be_stored_says_why(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    as_worker(ready, "ALTER TABLE _duroxide.inbox ADD CONSTRAINT full_up CHECK (name <> 'go')")
    with pytest.raises(psycopg.errors.CheckViolation, match=r"^Failed to send signal: new row for relation"):
        one(app, "SELECT df.signal(%s, 'go')", instance)


# Strangers


def test_an_instance_of_somebody_else_is_not_there(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    finish(ready, instance, "completed")
    with ready.connect("other") as other:
        assert one(other, "SELECT df.status(%s)", instance) is None
        assert one(other, "SELECT df.result(%s)", instance) is None
        for call in ("cancel(%s)", "signal(%s, 'go')"):
            with pytest.raises(psycopg.Error, match=f"^{NOT_MINE}{instance}"):
                one(other, f"SELECT df.{call}", instance)
        with pytest.raises(psycopg.Error, match=f"^Instance not found: {instance}"):
            one(other, "SELECT df.await_instance(%s, 1)", instance)


def test_the_inbox_cannot_be_written_for_others(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    direct = "INSERT INTO _duroxide.inbox (instance_id, kind, name, sent_by) VALUES (%s, 'signal', 'go', {}::regrole)"
    with ready.connect("other") as other:
        for sender in ("'other'", "'app'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                other.execute(direct.format(sender).encode(), [instance])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("SELECT * FROM _duroxide.inbox")


def test_the_owner_may_cancel_and_signal_everything(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with ready.connect("postgres") as superuser:
        one(superuser, "SELECT df.signal(%s, 'go')", instance)
        one(superuser, "SELECT df.cancel(%s)", instance)
    assert [(row[1], row[4]) for row in inbox(ready)] == [("signal", "postgres"), ("cancel", "postgres")]


# Waiting


@pytest.mark.parametrize("status", TERMINAL)
def test_await_returns_the_final_status(ready: DfDatabase, app: Connection, status: str) -> None:
    instance = start(app)
    finish(ready, instance, status)
    assert one(app, "SELECT df.await_instance(%s)", instance) == status


def test_await_sees_what_others_commit_meanwhile(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    timer = threading.Timer(0.3, finish, (ready, instance, "completed"))
    timer.start()
    try:
        block = f"DO $$ BEGIN IF df.await_instance('{instance}', 20) <> 'completed' THEN RAISE 'wrong'; END IF; END $$"
        begun = time.monotonic()
        app.execute(block.encode())
        assert 0.25 < time.monotonic() - begun < 10
    finally:
        timer.join()


def test_await_gives_up(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    as_worker(ready, "UPDATE df.instances SET status = 'running'")
    begun = time.monotonic()
    with pytest.raises(psycopg.errors.DataException) as caught:
        one(app, "SELECT df.await_instance(%s, 1)", instance)
    assert caught.value.diag.message_primary == (
        f"Timeout after 1s waiting for instance {instance} (status: running). Check if background worker is running."
    )
    assert caught.value.sqlstate == "22000"
    assert 0.8 < time.monotonic() - begun < 5


def test_await_is_refused_inside_a_workflow(app: Connection) -> None:
    instance = start(app)
    app.execute("SET df.in_workflow = 'true'")
    for call in ("await_instance(%s, 0)", "wait_for_completion(%s, 0)"):
        with pytest.raises(
            psycopg.Error, match=r"^df\.await_instance\(\) cannot be called inside a workflow - it"
        ):
            one(app, f"SELECT df.{call}", instance)
    assert one(app, "SELECT df.signal(%s, 'go')", instance) == "OK"
    assert str(one(app, "SELECT df.cancel(%s)", instance)).endswith("Cancelled by user")


def test_await_is_no_step(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    finish(ready, instance, "completed")
    with pytest.raises(
        psycopg.Error, match=r"df\.await_instance cannot be used as a workflow step\. Call df\.await_"
    ):
        app.execute("SELECT df.start(df.await_instance(%s))", [instance])
    assert start(app)


def test_the_old_name_warns(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    finish(ready, instance, "completed")
    notices: list[str] = []
    app.add_notice_handler(lambda notice: notices.append(f"{notice.severity}: {notice.message_primary}"))
    assert one(app, "SELECT df.wait_for_completion(%s, 3)", instance) == "completed"
    assert notices == ["WARNING: df.wait_for_completion() is deprecated; use df.await_instance() instead"]
