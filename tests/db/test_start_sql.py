"""df.start: its checks in their order, the graph rules, the rows that it writes, and what it hands over."""

import re
import time
from collections.abc import Iterator
from random import Random

import psycopg
import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, Connection, DfDatabase, DfServer
from random_graphs import chain, deep, random_graph

from dfsql.compiler import Graph, to_envelope
from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.envelope import EnvelopeError, check_graph, decode_strict
from dfsql.compiler.graph import Kind
from dfsql.compiler.shape import segments

pytestmark = pytest.mark.needs_postgres

TYPES = "SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL"
NOT_READY = "failed to start durable function: pg_durable background worker not yet initialized — try again in a moment"


@pytest.fixture(scope="module")
def ready(server: DfServer) -> Iterator[DfDatabase]:
    """A database in which df.start works."""
    with server.database() as database:
        database.pretend_ready()
        yield database


@pytest.fixture
def app(ready: DfDatabase) -> Iterator[Connection]:
    """A connection of `app`."""
    with ready.connect() as connection:
        yield connection


def refusal(connection: Connection, query: str, *values: object) -> str:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(query.encode(), values or None)
    return str(caught.value.diag.message_primary)


def count_rows(database: DfDatabase) -> list[tuple[object, ...]]:
    return as_worker(
        database,
        "SELECT (SELECT count(*) FROM df.instances), (SELECT count(*) FROM df.nodes), (SELECT count(*) FROM _duroxide.runs)",
    )


# ---- arguments

SUPERUSER = (
    'pg_durable: superuser instances are disabled. current_user "postgres" is a superuser, but '
    "pg_durable.enable_superuser_instances is off. Set pg_durable.enable_superuser_instances = on to allow this."
)
REFUSED = {
    "df.start(NULL)": "unboxing fut argument failed",
    "df.start('SELECT 1', transaction_mode => NULL)": "unboxing transaction_mode argument failed",
    "df.start('{\"node_type\":\"x\"}', transaction_mode => 'later')": (
        "invalid transaction_mode \"later\" for df.start(): expected 'caller' or 'new'"
    ),
    "df.start('{\"node_type\":\"sql\"}', database => 'nowhere')": (
        f"Invalid durable function: Unknown node_type 'sql'. Valid types: {TYPES}"
    ),
    "df.start('{\"node_type\":\"THEN\"}', database => 'nowhere')": 'database "nowhere" does not exist',
    'df.start(\'{"node_type":"SQL","query":5}\')': (
        "Invalid durable function: Malformed Durofut JSON with node_type 'SQL': "
        "invalid type: integer `5`, expected a string at line 1 column 28"
    ),
    'df.start(\'{"node_type":"no","query":5}\')': (
        f"Invalid durable function: Unknown node_type 'no'. Valid types: {TYPES}"
    ),
    "ROW(df.setvar('k', 'v'), df.start('SELECT {k}'))": (
        "Invalid durable function: df.setvar cannot be used as a workflow step. Call df.setvar before df.start()."
    ),
    "df.start(true)": "function df.start(boolean) does not exist",
}


@pytest.mark.parametrize(("call", "message"), REFUSED.items())
def test_what_is_refused_leaves_nothing(ready: DfDatabase, app: Connection, call: str, message: str) -> None:
    before = count_rows(ready)
    assert refusal(app, f"SELECT {call}") == message
    assert count_rows(ready) == before


def test_a_role_without_login_may_not_submit(ready: DfDatabase) -> None:
    with ready.connect(OWNER) as connection, ready.server.connect() as superuser:
        superuser.execute("DO $$ BEGIN CREATE ROLE silent; EXCEPTION WHEN duplicate_object THEN END $$")
        superuser.execute(f"GRANT silent TO {OWNER}")
        connection.execute("SELECT df.grant_usage('silent')")
        connection.execute("SET ROLE silent")
        message = refusal(connection, 'SELECT df.start(\'{"node_type":"THEN"}\')')
        assert message == (
            'current_user "silent" does not have LOGIN privilege. The background worker must connect as this role to '
            "execute SQL. Grant LOGIN to this role or call df.start() as a role with LOGIN."
        )
        connection.execute("RESET ROLE")
        connection.execute("SELECT df.revoke_usage('silent')")


