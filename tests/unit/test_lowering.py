"""From expressions to graphs: what each operator, constructor, literal and cast builds."""

import pytest
from graph_shape import shape, steps

from dfsql.compiler import Graph, compile, to_envelope


def graph_of(expression: str) -> Graph:
    """The one graph of `df.start(expression)`, which must have nothing wrong."""
    compilation = compile(f"SELECT df.start({expression});")
    assert compilation.findings == ()
    (graph,) = compilation.graphs
    return graph


OPERATORS = {
    "a ~> b ~> c": "THEN(THEN(a, b), c)",
    "a ~> b & c": "JOIN(THEN(a, b), c)",
    "a & b ~> c": "THEN(JOIN(a, b), c)",
    "a | b & c": "JOIN(RACE(a, b), c)",
    "a & b | c": "RACE(JOIN(a, b), c)",
    "a ~> b | c ~> d": "THEN(RACE(THEN(a, b), c), d)",
    "a & b & c": "JOIN(JOIN(a, b), c)",
    "a | b | c": "RACE(RACE(a, b), c)",
    "a |=> 'x' ~> b |=> 'y'": "THEN=y(SQL=x(a), b)",
    "a ~> b |=> 'y' ~> c": "THEN(THEN=y(a, b), c)",
    "a & b |=> 'y'": "JOIN=y(a, b)",
    "a |=> 'x' & b |=> 'y'": "JOIN=y(SQL=x(a), b)",
    "a | b |=> 'y'": "RACE=y(a, b)",
    "a |=> 'x' |=> 'y'": "SQL=y(a)",
    "@> a ~> b": "THEN(LOOP(a), b)",
    "@> (a ~> b)": "LOOP(THEN(a, b))",
    "@> a | b": "RACE(LOOP(a), b)",
    "@> (a) | b": "RACE(LOOP(a), b)",
    "@> a |=> 'x'": "LOOP=x(a)",
    "a | @> b": "RACE(a, LOOP(b))",
    "a ~> @> b ~> c": "THEN(THEN(a, LOOP(b)), c)",
    "@> a & @> b": "JOIN(LOOP(a), LOOP(b))",
    "@> @> a": "LOOP(LOOP(a))",
    "c ?> t !> e": "IF(c ? t : e)",
    "c ?> (t ~> u) !> e": "IF(c ? THEN(t, u) : e)",
    "c ?> t !> e ~> n": "THEN(IF(c ? t : e), n)",
    "c ?> t !> e & z": "JOIN(IF(c ? t : e), z)",
    "c ?> t !> e | z": "RACE(IF(c ? t : e), z)",
    "c ?> t !> e |=> 'x'": "IF=x(c ? t : e)",
    "c |=> 'x' ?> t !> e": "IF(SQL=x(c) ? t : e)",
    "a ~> c ?> t !> e": "IF(THEN(a, c) ? t : e)",
    "a & c ?> t !> e": "IF(JOIN(a, c) ? t : e)",
    "@> c ?> t !> e": "IF(LOOP(c) ? t : e)",
    "c1 ?> t !> c2 ?> u !> e": "IF(IF(c1 ? t : c2) ? u : e)",
    "c1 ?> t !> (c2 ?> u !> e)": "IF(c1 ? t : IF(c2 ? u : e))",
    "c1 ?> (c2 ?> u !> e) !> f": "IF(c1 ? IF(c2 ? u : e) : f)",
    "a || b ~> c": "THEN(ab, c)",
    "a ~> (b || c)": "THEN(a, bc)",
    "a OPERATOR(pg_catalog.~>) b ~> c": "THEN(THEN(a, b), c)",
    "a~>b&c": "JOIN(THEN(a, b), c)",
    "a ~>/* note */b ~> -- note\n c": "THEN(THEN(a, b), c)",
    "((a) ~> ((b)))": "THEN(a, b)",
    # a conditional written as the JSON that ?> gives
    """'{"_partial_if":true,"condition":"c","then_branch":"t"}' !> e""": "IF(c ? t : e)",
    """'{"_partial_if":1,"condition":{"node_type":"SQL","query":"c"},"then_branch":5}' !> e""": "IF(c ? 5 : e)",
}


@pytest.mark.parametrize(("expression", "expected"), OPERATORS.items(), ids=OPERATORS)
def test_operators(expression: str, expected: str) -> None:
    assert shape(graph_of(steps(expression))) == expected


