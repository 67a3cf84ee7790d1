"""What the server refuses while a workflow is built: the code, its exact words, and the place."""

import pytest
from graph_shape import steps

from dfsql.compiler import compile

NO_CONDITIONAL = "Invalid if-then-else: left side of !> must be a ?> expression"
TYPES = "SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL"


def refused(expression: str) -> tuple[str, str, str]:
    """Code, message and the marked text of the one finding of `df.start(expression)`, which has no graph."""
    text = f"SELECT df.start({expression});"
    compilation = compile(text)
    assert compilation.graphs == ()
    (finding,) = compilation.findings
    assert finding.severity.value == "error"
    return finding.code, finding.message, text[finding.span.start : finding.span.end]


def identifier(name: str) -> str:
    return f"df.as: result name '{name}' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*"


def cron(text: str) -> str:
    return f"Invalid cron expression '{text}': Invalid expression: Invalid cron expression."


def scheme(name: str) -> str:
    return f"Blocked: unsupported URL scheme '{name}'. Only http and https are allowed."


def method(name: str) -> str:
    return f"Invalid HTTP method: {name}. Must be GET, POST, PUT, DELETE, or PATCH"


def multipart(name: str) -> str:
    return f"Invalid HTTP method for multipart: {name}. Must be POST, PUT, or PATCH"


VALUES = [
    ("df.as('a', '')", "DF311", "df.as: result name cannot be empty", "''"),
    ("df.as('a', 'my result')", "DF311", identifier("my result"), "'my result'"),
    ("'a' |=> '1st'", "DF311", identifier("1st"), "'1st'"),
    ("'a' |=> 'é'", "DF311", identifier("é"), "'é'"),
    ("'a' |=> 'x '", "DF311", identifier("x "), "'x '"),
    (r"'a' |=> E'x\n'", "DF311", identifier("x\n"), r"E'x\n'"),
    ("df.sleep(-1)", "DF211", "Sleep duration must be non-negative", "-1"),
    ("df.sleep('-1')", "DF211", "Sleep duration must be non-negative", "'-1'"),
    ("df.wait_for_schedule('@daily')", "DF603", cron("@daily"), "@daily"),
    ("df.wait_for_schedule('61 * * * *')", "DF603", cron("61 * * * *"), "61"),
    ("df.wait_for_schedule('{m} * * * *')", "DF603", cron("{m} * * * *"), "{m}"),
    ("df.wait_for_schedule('0 0 1 1 * 2027')", "DF604", cron("0 0 1 1 * 2027"), "0 0 1 1 * 2027"),
    ("df.http('ftp://x')", "DF210", scheme("ftp"), "'ftp://x'"),
    ("df.http('Ftp://x', 'HEAD', NULL, NULL, 0)", "DF210", scheme("ftp"), "'Ftp://x'"),
    ("df.http('')", "DF210", scheme(""), "''"),
    ("df.http(' https://x')", "DF210", scheme(" https"), "' https://x'"),
    ("df.http('$base/x')", "DF210", scheme("$base/x"), "'$base/x'"),
    ("df.http('https://x', 'HEAD', NULL, NULL, 0)", "DF210", method("HEAD"), "'HEAD'"),
    ("df.http('https://x', 'ß')", "DF210", method("ß"), "'ß'"),
    ("df.http('https://x', 'GET', NULL, NULL, 0)", "DF210", "Timeout must be positive", "0"),
    ("df.http('https://x', timeout_seconds => -5)", "DF210", "Timeout must be positive", "-5"),
    ("df.http('https://x', headers => 'x')", "DF210", "invalid input syntax for type json", "'x'"),
    ("df.http('https://x', headers => '{\"a\": 1e400}')", "DF210", "invalid input syntax for type json", None),
    ("df.http('https://x', headers => '{\"a\": NaN}')", "DF210", "invalid input syntax for type json", None),
    (r"""df.http('https://x', headers => '{"a": "\ud800"}')""", "DF210", "invalid input syntax for type json", None),
    # of our own: the reference drops such headers without a word
    ("df.http('https://x', headers => '[1]')", "DF210", "headers must be a JSON object", "'[1]'"),
    ("df.http('https://x', headers => '{\"a b\": 1}')", "DF210", "invalid header name 'a b'", None),
    ("df.http('https://x', headers => '{\"a\": null}')", "DF210", "header 'a' must be a text, a number or a boolean", None),
    ("df.http_multipart('ftp://x')", "DF210", scheme("ftp"), "'ftp://x'"),
    ("df.http_multipart('https://x', 'get')", "DF210", multipart("get"), "'get'"),
    ("df.http_multipart('https://x', 'DELETE')", "DF210", multipart("DELETE"), "'DELETE'"),
    ("df.http_multipart('https://x', 'POST', NULL, NULL, 0)", "DF210", "Timeout must be positive", "0"),
    ("df.http_multipart('https://x')", "DF210", "parts is required and cannot be NULL", None),
    ("df.http_multipart('https://x', 'POST', NULL)", "DF210", "parts is required and cannot be NULL", "NULL"),
    ("df.http_multipart('https://x', 'POST', '{}')", "DF210", "parts must be a JSON array of part objects", "'{}'"),
    ("df.http_multipart('https://x', 'POST', '[]')", "DF210", "parts must contain at least one part", "'[]'"),
    ("df.wait_for_signal('')", "DF211", "Signal name cannot be empty", "''"),
    ("df.wait_for_signal('', 0)", "DF211", "Signal name cannot be empty", "''"),
    ("df.wait_for_signal('x', 0)", "DF211", "Timeout must be positive", "0"),
    ("df.wait_for_signal('x', '-1')", "DF211", "Timeout must be positive", "'-1'"),
]  # fmt: skip

