"""What a hostile role can try: another role's scopes, the worker's life, and everybody else's time."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from df_database import OUTSIDER, OWNER, Connection, DfDatabase
from spec_runner import Worker

pytestmark = pytest.mark.needs_postgres

STOLEN = "11111111-1111-4111-8111-111111111111"
CHECKPOINT = """
    SELECT _duroxide.checkpoint(%(scope)s, %(token)s, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, %(more)s)"""


@pytest.fixture
def worker(database18: DfDatabase) -> Iterator[Worker]:
    """A worker of a database on PostgreSQL 18, ready."""
    process = Worker(database18.dsn(OWNER))
    try:
        with database18.connect(OWNER) as owner:
            deadline = time.monotonic() + 30
            while one(owner, "SELECT to_regclass('_duroxide._worker_ready')") is None:
                assert time.monotonic() < deadline and process.process.poll() is None, process.log()
                time.sleep(0.03)
        yield process
    finally:
        process.forget()


def one(connection: Connection, statement: str, *values: object) -> object:
    """The only value."""
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


def by_hand(connection: Connection, nodes: list[tuple[str, ...]], variables: str = "{}") -> str:
    """An instance whose rows a role has written itself: (id, type, query, left, right), the first one is the root."""
    instance = str(one(connection, "SELECT right(gen_random_uuid()::text, 8)"))
    me = "quote_ident(current_user)::regrole"
    with connection.transaction():
        connection.execute(
            f"INSERT INTO df.instances (id, root_node, submitted_by) VALUES (%s, %s, {me})".encode(),
            (instance, nodes[0][0]),
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                f"""INSERT INTO df.nodes (instance_id, id, node_type, query, left_node, right_node, submitted_by)
                    VALUES (%s, %s, %s, NULLIF(%s, ''), NULLIF(%s, ''), NULLIF(%s, ''), {me})""".encode(),
                [(instance, *node) for node in nodes],
            )
        connection.execute(
            f"INSERT INTO _duroxide.runs (instance_id, submitted_by, vars) VALUES (%s, {me}, %s)".encode(),
            (instance, variables),
        )
    return instance


def start(database: DfDatabase, role: str, query: str = "SELECT 1") -> str:
    """The id of an instance of the role."""
    with database.connect(role) as connection:
        return str(one(connection, "SELECT df.start(%s)", query))


def end_of(database: DfDatabase, role: str, instance: str) -> object:
    """How an instance ends."""
    with database.connect(role) as connection:
        return one(connection, "SELECT df.await_instance(%s, 10)", instance)


def assert_others_are_served(database: DfDatabase, worker: Worker) -> None:
    assert worker.process.poll() is None, worker.log()
    assert end_of(database, "other", start(database, "other")) == "completed", worker.log()


# ---- a token in the wrong hands ----------------------------------------------------------------------------


def own_token(database: DfDatabase, instance: str) -> None:
    """Give an instance a token that the attacker knows, as a step can that prepares `dfsql_checkpoint` anew."""
    with database.connect(OWNER) as owner:
        owner.execute("UPDATE _duroxide.scopes SET token = %s WHERE scope_id = %s", (STOLEN, instance))


@pytest.mark.parametrize(
    "more",
    [
        '{"drop": ["VICTIM"]}',
        '{"drop": ["VICTIM::1::00000001"]}',
        '{"fork": ["VICTIM::1::00000001"]}',
        '{"fork": ["MINE"]}',
    ],
)
def test_a_token_is_of_no_use_for_another_instance(database: DfDatabase, more: str) -> None:
    database.pretend_ready()
    mine, victim = start(database, "app"), start(database, "other")
    own_token(database, mine)
    more = more.replace("VICTIM", victim).replace("MINE", mine)
    with database.connect("app") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(CHECKPOINT.encode(), {"scope": mine, "token": STOLEN, "more": more})


def test_a_forged_graph_keeps_the_submitter(database: DfDatabase) -> None:
    database.pretend_ready()
    mine = start(database, "app")
    own_token(database, mine)
    forged = f'{{"graph": {{"role": "{OWNER}", "owner": 10, "superuser": true, "root": "0", "nodes": []}}}}'
    with database.connect("app") as app:
        app.execute(CHECKPOINT.encode(), {"scope": mine, "token": STOLEN, "more": forged})
        mine_is = one(app, "SELECT submitted_by::regrole::oid::bigint FROM df.instances WHERE id = %s", mine)
    with database.connect(OWNER) as owner:
        graph = one(owner, "SELECT graph FROM _duroxide.runs WHERE instance_id = %s", mine)
    assert isinstance(graph, dict)
    assert (graph["role"], graph["owner"], graph["superuser"]) == ("app", mine_is, False)


@pytest.mark.parametrize("role", ["other", OUTSIDER])
def test_a_token_is_of_no_use_to_another_role(database: DfDatabase, role: str) -> None:
    database.pretend_ready()
    mine = start(database, "app")
    own_token(database, mine)
    with database.connect(role) as thief, pytest.raises(psycopg.errors.InsufficientPrivilege):
        thief.execute(CHECKPOINT.encode(), {"scope": mine, "token": STOLEN, "more": None})


# ---- rows that a role may write, and no worker could read ---------------------------------------------------


@pytest.mark.parametrize(
    "variables",
    [
        '{"a": ' + "[" * 3000 + "]" * 3000 + "}",
        '{"a": ' + "9" * 5000 + "}",
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        '{"a": null}',
        "[]",
        '"a"',
    ],
)
def test_variables_that_no_worker_can_read_are_refused(database: DfDatabase, variables: str) -> None:
    with database.connect("app") as app, pytest.raises(psycopg.errors.DatabaseError):
        by_hand(app, [("00000001", "SQL", "SELECT 1", "", "")], variables)


def test_messages_have_a_size(database: DfDatabase) -> None:
    database.pretend_ready()
    mine = start(database, "app", "SELECT 1")
    with database.connect("app") as app:
        with pytest.raises(psycopg.errors.CheckViolation):
            app.execute("SELECT df.signal(%s, 'go', repeat('x', 17000000))", [mine])
        send = """INSERT INTO _duroxide.inbox (instance_id, kind, name, payload, sent_by)
                  SELECT %s, 'signal', 'go', '1', 'app'::regrole FROM generate_series(1, %s)"""
        app.execute(send, [mine, 10_000])
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            app.execute(send, [mine, 1])


def test_an_instance_that_has_ended_collects_no_messages(database: DfDatabase) -> None:
    database.pretend_ready()
    mine = start(database, "app")
    with database.connect(OWNER) as owner, database.connect("app") as app:
        owner.execute("UPDATE _duroxide.runs SET outcome = 'completed'")
        app.execute(
            "INSERT INTO _duroxide.inbox (instance_id, kind, name, sent_by) VALUES (%s, 'signal', 'go', 'app'::regrole)",
            [mine],
        )
        assert one(owner, "SELECT count(*) FROM _duroxide.inbox") == 0


def test_one_look_takes_a_share_of_everybodys_mail(database: DfDatabase) -> None:
    database.pretend_ready()
    ids = [start(database, role) for role in ("app", "other")]
    with database.connect(OWNER) as owner, database.connect("app") as app, database.connect("other") as other:
        me = "22222222-2222-4222-8222-222222222222"
        owner.execute("SELECT _duroxide.register(%s), _duroxide.poll(%s, 10)", [me, me])
        send = """INSERT INTO _duroxide.inbox (instance_id, kind, name, payload, sent_by)
                  SELECT %s, 'signal', 'go', to_json(repeat('x', %s))::text, quote_ident(current_user)::regrole
                  FROM generate_series(1, %s)"""
        app.execute(send, [ids[0], 15_000_000, 6])
        app.execute(send, [ids[0], 1, 2000])
        other.execute(send, [ids[1], 1, 1])
        found = one(owner, "SELECT _duroxide.poll(%s, 10)", me)
    assert isinstance(found, dict)
    assert sorted({message[1] for message in found["mail"]}) == sorted(ids)
    assert sum(len(message[4]) for message in found["mail"]) < 64_000_000
    assert found["due"] - found["now"] < 1  # it will look again soon


def test_an_instance_too_large_for_a_worker_is_handed_over_without_its_results(
    database18: DfDatabase,
) -> None:
    database18.pretend_ready()
    mine, small = start(database18, "app"), start(database18, "other")
    me = "22222222-2222-4222-8222-222222222222"
    with database18.connect(OWNER) as owner:
        for name in "abc":
            owner.execute(
                "INSERT INTO _duroxide.bindings VALUES (%s, %s, repeat('x', 140000000))", [mine, name]
            )
        owner.execute("SELECT _duroxide.register(%s)", [me])
        found = one(owner, "SELECT _duroxide.poll(%s, 10)", me)
    assert isinstance(found, dict)
    taken = {one["id"]: one for one in found["claimed"]}
    assert set(taken) == {mine, small}
    assert "too large" in taken[mine]["problem"] and "problem" not in taken[small]


# ---- locks that anybody may take ---------------------------------------------------------------------------


def test_no_advisory_lock_keeps_a_worker_from_getting_ready(database: DfDatabase) -> None:
    with database.connect(OUTSIDER) as outsider, database.connect(OWNER) as owner:
        outsider.execute("SELECT pg_advisory_lock(1684435825, 0)")
        owner.execute("SET statement_timeout = '3s'")
        owner.execute("SELECT _duroxide.publish_ready()")


@pytest.mark.parametrize(
    ("holder", "dead"), [(OUTSIDER, True), ("app", True), (OWNER, False), ("postgres", False)]
)
def test_only_a_workers_own_lock_shows_that_it_lives(database: DfDatabase, holder: str, dead: bool) -> None:
    with database.connect(holder) as session, database.connect(OWNER) as owner:
        session.execute("SELECT pg_advisory_lock(1684435825, hashtext(%s))", [STOLEN])
        assert one(owner, "SELECT _duroxide.is_dead(%s, clock_timestamp())", STOLEN) is dead


# ---- one role's workflows and everybody else ---------------------------------------------------------------

SHARED = [(f"{n:08x}", "THEN", "", f"{n + 1:08x}", f"{n + 1:08x}") for n in range(1, 40)]
ENDLESS = {
    "a circle of THEN": [("00000001", "THEN", "", "00000001", "00000001")],
    "a circle of two": [("00000001", "THEN", "", "00000002", "00000002"), ("00000002", "JOIN", "", "00000001", "00000001")],
    "a circle of conditions": [("00000001", "LOOP", '{"condition_node":"00000001"}', "00000002", ""),
                               ("00000002", "SQL", "SELECT 1", "", "")],
    "steps without number": [*SHARED, ("00000028", "SQL", "SELECT 1", "", "")],
    "too many nodes": [("00000001", "THEN", "", "00000002", "00000003"),
                       *((f"{n:08x}", "SQL", "SELECT 1", "", "") for n in range(2, 10_003))],
}  # fmt: skip


@pytest.mark.parametrize("nodes", ENDLESS.values(), ids=list(ENDLESS))
def test_graphs_without_end_fail(
    database18: DfDatabase, worker: Worker, nodes: list[tuple[str, ...]]
) -> None:
    with database18.connect("app") as app:
        instance = by_hand(app, nodes)
    assert end_of(database18, "app", instance) == "failed"
    assert_others_are_served(database18, worker)


@pytest.mark.parametrize("text", ["/**/" * 40 + "SELECT 1", "/*" * 3_000, "--\n" * 300_000 + "SELECT 1"])
def test_comments_cost_no_time(database18: DfDatabase, worker: Worker, text: str) -> None:
    start(database18, "app", text)
    assert_others_are_served(database18, worker)


def test_rows_that_a_role_keeps_locked_stop_nobody_else(database18: DfDatabase, worker: Worker) -> None:
    with database18.connect("app") as app, database18.connect("app") as holder:
        ids = [str(one(app, "SELECT df.start(df.wait_for_signal('go'))")) for _ in range(12)]
        time.sleep(0.5)
        holder.execute("BEGIN")
        holder.execute("UPDATE df.instances SET updated_at = now()")
        for instance in ids:
            app.execute("SELECT df.signal(%s, 'go')", [instance])
        time.sleep(0.5)
        assert_others_are_served(database18, worker)
        assert end_of(database18, "other", start_waiting_briefly(database18)) == "completed"
        holder.execute("COMMIT")
        assert {end_of(database18, "app", instance) for instance in ids} == {"completed"}


def start_waiting_briefly(database: DfDatabase) -> str:
    """An instance that needs the worker's own sessions."""
    with database.connect("other") as connection:
        return str(one(connection, "SELECT df.start(df.sleep(1) ~> 'SELECT 1')"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT repeat('x', 1000000) FROM generate_series(1, 6000)",
        "SELECT generate_series(1, 100000000000)",
    ],
)
def test_a_result_without_measure_takes_no_memory(database18: DfDatabase, worker: Worker, query: str) -> None:
    instance = start(database18, "app", query)
    assert end_of(database18, "app", instance) == "failed"
    with database18.connect("app") as app:
        assert "larger than 128 MB" in str(
            one(app, "SELECT output FROM _duroxide.runs WHERE instance_id = %s", instance)
        )
    assert_others_are_served(database18, worker)


def test_every_row_of_a_result_arrives(database18: DfDatabase, worker: Worker) -> None:
    queries = {
        "SELECT g, repeat('y', g) FROM generate_series(1, 2000) g": 2000,
        "SELECT FROM generate_series(1, 3)": 3,
        "SELECT 1 WHERE false": 0,
        "VALUES (1), (NULL)": 2,
    }
    for query, count in queries.items():
        instance = start(database18, "app", query)
        assert end_of(database18, "app", instance) == "completed"
        with database18.connect("app") as app:
            assert one(app, "SELECT (df.result(%s)::json ->> 'row_count')::int", instance) == count