@pytest.mark.parametrize(
    ("operators", "call"),
    [
        ("a ~> b", "df.seq(a, b)"),
        ("a & b", "df.join(a, b)"),
        ("a | b", "df.race(a, b)"),
        ("a |=> 'x'", "df.as(a, 'x')"),
        ("a |=> 'x'", "df.as_op(a, 'x')"),
        ("@> a", "df.loop(a)"),
        ("@> a", "df.loop_prefix_op(a)"),
        ("c ?> t !> e", "df.if(c, t, e)"),
        ("c ?> t !> e", "df.if_else_op(df.if_then_op(c, t), e)"),
    ],
)
def test_an_operator_and_its_function_build_the_same_text(operators: str, call: str) -> None:
    assert to_envelope(graph_of(steps(operators))) == to_envelope(graph_of(steps(call)))


SQL_A, SQL_B, SQL_C = (f'{{"node_type":"SQL","query":"{letter}"}}' for letter in "abc")


def config(kind: str, query: str) -> str:
    return f'{{"node_type":"{kind}","query":"{query}"}}'


def http(query: str, kind: str = "HTTP") -> str:
    return config(kind, query.replace("\\", "\\\\").replace('"', '\\"'))


URL = "'https://h.example/'"
ENVELOPES = {
    "df.sql('a')": SQL_A,
    "df.sql(query => 'a')": SQL_A,
    "df.sql('')": config("SQL", ""),
    "DF.SQL('a')": SQL_A,
    '"df".sql(\'a\')': SQL_A,
    "df . sql ( 'a' )": SQL_A,
    # df.sql takes a text for what it is, also a node's
    "df.sql(df.sql('a'))": config("SQL", '{\\"node_type\\":\\"SQL\\",\\"query\\":\\"a\\"}'),
    "df.seq(b => 'b', a => 'a')": f'{{"node_type":"THEN","left_node":{SQL_A},"right_node":{SQL_B}}}',
    "df.\"as\"('a', 'x')": '{"node_type":"SQL","query":"a","result_name":"x"}',
    "df.as(name := 'x', fut := 'a')": '{"node_type":"SQL","query":"a","result_name":"x"}',
    "df.as(df.as('a', 'x'), 'y')": '{"node_type":"SQL","query":"a","result_name":"y"}',
    "df.sleep(5)": config("SLEEP", "5"),
    "df.sleep('007')": config("SLEEP", "7"),
    "df.sleep(' +7 ')": config("SLEEP", "7"),
    "df.sleep(0)": config("SLEEP", "0"),
    "df.sleep(2.5::int)": config("SLEEP", "3"),
    "df.sleep(seconds => 5::bigint)": config("SLEEP", "5"),
    "df.sleep(9223372036854775807)": config("SLEEP", "9223372036854775807"),
    "df.sleep(0x10)": config("SLEEP", "16"),
    "df.sleep('1_000')": config("SLEEP", "1000"),
    "df.sleep(3 * 86400)": config("SLEEP", "259200"),
    "df.sleep(-(7 / -2))": config("SLEEP", "3"),
    "df.wait_for_schedule('0 6 * * MON')": config("WAIT_SCHEDULE", '{\\"cron_expr\\":\\"0 6 * * MON\\"}'),
    "df.loop('a', 'b')": f'{{"node_type":"LOOP","left_node":{SQL_A},"condition_node":{SQL_B}}}',
    "df.loop(condition => 'b', body => 'a')": f'{{"node_type":"LOOP","left_node":{SQL_A},"condition_node":{SQL_B}}}',
    "df.loop('a', NULL)": f'{{"node_type":"LOOP","left_node":{SQL_A}}}',
    "df.break()": config("BREAK", '{\\"break_value\\":null}'),
    "df.break(NULL)": config("BREAK", '{\\"break_value\\":null}'),
    "df.break('')": config("BREAK", '{\\"break_value\\":\\"\\"}'),
    "df.break(value => 'say \"hi\"')": config("BREAK", '{\\"break_value\\":\\"say \\\\\\"hi\\\\\\"\\"}'),
    "df.break('SELECT 1')": config("BREAK", '{\\"break_value\\":\\"SELECT 1\\"}'),
    "df.if('c', 'a', 'b')": f'{{"node_type":"IF","left_node":{SQL_A},"right_node":{SQL_B},"condition_node":{SQL_C}}}',
    "df.if_rows('$x', 'a', 'b')": f'{{"node_type":"IF","left_node":{SQL_A},"right_node":{SQL_B},'
    '"query":"{\\"condition_type\\":\\"result_has_rows\\",\\"result_name\\":\\"$x\\"}"}',
    "df.join('a', 'b')": f'{{"node_type":"JOIN","left_node":{SQL_A},"right_node":{SQL_B}}}',
    "df.join3('a', 'b', 'c')": f'{{"node_type":"JOIN","left_node":{SQL_A},"right_node":{SQL_B},'
    f'"extra_nodes":[{SQL_C}]}}',
    "df.race('a', 'b')": f'{{"node_type":"RACE","left_node":{SQL_A},"right_node":{SQL_B}}}',
    "df.wait_for_signal('go')": config("SIGNAL", '{\\"signal_name\\":\\"go\\",\\"timeout_seconds\\":null}'),
    "df.wait_for_signal('go', NULL)": config(
        "SIGNAL", '{\\"signal_name\\":\\"go\\",\\"timeout_seconds\\":null}'
    ),
    "df.wait_for_signal(timeout_seconds => '60', name => 'go')": config(
        "SIGNAL", '{\\"signal_name\\":\\"go\\",\\"timeout_seconds\\":60}'
    ),
    f"df.http({URL})": http(
        '{"url":"https://h.example/","method":"POST","body":null,"headers":null,"timeout_seconds":30}'
    ),
    "df.http('https', 'get')": http(
        '{"url":"https","method":"GET","body":null,"headers":null,"timeout_seconds":30}'
    ),
    "df.http('HTTP://x', 'pAtCh', '{\"a\": 1}', timeout_seconds => 5)": http(
        '{"url":"HTTP://x","method":"PATCH","body":"{\\"a\\": 1}","headers":null,"timeout_seconds":5}'
    ),
    "df.http('{base}/x', 'DELETE', NULL, NULL)": http(
        '{"url":"{base}/x","method":"DELETE","body":null,"headers":null,"timeout_seconds":30}'
    ),
    # jsonb's order of keys, the last of doubled ones, and its numbers
    """df.http('https://x', headers => '{"Bb": 1.50, "A": true, "Bb": "2", "C": 1e2}')""": http(
        '{"url":"https://x","method":"POST","body":null,"headers":{"A":true,"C":100,"Bb":"2"},"timeout_seconds":30}'
    ),
    """df.http('https://x', headers => '{"b": 1e22, "a": -0.0, "c": 0.000012, "d": 1.2e-7}'::jsonb)""": http(
        '{"url":"https://x","method":"POST","body":null,'
        '"headers":{"a":0.0,"b":1e22,"c":0.000012,"d":1.2e-7},"timeout_seconds":30}'
    ),
    """df.http_multipart('https://x', 'put', '[{"name": "f", "data_b64": "$x"}, {}]')""": http(
        '{"url":"https://x","method":"PUT","parts":[{"name":"f","data_b64":"$x"},{}],"headers":null,"timeout_seconds":30}',
        "HTTP_MULTIPART",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), ENVELOPES.items(), ids=ENVELOPES)