NULLS = [
    *[(call, "DF208", "argument 0 must not be null", None) for call in (
        "NULL", "NULL::text", "df.sql(NULL)", "df.seq(NULL, 'x')", "df.as('x', NULL)", "df.if('c', 't', NULL)",
        "df.join3('a', 'b', NULL)", "df.race(NULL, 'x')", "df.sleep(NULL)", "df.wait_for_schedule(NULL)",
        "df.if_rows(NULL, 't', 'e')", "df.loop(NULL)", "df.loop(NULL, 'c')", "df.wait_for_signal(NULL)",
        "df.http(NULL)", "df.http_multipart(NULL)", "NULL ~> 'a'", "'a' ~> NULL", "'a' & NULL", "'a' |=> NULL",
        "'c' ?> 't' !> NULL", "NULL ?> 't' !> 'e'", "'c' ?> NULL !> 'e'", "@> NULL", "'a' || NULL ~> 'b'",
        """'{"_partial_if":true}' !> 'e'""",
    )],
    ("df.http('https://x', NULL)", "DF208", "argument 1 must not be null", "NULL"),
    ("df.http('https://x', 'GET', NULL, NULL, NULL)", "DF208", "argument 4 must not be null", "NULL"),
    ("NULL !> 'e'", "DF102", NO_CONDITIONAL, "NULL"),
]  # fmt: skip

CONDITIONALS = [
    (steps("c ?> t ~> u !> e"), "DF102", NO_CONDITIONAL, steps("c ?> t ~> u")),
    (steps("c ?> t & u !> e"), "DF102", NO_CONDITIONAL, None),
    (steps("c ?> t | u !> e"), "DF102", NO_CONDITIONAL, None),
    (steps("c ?> t |=> 'x' !> e"), "DF102", NO_CONDITIONAL, None),
    (steps("c1 ?> c2 ?> u !> e !> f"), "DF102", NO_CONDITIONAL, None),
    (steps("c ?> (t !> e)"), "DF102", 'invalid input syntax for type json: token "t" is invalid', "'t'"),
    ("'SELECT 1' !> 'e'", "DF102", 'invalid input syntax for type json: token "SELECT" is invalid', "'SELECT 1'"),
    ("'' !> 'e'", "DF102", "invalid input syntax for type json", "''"),
    ("'{x}' !> 'e'", "DF102", "invalid input syntax for type json", "'{x}'"),
    ("df.sql('c') !> 'e'", "DF102", NO_CONDITIONAL, "df.sql('c')"),
    ("'{}' !> 'e'", "DF102", NO_CONDITIONAL, "'{}'"),
    ("'[1]' !> 'e'", "DF102", NO_CONDITIONAL, "'[1]'"),
    ("'5' !> 'e'", "DF102", NO_CONDITIONAL, "'5'"),
    ("""'{"_partial_if":null,"condition":"c","then_branch":"t"}' !> 'e'""", "DF102", NO_CONDITIONAL, None),
]  # fmt: skip

