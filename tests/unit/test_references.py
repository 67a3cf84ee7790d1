"""References and placeholders: where they are looked for, and how far they reach."""

import json

import pytest

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.graph import Kind, Node
from dfsql.compiler.references import (
    lexical_context,
    placeholders_of,
    references_of,
    scan_results,
    scan_variables,
    scan_variables_of_reference,
    span_of,
    texts_of,
)
from dfsql.compiler.textmap import TextMap
from dfsql.grammar import Span


def node(kind: Kind, config: object = None, query: str | None = None, dynamic: bool = False) -> Node:
    """A lone node; children that its kind needs are plain steps."""
    query = query if config is None else json.dumps(config)
    roles = ("then", "else") if kind is Kind.IF_ROWS else ()
    children = {role: Draft(Kind.SQL, query="SELECT 1") for role in roles}
    return assemble(Draft(kind, children, query=query, dynamic=dynamic, span=Span(5, 60))).root


@pytest.mark.parametrize(
    ("text", "found", "form"),
    [
        ("$foo", "$foo", "bare"),
        ("$foo?", "$foo?", "bare?"),
        ("$foo.bar", "$foo.bar", "col"),
        ("$foo.bar?", "$foo.bar?", "col?"),
        ("$foo.*", "$foo.*", "rows"),
        ("$_f1._c2?", "$_f1._c2?", "col?"),
        ("$select", "$select", "bare"),
        # the table of boundaries in section 6.2
        ("$foobar", "$foobar", "bare"),
        ("$foo_bar", "$foo_bar", "bare"),
        ("$foo2", "$foo2", "bare"),
        ("$Foo", "$Foo", "bare"),
        ("$fooé", "$foo", "bare"),
        ("a$foo", "$foo", "bare"),
        ("tbl$foo", "$foo", "bare"),
        ('"$foo"', "$foo", "bare"),
        ("'$foo'", "$foo", "bare"),
        ("$foo.", "$foo", "bare"),
        ("$foo..x", "$foo", "bare"),
        ("$foo.5", "$foo", "bare"),
        ("$foo.é", "$foo", "bare"),
        ("$foo.x.y", "$foo.x", "col"),
        ("$foo.x.*", "$foo.x", "col"),
        ("$foo.*?", "$foo.*", "rows"),
        ("$foo??", "$foo?", "bare?"),
        ("$foo?|array['k']", "$foo?", "bare?"),
        ("$foo?k", "$foo?", "bare?"),
        ("$$foo$$", "$foo", "bare"),
        (r"\$foo", "$foo", "bare"),
        ("-- $foo", "$foo", "bare"),
        ("$foo /* x */", "$foo", "bare"),
    ],
)
def test_a_reference_is_as_long_as_it_can_be(text: str, found: str, form: str) -> None:
    (reference,) = scan_results(text)
    assert text[reference.start : reference.end] == found
    assert reference.form == form
    assert reference.null_safe is found.endswith("?")


@pytest.mark.parametrize("text", ["", "foo", "$", "$ foo", "$1", "$1abc", "$é", "${foo}", "$$", "$.x", "$?"])
def test_no_reference(text: str) -> None:
    assert scan_results(text) == []


def test_a_dollar_tag_is_two_references() -> None:
    found = scan_results("$foo$ body $foo$")
    assert [(item.start, item.end) for item in found] == [(0, 4), (11, 15)]


def test_references_come_left_to_right_with_their_parts() -> None:
    text = "SELECT $a.x, $b?, $c.* FROM t WHERE k = $a"
    found = [(item.name, item.column, item.form) for item in scan_results(text)]
    assert found == [("a", "x", "col"), ("b", None, "bare?"), ("c", None, "rows"), ("a", None, "bare")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://h/$o.id?page=2", "$o.id"),  # `?` begins a query string
        ("https://h/$o?_x=2", "$o"),
        ("https://h/$o.id?", "$o.id?"),
        ("https://h/$o.id?/x", "$o.id?"),
        ("https://h/$o?&x=2", "$o?"),
        ("https://h/?x=$o", "$o"),
    ],
)
def test_in_raw_text_a_question_mark_may_begin_a_query_string(text: str, found: str) -> None:
    (reference,) = scan_results(text, "url", "raw")
    assert text[reference.start : reference.end] == found
    assert (reference.mode, reference.place) == ("raw", "url")


# text, what is replaced here, what pg_durable replaces: the table of section 6.3, and braces in braces
VARIABLES = [
    ("Hi {user}", ["user"], ["user"]),
    ("{ user }", [], []),
    ("{user", [], []),
    ("{user {user}", ["user"], []),
    ('{"message": "Hi {user}"}', ["user"], []),
    ('{"a":1} {user}', ["user"], ["user"]),
    ('{"a":{"b":"{user}"}} {user}', ["user", "user"], ["user"]),
    ("{{user}}", ["user"], []),
    ("'{}'::jsonb, '{1,2}'::int[]", [], []),
    ("'{1a}', '{größe}', '{a-b}'", [], []),
    ("{}{user}", ["user"], ["user"]),
    ("}{user}{", ["user"], ["user"]),
    ("{sys_instance_id}/{sys_label}", ["sys_instance_id", "sys_label"], ["sys_instance_id", "sys_label"]),
    ("{a}{b}{a}", ["a", "b", "a"], ["a", "b", "a"]),
    ("{\n}{_x1}", ["_x1"], ["_x1"]),
    ("no braces", [], []),
]


@pytest.mark.parametrize(("text", "ours", "reference"), VARIABLES)
def test_placeholders(text: str, ours: list[str], reference: list[str]) -> None:
    for scan, expected in ((scan_variables, ours), (scan_variables_of_reference, reference)):
        found = scan(text, "body")
        assert [item.name for item in found] == expected
        assert all(text[item.start : item.end] == f"{{{item.name}}}" for item in found)
        assert all(item.place == "body" for item in found)