def test_envelopes(call: str, expected: str) -> None:
    assert to_envelope(graph_of(call)) == expected


# What one operand of ~> gives as the query of its step.
OPERANDS = {
    # literals
    "'it''s'": "it's",
    r"'a\n'": r"a\n",
    r"E'a\'b\n\x41\u00e9'": "a'b\nAé",
    r"U&'d\0061t\+000061'": "data",
    "U&'d!0061ta' UESCAPE '!'": "data",
    "N'a'": "a",
    "$$it's$$": "it's",
    "$t$a$$b$t$": "a$$b",
    "'a'\n'b'": "ab",
    "'a' -- note\n  'b'": "ab",
    "E'a'\n'\\n'": "a\n",
    "'a'\n'\\n'": "a\\n",
    # casts
    "text 'x'": "x",
    "CAST('x' AS text)": "x",
    "'x'::varchar": "x",
    "'SELECT * FROM t'::varchar(10)": "SELECT * F",
    "'abcdef'::pg_catalog.varchar(2)": "ab",
    "varchar(3) 'abcdef'": "abc",
    "'abc  '::char(5)": "abc",
    "'abc  '::bpchar": "abc",
    "'abc'::char": "a",
    f"'{'x' * 70}'::name": "x" * 63,
    f"'{'x' * 62}é'::name": "x" * 62,
    "('a' || 'b')::varchar(1)": "a",
    "('a' ~> 'b')::varchar(9)": '{"node_ty',
    "'x' COLLATE \"C\"": "x",
    "5::text": "5",
    "true::text": "true",
    # ||
    "'a' || 'b' || 'c'": "abc",
    "'a' || 5": "a5",
    "5 || 'a'": "5a",
    "'a' || 1e3": "a1000",
    "'a' || .50": "a0.50",
    "'a' || 0x1F": "a31",
    "'a' || -5": "a-5",
    "'a' || true": "atrue",
    # text that looks like something else
    "''": "",
    "' SELECT 1 '": " SELECT 1 ",
    "'{\"foo\":1}'": '{"foo":1}',
    "'[1]'": "[1]",
    # not nodes, so SQL: an unknown type, no type, more than a node
    """'{"node_type":"sql","query":"x"}'""": '{"node_type":"sql","query":"x"}',
    """'{"node_type":"FOO"}'""": '{"node_type":"FOO"}',
    """'{"node_type":5}'""": '{"node_type":5}',
    """'{"node_type":null}'""": '{"node_type":null}',
    """'{"node_type":"SQL","query":"q"}x'""": '{"node_type":"SQL","query":"q"}x',
}


