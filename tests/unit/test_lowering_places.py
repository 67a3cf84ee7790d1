"""Where the nodes of a graph stand in the file, through every way of quoting."""

import pytest

from dfsql.compiler import Node, compile

# text -> (id, the node's text in the file, its name's) of each node; the last quote of a name may be escaped
PLACES = {
    "SELECT df.start('a' |=> 'x' ~> ('b'));": [
        ("t2", "'a' |=> 'x' ~> ('b')", ""),
        ("s1", "'a' |=> 'x'", "'x'"),
        ("s2", "'b'", ""),
    ],
    "SELECT df.start((('a' |=> 'x')) |=> 'y');": [("s1", "(('a' |=> 'x')) |=> 'y'", "'y'")],
    "SELECT df.start('c' ?> ('t' ~> 'u') !> 'e' |=> 'r');": [
        ("s1", "'c' ?> ('t' ~> 'u') !> 'e' |=> 'r'", "'r'"),
        ("s1.then.t2", "'t' ~> 'u'", ""),
        ("s1.then.s1", "'t'", ""),
        ("s1.then.s2", "'u'", ""),
        ("s1.else.s1", "'e'", ""),
        ("s1.cond.s1", "'c'", ""),
    ],
    "SELECT df.start(df.as(name => 'n', fut => df.sql('q')));": [
        ("s1", "df.as(name => 'n', fut => df.sql('q'))", "'n'")
    ],
    "SELECT df.start(df.loop(('a'), condition => ('c')));": [
        ("s1", "df.loop(('a'), condition => ('c'))", ""),
        ("s1.body.s1", "'a'", ""),
        ("s1.while.s1", "'c'", ""),
    ],
    "@> ('x'\n  ~> df.sleep(1));": [
        ("s1", "@> ('x'\n  ~> df.sleep(1))", ""),
        ("s1.body.t2", "'x'\n  ~> df.sleep(1)", ""),
        ("s1.body.s1", "'x'", ""),
        ("s1.body.s2", "df.sleep(1)", ""),
    ],
    "SELECT df.start('c'::varchar(1) ~> ('a' || 'b'));": [
        ("t2", "'c'::varchar(1) ~> ('a' || 'b')", ""),
        ("s1", "'c'::varchar(1)", ""),
        ("s2", "'a' || 'b'", ""),
    ],
    "DO $$ BEGIN PERFORM df.start('a' ~> ('b' |=> 'n')); END $$;": [
        ("t2", "'a' ~> ('b' |=> 'n')", ""),
        ("s1", "'a'", ""),
        ("s2", "'b' |=> 'n'", "'n'"),
    ],
    "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN"
    " EXECUTE $e$ SELECT df.start('a''b' |=> 'n') $e$; END $f$;": [("s1", "'a''b' |=> 'n'", "'n'")],
}


@pytest.mark.parametrize(("text", "expected"), PLACES.items(), ids=PLACES)
def test_nodes_and_names(text: str, expected: list[tuple[str, str, str]]) -> None:
    compilation = compile(text)
    assert compilation.findings == ()
    (graph,) = compilation.graphs
    found = []
    for node in graph.nodes:
        name = text[node.name_span.start : node.name_span.end] if node.name_span else ""
        found.append((node.id, text[node.span.start : node.span.end], name))
    assert found == expected


# text -> the query of the first SQL step; `$` marks in both what must be found at the same place
QUERIES = {
    "SELECT df.start('SELECT $x');": "SELECT $x",
    "SELECT df.start('SELECT ''it''''s'' || $x');": "SELECT 'it''s' || $x",
    r"SELECT df.start(E'SELECT \'a\' \n \x41\u00e9 $x');": "SELECT 'a' \n Aé $x",
    r"SELECT df.start(U&'d\0061t\+000061 $x');": "data $x",
    "SELECT df.start($q$it's $x$q$);": "it's $x",
    "SELECT df.start('SELECT '\n   -- note\n  ' $x');": "SELECT  $x",
    "SELECT df.start('SEL' || 'ECT ''' || E'\\' $x');": "SELECT '' $x",
    "SELECT df.start(('日本'' $x')::varchar(9));": "日本' $x",
    "DO $$ BEGIN PERFORM df.start('SELECT ''a'' $x'); END $$;": "SELECT 'a' $x",
    "DO $o$ BEGIN PERFORM df.start($i$'a' $x$i$); END $o$;": "'a' $x",
    "DO 'BEGIN PERFORM df.start(''SELECT ''''a'''' $x''); END';": "SELECT 'a' $x",
    r"DO E'BEGIN PERFORM df.start(\'SELECT \'\'a\'\' $x\'); END';": "SELECT 'a' $x",
    "DO $$ BEGIN EXECUTE 'SELECT df.start(''SELECT ''''q'''' $x'')'; END $$;": "SELECT 'q' $x",
    "DO $$ BEGIN EXECUTE $e$ SELECT df.start(E'\\' $x') $e$; END $$;": "' $x",
}
# How a character of a query may be written other than as itself.
WRITTEN = {
    "'": ("''", "\\'"),
    "\n": ("\\n",),
    "A": ("\\x41",),
    "é": ("\\u00e9",),
    "a": ("\\0061", "\\+000061"),
}


@pytest.mark.parametrize(("text", "query"), QUERIES.items(), ids=QUERIES)
def test_queries(text: str, query: str) -> None:
    compilation = compile(text)
    assert compilation.findings == ()
    node = compilation.graphs[0].root
    assert node.query == query
    assert at(node, query.index("$")) == text.index("$x")
    places = [at(node, offset) for offset in range(len(query))]
    assert places == sorted(set(places))
    for place, char in zip(places, query, strict=True):
        assert text.startswith((char, *WRITTEN.get(char, ())), place)


def at(node: Node, offset: int) -> int:
    assert node.query_map is not None
    return node.query_map.span(offset, offset + 1).start


def test_a_hand_written_node_stands_where_its_text_does() -> None:
    written = """'{"node_type":"LOOP","left_node":{"node_type":"SQL","query":"a"}}'"""
    text = f"SELECT df.start('x' ~> {written});"
    nodes = compile(text).graphs[0].nodes[2:]
    assert [(node.id, text[node.span.start : node.span.end]) for node in nodes] == [
        ("s2", written),
        ("s2.body.s1", written),
    ]
    assert [node.query_map for node in nodes] == [None, None]


def test_several_workflows_know_their_own_places() -> None:
    text = "SELECT df.start('a'), df.start('b' |=> 'n');\r\n\tSELECT df.start('é' ~> 'c');"
    graphs = compile(text).graphs
    assert [text[graph.span.start : graph.span.end] for graph in graphs] == [
        "'a'",
        "'b' |=> 'n'",
        "'é' ~> 'c'",
    ]
    assert all(graph.source is not None and graph.source.text == text for graph in graphs)