OPERANDS = [
    ("'a' ~> 1", "DF114", "operator does not exist: unknown ~> integer", "1"),
    ("1 ~> 'a'", "DF114", "operator does not exist: integer ~> unknown", "1"),
    ("'a'::text ~> 1", "DF114", "operator does not exist: text ~> integer", "1"),
    ("'a' ~> 2 + 3", "DF114", "operator does not exist: unknown ~> integer", "2 + 3"),
    ("'a' ~> 1.5", "DF114", "operator does not exist: unknown ~> numeric", "1.5"),
    ("'a' ~> -1", "DF114", "operator does not exist: unknown ~> integer", "-1"),
    ("'a' ~> 3000000000", "DF114", "operator does not exist: unknown ~> bigint", "3000000000"),
    ("'a' ~> true", "DF114", "operator does not exist: unknown ~> boolean", "true"),
    ("'a' ~> b'1'", "DF114", "operator does not exist: unknown ~> bit", "b'1'"),
    ("'a' ~> x'1F'", "DF114", "operator does not exist: unknown ~> bit", "x'1F'"),
    ("'a' ~> ARRAY['x']", "DF114", "operator does not exist: unknown ~> text[]", "ARRAY['x']"),
    ("'a' ~> ROW('x')", "DF114", "operator does not exist: unknown ~> record", "ROW('x')"),
    ("'a' ~> '{}'::json", "DF114", "operator does not exist: unknown ~> json", "'{}'::json"),
    ("'{}'::jsonb ~> 'a'", "DF114", "operator does not exist: jsonb ~> unknown", "'{}'::jsonb"),
    ("'a' ~> '2026-01-01'::date", "DF114", "operator does not exist: unknown ~> date", "'2026-01-01'::date"),
    ("@> 5", "DF114", "operator does not exist: @> integer", "5"),
    ("df.sleep(1) & 5", "DF114", "operator does not exist: text & integer", "5"),
    ("'x' & 3", "DF114", 'invalid input syntax for type integer: "x"', "'x' & 3"),
    ("3 & '99999999999'", "DF114", 'value "99999999999" is out of range for type integer', "3 & '99999999999'"),
    ("b'1' & 'a'", "DF114", '"a" is not a valid binary digit', "b'1' & 'a'"),
    ("true & 'a'", "DF114", "operator does not exist: boolean & unknown", "true"),
    ("(1 & '3') ~> 'a'", "DF114", "operator does not exist: integer ~> unknown", "1 & '3'"),
    ("1 & '3'", "DF202", "function df.start(integer) does not exist", "1 & '3'"),
    ("'1'::int & '3'", "DF202", "function df.start(integer) does not exist", "'1'::int & '3'"),
    ("5", "DF202", "function df.start(integer) does not exist", "5"),
    ("'a' @> 'b'", "DF114", "operator is not unique: unknown @> unknown", "@>"),
    ("df.sql('a') @> 'b'", "DF114", "operator does not exist: text @> unknown", "@>"),
    ("'a' && 'b'", "DF114", "operator is not unique: unknown && unknown", "&&"),
    ("'a' -> 'b'", "DF114", "operator is not unique: unknown -> unknown", "->"),
    ("'a' >> 'b'", "DF114", "operator is not unique: unknown >> unknown", ">>"),
    ("'a' |= 'b'", "DF114", "operator does not exist: unknown |= unknown", "|="),
    ("'a' ~ 'b'", "DF110", "~ turns this workflow into a boolean", "~"),
    ("'a' ~> j ->> 'k'", "DF114", "operator does not exist: text ->> unknown", "->>"),
    ("'x' ~> & 'y'", "DF017", "& has nothing on its left", "&"),
    ("'a' ~>@> 'b'", "DF101", "operator does not exist: ~>@>", "~>@>"),
    ("'a' |@> 'b'", "DF101", "operator does not exist: |@>", "|@>"),
    ("'a' &@> 'b'", "DF101", "operator does not exist: &@>", "&@>"),
    ("df.loop(body=>@>'a')", "DF101", "operator does not exist: =>@>", "=>@>"),
    ("'a' ~>-5", "DF101", "operator does not exist: ~>-", "~>-"),
    ("'a' ~>+5", "DF101", "operator does not exist: ~>+", "~>+"),
    ("'a' ~> 'b' = 'c'", "DF110", "= turns this workflow into a boolean", "="),
    ("'a' ~> 'b' IN ('a')", "DF110", "IN turns this workflow into a boolean", "IN"),
    ("'a' ~> 'b' IS NULL", "DF110", "IS NULL turns this workflow into a boolean", "IS"),
    ("NOT 'a' ~> 'b'", "DF110", "argument of NOT must be type boolean, not type text", "NOT"),
    ("'a' ~> 'b' AND 'c'", "DF110", "argument of AND must be type boolean, not type text", "AND"),
]  # fmt: skip

