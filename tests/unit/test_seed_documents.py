"""Every block of code of the two published introductions to pg_durable: it compiles, and says what it should.

What cannot work there as it is printed is a warning or nothing here, and an error with `--target pg_durable`.
"""

from pathlib import Path

import pytest
from graph_shape import shape

from dfsql.compiler import check, compile

BLOCKS = Path(__file__).resolve().parents[1] / "data" / "seeds"

# block -> shape of each workflow
SHAPES = {
    "approval": [
        "THEN(THEN=sig(SQL=order(SELECT order_id, total FROM orders WHERE id = 1), "
        'SIGNAL("approval", 86400)), IF('
        "SELECT NOT ($sig::jsonb->>'timed_out')::boolean\n"
        "AND ($sig::jsonb->'data'->>'approved')::boolean"
        " ? UPDATE orders SET status = 'approved' WHERE id = $order_id"
        " : UPDATE orders SET status = 'rejected' WHERE id = $order_id))"
    ],
    "cancel": [],
    "cron-job": ['LOOP(THEN(WAIT_SCHEDULE("0 9 * * 1-5"), CALL refresh_materialized_views()))'],
    "document-batch": [
        "THEN(SQL=batch(SELECT id FROM documents WHERE processed = false LIMIT 100), "
        "UPDATE documents SET processed = true WHERE id = ANY($batch))"
    ],
    "etl": [
        "THEN(THEN(THEN(DELETE FROM target WHERE loaded_at < now() - INTERVAL '1 day', "
        "INSERT INTO target SELECT * FROM staging), REINDEX TABLE target), "
        "INSERT INTO etl_log (job, finished_at) VALUES ('nightly', now()))"
    ],
    "extension": [],
    "first-function": ["SELECT 'Hello, durable world!'"],
    "heartbeat": [],
    "http-call": [
        'THEN(HTTP=user("https://api.example.com/users/123", "GET", 30), '
        "INSERT INTO users_cache (data) VALUES (($user::jsonb->>'body')::jsonb))"
    ],
    "join": ["JOIN(SELECT count(*) FROM a, SELECT count(*) FROM b)"],
    "join-operator": ["JOIN(SELECT 1, SELECT 2)"],
    "observe": [],
    "variables": ["THEN(SQL=total(SELECT 100 AS amount), SELECT $total * 2 AS doubled)"],
}

# block -> findings as (code, severity, the text of the file that is marked)
HERE = {
    "approval": [("DF312", "warning", "$order_id"), ("DF312", "warning", "$order_id")],
}
ON_THE_REFERENCE = {
    "approval": [("DF312", "error", "$order_id"), ("DF312", "error", "$order_id")],
    "cron-job": [("DF902", "error", "df.wait_for_schedule('0 9 * * 1-5')")],
    "document-batch": [("DF901", "error", "$batch")],
}

# The examples of the tables of operators and functions; a bare word stands for some step.
FORMS = {
    "'SELECT 1' ~> 'SELECT 2'": "THEN(SELECT 1, SELECT 2)",
    "'SELECT 1' & 'SELECT 2'": "JOIN(SELECT 1, SELECT 2)",
    "fast_query | df.sleep(30)": "RACE(<fast_query>, SLEEP(30))",
    "cond ?> then_branch !> else_branch": "IF(<cond> ? <then_branch> : <else_branch>)",
    "@> body": "LOOP(<body>)",
    "'SELECT id FROM users LIMIT 1' |=> 'user_id'": "SQL=user_id(SELECT id FROM users LIMIT 1)",
    "df.sleep(seconds)": "SLEEP(<seconds>)",
    "df.wait_for_schedule(cron)": 'WAIT_SCHEDULE("cron")',
    "df.wait_for_signal(name, timeout)": 'SIGNAL("name", "timeout")',
    "df.http(url, method, body, headers, timeout)": 'HTTP("url", "method", "body", "headers", "timeout")',
    "df.if(cond, then_, else_)": "IF(<cond> ? <then_> : <else_>)",
    "df.loop(body, cond)": "LOOP(<body> while <cond>)",
    "df.join(a, b)": "JOIN(<a>, <b>)",
    "df.race(a, b)": "RACE(<a>, <b>)",
    "df.join3(a, b, c)": "JOIN(<a>, <b>, <c>)",
}


def block(name: str) -> str:
    return (BLOCKS / f"{name}.dfsql").read_text("utf-8")


def said(name: str, target: str) -> list[tuple[str, str, str]]:
    text = block(name)
    found = check(compile(text, name=name), target=target)
    return [(f.code, f.severity.value, text[f.span.start : f.span.end]) for f in found]


def test_no_block_is_forgotten() -> None:
    assert {path.stem for path in BLOCKS.iterdir()} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_compiles_to(name: str) -> None:
    compilation = compile(block(name), name=name)
    assert compilation.findings == ()
    assert [shape(graph) for graph in compilation.graphs] == SHAPES[name]
    assert len(compilation.graphs) == len(compilation.units)


@pytest.mark.parametrize("name", SHAPES)
def test_findings(name: str) -> None:
    assert said(name, "dfsql") == HERE.get(name, [])


@pytest.mark.parametrize("name", SHAPES)
def test_findings_for_the_reference(name: str) -> None:
    assert said(name, "pg_durable") == ON_THE_REFERENCE.get(name, [])


def test_a_column_that_is_used_as_a_name_is_told_how_to_be_written() -> None:
    for finding in check(compile(block("approval"), name="approval")):
        assert "$order.order_id" in finding.message
        assert [edit.text for fix in finding.fixes for edit in fix.edits] == ["$order.order_id"]


@pytest.mark.parametrize(("text", "expected"), FORMS.items(), ids=FORMS)
def test_forms(text: str, expected: str) -> None:
    compilation = compile(f"SELECT df.start({text});")
    assert compilation.findings == ()
    assert [shape(graph) for graph in compilation.graphs] == [expected]


def test_a_start_in_full() -> None:
    graph = compile("SELECT df.start('SELECT 1', 'a label', 'other_db');").graphs[0]
    assert (graph.name, graph.label, graph.database) == ("a label", "a label", "other_db")