@pytest.mark.parametrize(("operand", "query"), OPERANDS.items(), ids=OPERANDS)
def test_constant_operands(operand: str, query: str) -> None:
    first = graph_of(f"({operand}) ~> 'z'").nodes[1]
    assert (first.kind, first.query, first.dynamic) == ("SQL", query, False)


NODES = {
    """'{"node_type":"SQL","query":"q"}'""": "THEN(q, z)",
    """' {"node_type": "SQL", "query": "q"} '""": "THEN(q, z)",
    """'{"query":"q","result_name":"n","node_type":"SQL","zzz":1}'""": "THEN(SQL=n(q), z)",
    """'{"node_type":"SQL","query":"q","left_node":null}'""": "THEN(q, z)",
    """'{"node_type":"SQL","query":"q","result_name":"old"}' |=> 'new'""": "THEN(SQL=new(q), z)",
    """@> '{"node_type":"SQL","query":"q"}'""": "THEN(LOOP(q), z)",
    """('{"node_type":"SQL",' || '"query":"q"}')""": "THEN(q, z)",
    """('a' ~> 'b')::text""": "THEN(THEN(a, b), z)",
}


@pytest.mark.parametrize(("operand", "expected"), NODES.items(), ids=NODES)
def test_operands_that_are_nodes(operand: str, expected: str) -> None:
    assert shape(graph_of(f"{operand} ~> 'z'")) == expected


@pytest.mark.parametrize(
    "text", ["SELECT 1", "", " 'a' ~> 'b' ", '{"foo":1}', '{"node_type":"SQL","query":"q"} x', "[1]"]
)
def test_start_takes_any_other_text_for_sql(text: str) -> None:
    assert graph_of(f"$x${text}$x$").root.query == text