CALLS = [
    ("df.sleep(2.5)", "DF202", "function df.sleep(numeric) does not exist: seconds is bigint, not numeric", "2.5"),
    ("df.sleep(9223372036854775808)", "DF202", "function df.sleep(numeric) does not exist: seconds is bigint, not numeric", None),
    ("df.sleep(interval '5 s')", "DF202", "function df.sleep(interval) does not exist: seconds is bigint, not interval", None),
    ("df.sleep(true)", "DF202", "function df.sleep(boolean) does not exist: seconds is bigint, not boolean", "true"),
    ("df.sleep('x')", "DF202", 'invalid input syntax for type bigint: "x"', "'x'"),
    ("df.sleep('')", "DF202", 'invalid input syntax for type bigint: ""', "''"),
    ("df.sleep('9223372036854775808')", "DF202", 'value "9223372036854775808" is out of range for type bigint', None),
    ("df.sleep()", "DF202", "function df.sleep() does not exist: seconds is missing", None),
    ("df.sleep(1, 2)", "DF202", "function df.sleep(integer, integer) does not exist: it takes 1 argument", "2"),
    ("df.sleep(second => 1)", "DF202", "function df.sleep(second => integer) does not exist: there is no parameter second", "second"),
    ("df.sleep(seconds => 1, 2)", "DF014", "a positional argument cannot follow a named one", "2"),
    ("df.wait_for_schedule(5)", "DF202", "function df.wait_for_schedule(integer) does not exist: cron_expr is text, not integer", "5"),
    ("df.wait_for_signal('x', 3000000000)", "DF202", "function df.wait_for_signal(unknown, bigint) does not exist: timeout_seconds is integer, not bigint", "3000000000"),
    ("df.wait_for_signal('x', 60::bigint)", "DF202", "function df.wait_for_signal(unknown, bigint) does not exist: timeout_seconds is integer, not bigint", "60::bigint"),
    ("df.wait_for_signal('x', '3000000000')", "DF202", 'value "3000000000" is out of range for type integer', None),
    ("df.wait_for_signal('x', timeout => 5)", "DF202", "function df.wait_for_signal(unknown, timeout => integer) does not exist: there is no parameter timeout", "timeout"),
    ("df.break(5)", "DF202", "function df.break(integer) does not exist: value is text, not integer", "5"),
    ("df.http('https://x', headers => '{}'::json)", "DF202", "function df.http(unknown, headers => json) does not exist: headers is jsonb, not json", None),
    ("df.if('c', 't')", "DF202", "function df.if(unknown, unknown) does not exist: else_branch is missing", None),
    ("df.if('c', 't', then => 'x')", "DF015", "then is a reserved word and cannot name an argument", "then"),
    ("df.join('a', 'b', 'c')", "DF202", "function df.join(unknown, unknown, unknown) does not exist: it takes 2 arguments", "'c'"),
    ("df.race3('a', 'b', 'c')", "DF201", "function df.race3 does not exist", None),
    ("df.\"SQL\"('a')", "DF201", "function df.SQL does not exist", None),
    ("'a' ~> df.sleeep(5)", "DF201", "function df.sleeep does not exist", "df.sleeep"),
    *[(f"df.{helper}({arguments}) ~> 'SELECT 1'", "DF203",
       f"df.{named} cannot be used as a workflow step. Call df.{named} before df.start().", f"df.{helper}({arguments})")
      for helper, named, arguments in (("setvar", "setvar", "'k', 'v'"), ("unsetvar", "unsetvar", "'k'"),
                                       ("clearvars", "clearvars", ""), ("await_instance", "await_instance", "'i'"),
                                       ("wait_for_completion", "await_instance", "'i'"))],
]  # fmt: skip

