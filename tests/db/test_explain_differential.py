"""The server and the compiler agree: on the envelopes that expressions build, and on the text of df.explain."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest
from df_database import Connection, DfServer
from dsl_text import expression
from psycopg.errors import SyntaxError
from random_graphs import chain, deep, random_draft, random_graph

from dfsql.compiler import Graph, compile, explain, to_envelope

pytestmark = pytest.mark.needs_postgres

COUNT = int(os.environ.get("EXPLAIN_N", "2000"))
SEED = int(os.environ.get("EXPLAIN_SEED", "20261122"))
BATCH = 250


@dataclass(frozen=True)
class Written:
    """An expression and what the compiler makes of it."""

    text: str
    graph: Graph
    envelope: str


@cache
def random_expressions() -> tuple[Written, ...]:
    """Expressions over all kinds of nodes."""
    rng = Random(SEED)
    found = []
    for _ in range(COUNT):
        text = expression(random_draft(rng, rng.randint(1, 24)), rng)
        text = f"df.sql({text})" if text.startswith("'") else text  # a literal alone is no envelope
        (graph,) = compile(f"SELECT df.start({text});").graphs
        found.append(Written(text, graph, to_envelope(graph)))
    return tuple(found)


@pytest.fixture(scope="module")
def connection(server: DfServer) -> Iterator[Connection]:
    """A connection of the owner: `app` may not build HTTP steps."""
    with server.database() as database, database.connect("dfowner") as connection:
        yield connection


def batches(items: Sequence[Written]) -> Iterator[Sequence[Written]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def explained(connection: Connection, inputs: list[str]) -> list[object]:
    """df.explain of all inputs, in one round trip."""
    rows = connection.execute(
        "SELECT df.explain(i.text) FROM unnest(%s::text[]) WITH ORDINALITY AS i (text, number) ORDER BY i.number",
        [inputs],
    )
    return [row[0] for row in rows]


def test_envelopes_of_operators_and_functions(connection: Connection) -> None:
    for batch in batches(random_expressions()):
        array = ", ".join(each.text for each in batch)
        rows = connection.execute(f"SELECT unnest(ARRAY[{array}])".encode()).fetchall()
        for each, (built,) in zip(batch, rows, strict=True):
            assert built == each.envelope, each.text


def test_explain_of_expressions(connection: Connection) -> None:
    for batch in batches(random_expressions()):
        for each, text in zip(batch, explained(connection, [each.text for each in batch]), strict=True):
            assert text == explain(each.graph), each.text


def test_explain_of_envelopes(connection: Connection) -> None:
    rng = Random(SEED)
    graphs = [random_graph(rng, rng.randint(1, 40)) for _ in range(COUNT // 2)]
    for start in range(0, len(graphs), BATCH):
        some = graphs[start : start + BATCH]
        texts = explained(connection, [to_envelope(graph) for graph in some])
        for graph, text in zip(some, texts, strict=True):
            assert text == explain(graph)


LARGE = {
    "chain": chain(257),
    "right-leaning": chain(257, right=True),
    "deep": deep(255),
    "many": random_graph(Random(1), 4000),
}


@pytest.mark.parametrize("case", LARGE)
def test_explain_of_large_graphs(connection: Connection, case: str) -> None:
    graph = LARGE[case]
    assert explained(connection, [to_envelope(graph)]) == [explain(graph)]


EXPRESSIONS = [
    "'SELECT 1' & 'SELECT 2'",
    "  (('SELECT 1' |=> 'x'))\n",
    "-- first\n/* a /* nested */ note */ 'SELECT 1' | 'SELECT 2';",
    "$$SELECT 1$$ & $x$SELECT $$2$$$x$",
    "E'SELECT \\'1\\'' | U&'SELECT \\00e4'",
    "DF.SQL('a') & \"df\".sql('b')",
    "@> 'SELECT 1'",
    "'SELECT c' ?> 'SELECT t' ~> 'SELECT u'",
    "'SELECT ''" + "ä" * 40 + "''' ~> 'SELECT ''" + "🙂" * 15 + "'''",
    "df.break('" + "é" * 30 + "') ~> df.break('') ~> df.break()",
    "df.http('https://h.example/" + "ü" * 40 + "') ~> df.http('{base}', 'get')".replace("'get'", "'put'"),
    "'a\r\nb\rc\n' ~> 'SELECT 1   ' ~> '\u00a0\u2003\n'",
    "df.wait_for_signal('go', 60) ~> df.wait_for_signal('it''s')",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_by_hand(connection: Connection, text: str) -> None:
    (graph,) = compile(f"SELECT df.start({text.rstrip(';')});").graphs
    assert explained(connection, [text]) == [explain(graph)]


CANNOT = (
    "Cannot explain input: not a valid Durofut JSON, instance ID, SQL statement, or DSL expression.\n"
    "Hint: DSL expressions use df.*() functions and operators like ~>, |=>, &, |."
)
PARSE = "Failed to parse Durofut JSON: failed to deserialize Durofut: "
TYPES = "SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL"
GRAPH = "Invalid durable function graph: "
ANSWERS = {
    "SELECT 1": "SQL: SELECT 1    ",
    "\u2003select 1\u00a0": "SQL: select 1    ",
    "SELECT\n1": "SQL: SELECT    \n1              ",
    "Call p()": "SQL: Call p()    ",
    "VALUES (1)": CANNOT,
    "SELECT\t1": CANNOT,
    "": CANNOT,
    "{}": CANNOT,
    "now()": CANNOT,
    '{"node_type":"THEN","left_node":5}': CANNOT,
    "deadbeef": "Instance 'deadbeef' not found",
    " DEADBEEF\n": "Instance 'DEADBEEF' not found",
    '{"node_type":"FOO"}': f"{GRAPH}root: Unknown node_type 'FOO'. Valid types: {TYPES}",
    '{"node_type":"THEN"}': "",
    '{"node_type":"THEN","left_node":{"node_type":"SQL","query":5}}': GRAPH
    + "root.left: failed to deserialize Durofut child: invalid type: integer `5`, expected a string at line 1 column 28",
    '{"node_type":"SLEEP","condition_node":{}}': f"{GRAPH}root: condition_node is not valid for SLEEP nodes",
    "'SELECT c' ?> NULL !> 'e'": "Expression returned NULL",
    "'c' ?> 't'": f"{PARSE}missing field `node_type` at line 1 column 59",
    "'a' ~> 'b' || 'c'": f"{PARSE}trailing characters at line 1 column 110",
    "'a' || 'b'": f"{PARSE}expected value at line 1 column 1",
    "(SELECT 1)": "Failed to evaluate expression: the result is of type number, not text",
    "'a' ~> 'b' WHERE false": "Failed to evaluate expression: it gave no row",
    '{"node_type":"SQL"}': "SQL: ?    ",
    '{"node_type":"SLEEP","result_name":"x"}': "SLEEP ?s |=> 'x'    ",
    '{"node_type":"SIGNAL","query":"no"}': "SIGNAL '?'    ",
    '{"node_type":"HTTP","query":"no"}': "HTTP ? ?    ",
    '{"node_type":"HTTP","query":"{}"}': "HTTP POST ?    ",
    '{"node_type":"WAIT_SCHEDULE","query":"[]"}': "WAIT '?'    ",
    '{"node_type":"BREAK","query":"{\\"break_value\\":7}"}': "BREAK    ",
    '{"node_type":"LOOP"}': "LOOP (infinite)    ",
}


@pytest.mark.parametrize(("text", "answer"), ANSWERS.items())
def test_answers(connection: Connection, text: str, answer: str) -> None:
    assert explained(connection, [text]) == [answer]


def test_a_null_gives_null(connection: Connection) -> None:
    assert connection.execute("SELECT df.explain(NULL)").fetchone() == (None,)


@pytest.mark.parametrize("text", ["SELECT 'a' ~> 'b'", "SELECT * FROM t WHERE tags @> '{x}'"])
def test_statements_around_an_operator_are_taken_for_expressions(connection: Connection, text: str) -> None:
    with pytest.raises(SyntaxError):
        connection.execute("SELECT df.explain(%s)", [text])


def test_the_callers_search_path_counts(connection: Connection) -> None:
    text = "sleep(5) ~> nap()"
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE SCHEMA private")
        connection.execute(
            "CREATE FUNCTION private.nap() RETURNS text LANGUAGE sql RETURN 'SELECT pg_sleep(1)'::text"
        )
        connection.execute("SET LOCAL search_path = private, df, public")
        assert str(explained(connection, [text])[0]).startswith("SLEEP 5s")


def test_evaluation_is_real(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        text = "df.setvar('evaluated', 'yes')"
        assert explained(connection, [text]) == [f"{PARSE}expected value at line 1 column 1"]
        assert connection.execute("SELECT df.getvar('evaluated')").fetchone() == ("yes",)