DYNAMIC = {
    "col ~> 'b'": "THEN(<col>, b)",
    "t.col ~> 'b'": "THEN(<t.col>, b)",
    "format('SELECT %s', x) ~> 'b'": "THEN(<format('SELECT %s', x)>, b)",
    "CASE WHEN x THEN 'a' ELSE 'b' END ~> 'c'": "THEN(<CASE WHEN x THEN 'a' ELSE 'b' END>, c)",
    "'SELECT ' || x ~> 'c'": "THEN(<'SELECT ' || x>, c)",
    "(SELECT q FROM t) ~> 'c'": "THEN(<(SELECT q FROM t)>, c)",
    "coalesce(x, 'y') ~> 'c'": "THEN(<coalesce(x, 'y')>, c)",
    "'a' ~> x::text ~> 'b'": "THEN(THEN(a, <x::text>), b)",
    "'a' ~> x::a_domain": "THEN(a, <x::a_domain>)",
    "'a' ~> arr[1] ~> 'b'": "THEN(THEN(a, <arr[1]>), b)",
    "'a' ~> (j ->> 'k')": "THEN(a, <j ->> 'k'>)",
    "j -> 'k' ->> 'z' ~> 'a'": "THEN(<j -> 'k' ->> 'z'>, a)",
    "'a' ~> :'step'": "THEN(a, <:'step'>)",
    "$1 & $2": "JOIN(<$1>, <$2>)",
    "@> $1": "LOOP(<$1>)",
    "c ?> 't' !> e": "IF(<c> ? t : <e>)",
    "partial !> 'e'": "<partial !> 'e'>",
    "df.sleep(n * 60)": "SLEEP(<n * 60>)",
    "df.sleep(flags & 4)": "SLEEP(<flags & 4>)",
    "df.loop('a', c)": "LOOP(a while <c>)",
    "df.wait_for_signal('go_' || id)": "SIGNAL(\"'go_' || id\")",
    "df.wait_for_schedule(c)": 'WAIT_SCHEDULE("c")',
    "df.break(v)": 'BREAK("v")',
    "df.if_rows(n, 'a', 'b')": "IF_ROWS(n ? a : b)",
    "df.http('https://x/' || id, 'GET')": 'HTTP("\'https://x/\' || id", "GET", 30)',
}


@pytest.mark.parametrize(("expression", "expected"), DYNAMIC.items(), ids=DYNAMIC)
def test_what_only_the_server_knows(expression: str, expected: str) -> None:
    graph = graph_of(expression)
    assert shape(graph) == expected
    assert any(node.dynamic for node in graph.nodes)


def test_a_literal_takes_the_side_of_the_text() -> None:
    assert shape(graph_of("'1' & '3'")) == "JOIN(1, 3)"
    assert shape(graph_of("df.sleep(1) & '5'")) == "JOIN(SLEEP(1), 5)"
    assert shape(graph_of("'a'::varchar ~> 'b'::name")) == "THEN(a, b)"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT flags & 4, 1 | 2 FROM t",
        "UPDATE t SET a = b & 3 WHERE c | d > 0",
        "SELECT * FROM t WHERE tags @> '{x}'",
        "SELECT 1 & '3'",
    ],
)
def test_operators_of_postgresql_itself_are_no_workflow(sql: str) -> None:
    compilation = compile(sql)
    assert (compilation.units, compilation.findings) == ((), ())


def test_ids_and_scopes() -> None:
    text = "'a' ~> df.if('c', 't' ~> 'u', 'e') ~> ('x' & @> 'y') ~> @> ('l' | 'r') ~> df.loop('b', 'w')"
    graph = graph_of(text)
    assert [(node.id, node.scope) for node in graph.nodes] == [
        *[("t5", "root"), ("t4", "root"), ("t3", "root"), ("t2", "root"), ("s1", "root"), ("s2", "root")],
        *[("s2.then.t2", "root"), ("s2.then.s1", "root"), ("s2.then.s2", "root")],
        *[("s2.else.s1", "root"), ("s2.cond.s1", "root"), ("s3", "root"), ("s3.j1.s1", "s3.j1")],
        *[("s3.j2.s1", "s3.j2"), ("s3.j2.s1.body.s1", "s3.j2"), ("s4", "root"), ("s4.body.s1", "s4.body")],
        *[("s4.body.s1.r1.s1", "s4.body.s1.r1"), ("s4.body.s1.r2.s1", "s4.body.s1.r2"), ("s5", "root")],
        *[("s5.body.s1", "s5.body"), ("s5.while.s1", "s5.body")],
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT df.start('a', 'label')", ["label"]),
        ("SELECT df.start('a', label => 'label', database => 'd')", ["label"]),
        ("SELECT df.start('a', ('label'))", ["label"]),
        ("SELECT df.start('a', 'l' || x)", ["jobs"]),
        ("SELECT df.start('a'); SELECT df.start('b')", ["jobs", "jobs-2"]),
        ("-- dfsql: name=first\n'a' ~> 'b'; 'c' ~> 'd';", ["first", "jobs"]),
        ("-- dfsql: name=given\nSELECT df.start('a', 'label')", ["given"]),
        ("SELECT df.start('a', 'x'), df.start('b', 'x'), df.start('c', 'x-2')", ["x", "x-2", "x-2-2"]),
    ],
)
def test_names_of_workflows(text: str, names: list[str]) -> None:
    assert [unit.name for unit in compile(text, name="dir/jobs.dfsql").units] == names