def test_system_variables_are_known_by_their_exact_names() -> None:
    found = scan_variables("{sys_label}{SYS_LABEL}{sys_instance_id}{sys_instanceid}{user}")
    assert [item.system for item in found] == [True, False, True, False, False]


HTTP = {
    "url": "https://h/$u",
    "method": "$m",
    "body": '{"id": "$b.id"}',
    "headers": {"X-$k": "$h {v}", "N": 1},
    "timeout_seconds": 30,
}
PARTS = [
    {"name": "$n", "filename": "$f", "content_type": "$t", "data_b64": " $d.x "},
    {"name": 3, "data_b64": "$e and more"},
    {"data_b64": "{data}"},
    {"data_b64": "$rows.*"},
    "$odd",
]


@pytest.mark.parametrize(
    ("step", "places"),
    [
        (node(Kind.SQL, query="SELECT $a -- '$b'"), {"query": ["a", "b"]}),
        (node(Kind.HTTP, HTTP), {"url": ["u"], "body": ["b"], "header X-$k": ["h"]}),
        (node(Kind.HTTP, {"url": "$u", "body": None, "headers": None}), {"url": ["u"]}),
        (
            node(Kind.HTTP_MULTIPART, {**HTTP, "parts": PARTS}),
            {
                "url": ["u"],
                "header X-$k": ["h"],
                "parts[0].name": ["n"],
                "parts[0].filename": ["f"],
                "parts[0].data_b64": ["d"],
            },
        ),
        (node(Kind.HTTP_MULTIPART, {"url": "https://h", "parts": {"name": "$n"}}), {}),
        (node(Kind.BREAK, {"break_value": "$r.summary"}), {"value": ["r"]}),
        (node(Kind.BREAK, {"break_value": None}), {}),
        (node(Kind.SLEEP, query="$s"), {}),
        (node(Kind.WAIT_SCHEDULE, {"cron_expr": "$c"}), {}),
        (node(Kind.SIGNAL, {"signal_name": "go_$id", "timeout_seconds": None}), {}),
        (node(Kind.IF_ROWS, {"result_name": "q"}), {"result_name": ["q"]}),
        (node(Kind.IF_ROWS, {"result_name": "$x"}), {"result_name": ["$x"]}),
        (node(Kind.IF_ROWS, {"result_name": 5}), {}),
        (node(Kind.SQL), {}),
    ],
)
def test_the_texts_that_are_scanned(step: Node, places: dict[str, list[str]]) -> None:
    found: dict[str, list[str]] = {}
    for reference in references_of(step):
        found.setdefault(reference.place, []).append(reference.name)
    assert found == places


def test_modes_are_those_of_the_node() -> None:
    assert {item.mode for item in references_of(node(Kind.SQL, query="$a"))} == {"sql"}
    assert {item.mode for item in references_of(node(Kind.HTTP, HTTP))} == {"raw"}
    assert [item.place for item in texts_of(node(Kind.HTTP, HTTP))] == ["url", "body", "header X-$k"]


def test_placeholders_are_looked_for_in_the_same_texts() -> None:
    config = {**HTTP, "body": '{"k": "{inner}"}', "parts": PARTS}
    assert [item.name for item in placeholders_of(node(Kind.HTTP, config))] == ["inner", "v"]
    found = placeholders_of(node(Kind.HTTP_MULTIPART, config))
    assert [(item.name, item.place) for item in found] == [
        ("v", "header X-$k"),
        ("data", "parts[2].data_b64"),
    ]
    assert placeholders_of(node(Kind.WAIT_SCHEDULE, {"cron_expr": "{cron}"})) == []


def test_an_expression_is_scanned_but_for_its_own_dollar_quotes() -> None:
    step = node(Kind.SQL, query="$q$SELECT $a.x FROM $q$ || name", dynamic=True)
    found = [(item.name, item.place) for item in references_of(step)]
    assert found == [("a", "expression")]


CONTEXTS = [
    ("SELECT ^$x", None),
    ("SELECT '^$x'", "literal"),
    ("SELECT 'it''s ^$x'", "literal"),
    (r"SELECT E'\' ^$x'", "literal"),
    (r"SELECT '\', ^$x", None),
    ('SELECT "^$x"', "quoted_name"),
    ("SELECT 1 -- ^$x", "comment"),
    ("SELECT 1 -- a\n, ^$x", None),
    ("SELECT /* /* */ ^$x */ 1", "comment"),
    ("SELECT /* a */ ^$x", None),
    ("SELECT $$ ^$x $$", "dollar"),
    ("SELECT $t$ ^$x $t$", "dollar"),
    ("SELECT ^$t$ text $t$", "dollar_tag"),
    ("SELECT $t$ text ^$t$", "dollar_tag"),
    ("SELECT ^$a$b", None),
    ("SELECT tbl^$x$y$ FROM $y$", None),
]


@pytest.mark.parametrize(("marked", "kind"), CONTEXTS)
def test_lexical_context(marked: str, kind: str | None) -> None:
    at, sql = marked.index("^"), marked.replace("^", "")
    assert lexical_context(sql).at(at) == kind


def test_spans_lead_into_the_file_through_the_map_of_the_text() -> None:
    text_map = TextMap(((0, 101, 3), (3, 105, 4)), 110)
    mapped = assemble(Draft(Kind.SQL, query="a'b $x", span=Span(100, 111), query_map=text_map)).root
    assert span_of(mapped, 4, 6) == Span(106, 108)
    assert span_of(node(Kind.HTTP, HTTP), 4, 6) == Span(5, 60)