def test_superusers_need_the_setting(ready: DfDatabase) -> None:
    with ready.connect("postgres") as connection:
        assert refusal(connection, "SELECT df.start('SELECT 1')") == SUPERUSER
        connection.execute("SET pg_durable.enable_superuser_instances = on")
        assert re.fullmatch("[0-9a-f]{8}", start(connection))


def test_without_a_worker_nothing_is_accepted(database: DfDatabase) -> None:
    with database.connect() as connection:
        assert refusal(connection, "SELECT df.start('SELECT 1')") == NOT_READY
        database.pretend_ready()
        start(connection)
        as_worker(database, "UPDATE _duroxide._worker_ready SET schema_version = -1")
        assert refusal(connection, "SELECT df.start('SELECT 1')") == NOT_READY
    assert count_rows(database) == [(1, 1, 1)]


# ---- graph rules

S = '{"node_type":"SQL","query":"s"}'
GRAPHS = [
    f'{{"node_type":"THEN","left_node":{S},"right_node":{{"node_type":"FOO"}}}}',
    f'{{"node_type":"THEN","left_node":{S},"right_node":{{"x":1}}}}',
    f'{{"node_type":"THEN","left_node":{S},"right_node":{{"node_type":"SQL","query":5}}}}',
    f'{{"node_type":"THEN","left_node":{S},"right_node":{S},"condition_node":{S}}}',
    f'{{"node_type":"RACE","left_node":{S},"right_node":{S},"extra_nodes":[{S}]}}',
    f'{{"node_type":"JOIN","left_node":{S},"right_node":{S},"extra_nodes":[{S},{{"node_type":"x"}}]}}',
    f'{{"node_type":"IF","left_node":{S},"right_node":{S},"query":"{{\\"condition_node\\":null}}"}}',
    f'{{"node_type":"LOOP","left_node":{S},"query":"{{\\"condition_node\\":\\"a\\"}}"}}',
    f'{{"node_type":"JOIN","left_node":{S},"right_node":{S},"query":"{{\\"extra_nodes\\":[]}}"}}',
    f'{{"node_type":"LOOP","left_node":{S},"condition_node":{S},"query":"no json"}}',
    f'{{"node_type":"LOOP","left_node":{S},"condition_node":{S},"query":"[1]"}}',
    f'{{"node_type":"LOOP","left_node":{{"node_type":"IF","condition_node":{{}}}},"condition_node":{S},"query":"{{"}}',
    '{"node_type":"THEN"}',
    f'{{"node_type":"THEN","left_node":{S},"right_node":{S},"query":"x"}}',
    f'{{"node_type":"IF","left_node":{S},"right_node":{S}}}',
    f'{{"node_type":"LOOP","left_node":{S},"right_node":{S}}}',
    '{"node_type":"SQL"}',
    f'{{"node_type":"SQL","query":"q","left_node":{S}}}',
    '{"node_type":"SQL","query":"q","result_name":"1st"}',
]


def expected_refusal(envelope: str) -> str:
    """What the compiler says that df.start raises."""
    try:
        draft = decode_strict(envelope)
    except EnvelopeError as error:
        return f"Invalid durable function: {error}"
    assert draft is not None
    problem = check_graph(draft)
    assert problem is not None
    return problem.text


@pytest.mark.parametrize("envelope", GRAPHS)
def test_graph_rules_are_those_of_the_compiler(app: Connection, envelope: str) -> None:
    assert refusal(app, "SELECT df.start(%s)", envelope) == expected_refusal(envelope)


def balanced(leaves: int) -> Graph:
    """A sequence of SQL steps, grouped as a tree that is as flat as it can be."""
    level = [Draft(Kind.SQL, query=f"SELECT {number} FROM something") for number in range(leaves)]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [Draft(Kind.THEN, {"first": p[0], "second": p[1]}) if len(p) == 2 else p[0] for p in pairs]
    return assemble(level[0])