STEP = "Invalid Durofut JSON: failed to deserialize workflow step: "
UNKNOWN = "Invalid durable function: Unknown node_type '{}'. Valid types: " + TYPES
GRAPH = "Invalid durable function graph: "
THEN = '{"node_type":"THEN","left_node":{%s},"right_node":{"node_type":"SQL","query":"b"}}'
NODES = [
    # as an operand
    ("""'{"node_type":"SQL","query":5}' ~> 'b'""", STEP + "invalid type: integer `5`, expected a string at line 1 column 28"),
    ("""'{"node_type":"FOO","query":5}' ~> 'b'""", STEP + "invalid type: integer `5`, expected a string at line 1 column 28"),
    ("""'{"node_type":"THEN","left_node":123}' ~> 'b'""", STEP + "Durofut children must be JSON objects at line 1 column 35"),
    ("""'{"node_type":"THEN","left_node":"abc"}' ~> 'b'""", STEP + "Durofut children must be JSON objects at line 1 column 37"),
    ("""'{"node_type":"IF","condition_node":"a1"}' ~> 'b'""", STEP + "condition_node must be a Durofut JSON object at line 1 column 39"),
    ("""'{"node_type":"JOIN","extra_nodes":["x"]}' ~> 'b'""", STEP + "extra_nodes entries must be Durofut JSON objects at line 1 column 39"),
    ("""'{"node_type":"JOIN","extra_nodes":null}' ~> 'b'""", STEP + "invalid type: null, expected a sequence at line 1 column 38"),
    ("""'{"node_type":"SQL","query":"a","query":"b"}' ~> 'c'""", STEP + "duplicate field `query` at line 1 column 42"),
    # as the whole workflow
    ("""'{"node_type":"FOO"}'""", UNKNOWN.format("FOO")),
    ("""'{"node_type":"sql","query":"x"}'""", UNKNOWN.format("sql")),
    ("""'{"node_type":"FOO","query":5}'""", UNKNOWN.format("FOO")),
    ("""'{"node_type":"SQL","query":5}'""", "Invalid durable function: Malformed Durofut JSON with node_type 'SQL': "
     "invalid type: integer `5`, expected a string at line 1 column 28"),
    # inside, found when the whole graph is looked at
    (f"""'{THEN % '"node_type":"FOO"'}' ~> 'c'""", f"{GRAPH}root.left.left: Unknown node_type 'FOO'. Valid types: {TYPES}"),
    (f"""'{THEN % ""}' ~> 'c'""", f"{GRAPH}root.left.left: failed to deserialize Durofut child: missing field `node_type` at line 1 column 2"),
    ("""'{"node_type":"SQL","query":"q","condition_node":{"node_type":"SQL","query":"q"}}'""",
     f"{GRAPH}root: condition_node is not valid for SQL nodes"),
    ("""'{"node_type":"RACE","extra_nodes":[{"node_type":"SQL","query":"q"}]}'""", f"{GRAPH}root: extra_nodes is not valid for RACE nodes"),
    (r"""'{"node_type":"LOOP","left_node":{"node_type":"SQL","query":"q"},"query":"{\"condition_node\":\"x\"}"}'""",
     f"{GRAPH}root: condition_node in LOOP must be a first-class Durofut field, not embedded in query"),
    ("""'{"node_type":"THEN"}' ~> 'c'""", 'new row for relation "nodes" violates check constraint "nodes_structure_chk"'),
    ("""'{"node_type":"SQL","query":"q","result_name":"1x"}'""", 'new row for relation "nodes" violates check constraint "nodes_result_name_chk"'),
]  # fmt: skip