TOO_LARGE = {
    "depth": chain(258),
    "depth to the right": chain(258, right=True),
    "nesting": deep(257),
    "nodes": balanced(5001),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_limits(app: Connection, case: str) -> None:
    problem = check_graph(TOO_LARGE[case])
    assert problem is not None
    assert refusal(app, "SELECT df.start(%s)", to_envelope(TOO_LARGE[case])) == problem.text


def test_the_largest_graph_starts_fast(app: Connection) -> None:
    envelope = to_envelope(balanced(5000))
    started = time.monotonic()
    instance = start(app, envelope)
    assert (
        time.monotonic() - started < 10
    )  # about half a second on a quiet machine; minutes if a look-up were linear
    assert one(app, "SELECT count(*) FROM df.nodes WHERE instance_id = %s", instance) == 9999


@pytest.mark.parametrize(
    "graph", [chain(257), chain(257, right=True), deep(256)], ids=["chain", "right", "deep"]
)
def test_the_deepest_graphs_start(app: Connection, graph: Graph) -> None:
    instance = start(app, to_envelope(graph))
    assert one(app, "SELECT count(*) FROM df.nodes WHERE instance_id = %s", instance) == len(graph.nodes)


# ---- rows


def stored(connection: Connection, instance: str) -> dict[str, tuple[object, ...]]:
    """Rows by the path of the node, with ids written as paths."""
    rows = connection.execute(
        "SELECT id, node_type, query, result_name, left_node, right_node FROM df.nodes WHERE instance_id = %s",
        [instance],
    ).fetchall()
    by_id = {str(row[0]): row[1:] for row in rows}
    assert len(by_id) == len(rows)
    paths = {str(one(connection, "SELECT root_node FROM df.instances WHERE id = %s", instance)): "root"}
    stack = list(paths)
    while stack:
        at = stack.pop()
        _, query, _, left, right = by_id[at]
        below = {"left": left, "right": right}
        named = re.findall(r'"(condition_node|extra_nodes)":(?:"(\w{8})"|\[([^]]*)])\}$', str(query))
        for key, condition, extras in named:
            if key == "condition_node":
                below["condition_node"] = condition
            else:
                below |= {f"extra_nodes[{n}]": extra.strip('"') for n, extra in enumerate(extras.split(","))}
        for segment, child in below.items():
            if child is not None:
                paths[str(child)] = f"{paths[at]}.{segment}"
                stack.append(str(child))
    assert set(paths) == set(by_id)
    spelt = re.compile("|".join(paths))
    return {
        paths[key]: tuple(spelt.sub(lambda m: paths[m[0]], str(v)) if isinstance(v, str) else v for v in row)
        for key, row in by_id.items()
    }


def expected_rows(graph: Graph) -> dict[str, tuple[object, ...]]:
    """The rows of a graph, by path."""
    paths = {0: "root"}
    rows: dict[str, tuple[object, ...]] = {}
    for node in graph.nodes:
        path = paths[node.index]
        links = dict(zip(segments(node.children), node.children.values(), strict=True))
        paths |= {child: f"{path}.{segment}" for segment, child in links.items()}
        query = node.query
        extras = [paths[child] for segment, child in links.items() if segment.startswith("extra")]
        if "condition_node" in links:
            query = f'{{"condition_node":"{path}.condition_node"}}'
        elif extras:
            query = '{"extra_nodes":[' + ",".join(f'"{extra}"' for extra in extras) + "]}"
        kind = "IF" if node.kind is Kind.IF_ROWS else node.kind.value
        sides = [f"{path}.{side}" if side in links else None for side in ("left", "right")]
        rows[path] = (kind, query, node.name, *sides)
    return rows


def test_rows_of_random_graphs(app: Connection) -> None:
    rng = Random(3)
    for _ in range(60):
        graph = random_graph(rng, rng.randint(1, 30))
        assert stored(app, start(app, to_envelope(graph))) == expected_rows(graph)


def test_a_config_keeps_its_members(app: Connection) -> None:
    envelope = f'{{"node_type":"LOOP","left_node":{S},"condition_node":{S},"query":"{{ \\"a\\" : [1, 2] }}"}}'
    assert (
        stored(app, start(app, envelope))["root"][1] == '{"a":[1,2],"condition_node":"root.condition_node"}'
    )
    envelope = f'{{"node_type":"LOOP","left_node":{S},"condition_node":{S},"query":"{{}}"}}'
    assert stored(app, start(app, envelope))["root"][1] == '{"condition_node":"root.condition_node"}'


SQL_TEXTS = [
    "",
    "'a' ~> 'b'",
    S + " x",
    '{"foo":1}',
    '{"condition": "c", "_partial_if": true, "then_branch": "t"}',
]


@pytest.mark.parametrize("text", SQL_TEXTS)
def test_what_is_no_node_is_the_sql_of_one(app: Connection, text: str) -> None:
    assert stored(app, start(app, text)) == {"root": ("SQL", text, None, None, None)}


def test_instance_and_node_rows(ready: DfDatabase, app: Connection) -> None:
    instance = one(app, "SELECT df.start('SELECT 1' ~> 'SELECT 2', 'it''s', 'template1', 'CALLER')")
    assert app.execute(
        "SELECT label, status, submitted_by::text, database, completed_at IS NULL FROM df.instances WHERE id = %s",
        [instance],
    ).fetchone() == ("it's", "pending", "app", "template1", True)
    assert app.execute(
        "SELECT DISTINCT status, submitted_by::text, database, result IS NULL FROM df.nodes WHERE instance_id = %s",
        [instance],
    ).fetchall() == [("pending", "app", "template1", True)]
    assert as_worker(
        ready, "SELECT scope_id, worker FROM _duroxide.scopes WHERE scope_id = %s", instance
    ) == [(instance, None)]


def test_three_arguments_resolve(app: Connection) -> None:
    assert re.fullmatch("[0-9a-f]{8}", str(one(app, "SELECT df.start('SELECT 1', NULL, NULL)")))


# ---- hand-over


def test_variables_are_captured(ready: DfDatabase, app: Connection) -> None:
    with ready.connect("other") as other:
        other.execute("SELECT df.setvar('theirs', 'x')")
    app.execute("SELECT df.setvar('a b', 'it''s \"one\"')")
    app.execute("INSERT INTO df.vars (name, value) VALUES ('nothing', NULL)")
    instance = start(app)
    app.execute("SELECT df.setvar('a b', 'two')")
    query = "SELECT vars, submitted_by::regrole::text FROM _duroxide.runs WHERE instance_id = %s"
    assert as_worker(ready, query, instance) == [({"a b": 'it\'s "one"'}, "app")]
    app.execute("SELECT df.clearvars()")
    assert as_worker(ready, query, start(app)) == [({}, "app")]


def test_the_owner_of_df_captures_only_its_own_variables(ready: DfDatabase, app: Connection) -> None:
    app.execute("SELECT df.setvar('mine', 'x')")
    with ready.connect(OWNER) as owner:
        instance = start(owner)
    assert as_worker(ready, "SELECT vars FROM _duroxide.runs WHERE instance_id = %s", instance) == [({},)]
    app.execute("SELECT df.clearvars()")


def test_a_rollback_leaves_nothing(ready: DfDatabase, app: Connection) -> None:
    before = count_rows(ready)
    with app.transaction(force_rollback=True):
        start(app)
        with app.transaction():
            start(app, "SELECT 2")
    assert count_rows(ready) == before


def test_an_id_that_is_taken_is_drawn_again(ready: DfDatabase, app: Connection) -> None:
    """Also when the row is somebody else's, which the caller cannot see."""
    with ready.connect("other") as other:
        taken = start(other)
    with ready.connect(OWNER) as owner:
        owner.execute("CREATE SEQUENCE public.draws")
        owner.execute("GRANT USAGE ON SEQUENCE public.draws TO PUBLIC")
        (before,) = owner.execute(
            "SELECT pg_get_functiondef('df._random_id()'::regprocedure)"
        ).fetchone() or ("",)
        owner.execute(
            "CREATE OR REPLACE FUNCTION df._random_id() RETURNS text LANGUAGE sql AS $$ SELECT CASE"
            f" WHEN nextval('public.draws') IN (2, 3) THEN '{taken}' ELSE right(gen_random_uuid()::text, 8) END $$"
        )
        try:
            instance = start(app)
            assert instance != taken
            owner.execute(
                f"CREATE OR REPLACE FUNCTION df._random_id() RETURNS text LANGUAGE sql AS $$ SELECT '{taken}'::text $$"
            )
            message = "Failed to create instance: exhausted 10 attempts to generate a collision-free ID"
            assert refusal(app, "SELECT df.start('SELECT 1')") == message
            message = "exhausted 10 attempts to generate a graph-unique node ID"
            assert refusal(app, "SELECT df.start('a' ~> 'b')") == message
        finally:
            owner.execute("DROP SEQUENCE public.draws")
            owner.execute(str(before).encode())