ALL = [
    *VALUES,
    *NULLS,
    *CONDITIONALS,
    *OPERANDS,
    *CALLS,
    *((text, "DF212", said, None) for text, said in NODES),
]


@pytest.mark.parametrize(("expression", "code", "message", "marked"), ALL, ids=[case[0] for case in ALL])
def test_refused(expression: str, code: str, message: str, marked: str | None) -> None:
    found = refused(expression)
    assert found[:2] == (code, message)
    if marked is not None:
        assert found[2] == marked


# What is built, and is an error all the same.
BUILT = [
    ("'c' ?> 't'", "DF103", "'c' ?> 't'"),
    ("'c' ?> 't' ~> 'u'", "DF103", "'c' ?> 't'"),
    ("df.if_then_op('c', 't')", "DF103", "df.if_then_op('c', 't')"),
    ("'a' ~> 'b' || 'c'", "DF108", "||"),
    ("'a' ~> 'b' || 'c' ~> 'd'", "DF108", "||"),
    ("@> 'a' || 'b'", "DF108", "||"),
    ("df.signal('i', 'n') ~> 'SELECT 1'", "DF213", "df.signal('i', 'n')"),
    ("df.getvar('k') ~> 'SELECT 1'", "DF213", "df.getvar('k')"),
]


@pytest.mark.parametrize(("expression", "code", "marked"), BUILT, ids=[case[0] for case in BUILT])
def test_built_and_reported(expression: str, code: str, marked: str) -> None:
    text = f"SELECT df.start({expression});"
    compilation = compile(text)
    assert len(compilation.graphs) == 1
    (finding,) = compilation.findings
    assert (finding.code, text[finding.span.start : finding.span.end]) == (code, marked)


def test_the_text_of_an_open_conditional_and_of_a_glued_node() -> None:
    (open_graph,) = compile("SELECT df.start('say \"c\"' ?> 't' ~> 'u');").graphs
    assert open_graph.nodes[1].query == r'{"condition": "say \"c\"", "_partial_if": true, "then_branch": "t"}'
    (null_graph,) = compile("SELECT df.start(NULL ?> 't');").graphs
    assert null_graph.root.query == '{"condition": null, "_partial_if": true, "then_branch": "t"}'
    (glued,) = compile("SELECT df.start('a' |=> 'x' || 'c');").graphs
    assert glued.root.query == '{"node_type":"SQL","query":"a","result_name":"x"}c'


def test_a_workflow_inside_of_a_case_is_looked_at() -> None:
    found = compile(
        "SELECT df.start(CASE WHEN x THEN 'c' ?> 't' ~> 'u' !> 'e' ELSE 'a' |=> '1' END);"
    ).findings
    assert [finding.code for finding in found] == ["DF102", "DF311"]


def test_every_mistake_of_an_expression_is_reported_once() -> None:
    text = "SELECT df.start(df.sleep(-1) ~> ('a' |=> '1st') ~> (df.http('ftp://x') & df.slep(1)) ~> 5);"
    assert [finding.code for finding in compile(text).findings] == ["DF211", "DF311", "DF210", "DF201"]
