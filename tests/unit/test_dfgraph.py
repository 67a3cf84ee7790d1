"""dfgraph/1: what is written, what is read back, and what is refused with which words."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from random_graphs import chain, deep, random_graph

from dfsql import compiler
from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.dfgraph import GraphFormatError, dumps, from_dfgraph, load, to_dfgraph
from dfsql.compiler.graph import Graph, Kind
from dfsql.grammar import DfsqlError, Edit, Finding, Fix, Label, Position, Severity, Source, Span

SCHEMA = Path(compiler.__file__).with_name("dfgraph.schema.json")
DOCS = SCHEMA.parents[1] / "docs" / "dfgraph.schema.json"
TEXT = "  'SELECT 1' |=> 'a'\n~> 'SELECT ''$a''' & df.sleep(5);"


def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def span(part: str) -> Span:
    start = TEXT.index(part)
    return Span(start, start + len(part))


def example() -> Graph:
    """THEN(SQL, JOIN(SQL, SLEEP)) with its places in TEXT."""
    first = Draft(
        Kind.SQL, query="SELECT 1", name="a", span=span("'SELECT 1' |=> 'a'"), name_span=span("'a'")
    )
    second = Draft(Kind.SQL, query="SELECT '$a'", span=span("'SELECT ''$a'''"))
    sleep = Draft(Kind.SLEEP, query="5", span=span("df.sleep(5)"))
    join = Draft(Kind.JOIN, {"branch1": second, "branch2": sleep}, span=span("'SELECT ''$a''' & df.sleep(5)"))
    whole = span(TEXT.strip(" ;"))
    root = Draft(Kind.THEN, {"first": first, "second": join}, span=whole)
    return assemble(root, name="w", source=Source(TEXT, "w.dfsql"), label="night", database=None)


def findings() -> list[Finding]:
    place = span("'SELECT 1'")
    fix = Fix("quote it", (Edit(place, "'x'"),), safe=True)
    labels = (Label(span("'a'"), "bound here"),)
    return [
        Finding(
            "DF301", Severity.ERROR, "name 'b' is not bound", place, "bind it", labels, (fix,), "w", "s1"
        ),
        Finding("DF901", Severity.INFO, "short", span("$a"), workflow="w"),
    ]


def written() -> dict[str, Any]:
    return to_dfgraph([example()], [findings()], version="1.2.3")


def test_document() -> None:
    document = written()
    assert list(document) == ["format", "tool", "workflows"]
    assert document["format"] == "dfgraph/1"
    assert document["tool"] == {"name": "dfsql", "version": "1.2.3"}
    (workflow,) = document["workflows"]
    assert {key: workflow[key] for key in ("name", "source", "label", "database", "root")} == {
        "name": "w",
        "source": "w.dfsql",
        "label": "night",
        "database": None,
        "root": "t2",
    }
    assert workflow["nodes"][1] == {
        "id": "s1",
        "kind": "SQL",
        "children": {},
        "query": "SELECT 1",
        "name": "a",
        "span": {"start": 2, "end": 20, "line": 1, "column": 3, "end_line": 1, "end_column": 21},
        "name_span": {"start": 17, "end": 20, "line": 1, "column": 18, "end_line": 1, "end_column": 21},
        "scope": "root",
        "dynamic": False,
    }
    assert workflow["nodes"][2]["children"] == {"branch1": "s2.j1.s1", "branch2": "s2.j2.s1"}
    assert workflow["span"]["end_line"] == 2
    assert [finding["code"] for finding in workflow["findings"]] == ["DF301", "DF901"]


def test_edges_are_the_graphs() -> None:
    (workflow,) = written()["workflows"]
    edges = [(edge["from"], edge["to"], edge["kind"], edge.get("name")) for edge in workflow["edges"]]
    assert ("s1", "s2", "control", None) in edges
    assert ("s1", "s2.j1.s1", "data", "a") in edges
    assert edges == [(edge.source, edge.target, edge.kind, edge.name) for edge in example().edges]


def test_read_back_and_written_again() -> None:
    text = dumps(written())
    document = load(text)
    again = to_dfgraph(document.graphs, document.findings, version=document.version)
    assert dumps(again) == text
    assert document.findings == [findings()]
    assert document.graphs[0].nodes == example().nodes
    assert document.graphs[0].span == example().span
    assert document.graphs[0].label == "night"


def test_positions_are_those_of_the_file_although_its_text_is_gone() -> None:
    (graph,) = from_dfgraph(written())
    assert graph.source is not None
    assert graph.source.name == "w.dfsql"
    join = graph.by_id["s2"]
    assert graph.source.position(join.span.start) == Source(TEXT).position(join.span.start) == Position(2, 4)
    assert graph.source.position(0) == Position(1, 1)


def test_graph_from_no_file_has_no_spans() -> None:
    (workflow,) = to_dfgraph([chain(3)], version="1")["workflows"]
    assert workflow["source"] is None
    assert workflow["span"] is None
    assert {node["span"] for node in workflow["nodes"]} == {None}


def test_an_empty_document() -> None:
    assert from_dfgraph(dumps(to_dfgraph([], version="1"))) == []


@pytest.mark.parametrize("seed", range(15))
def test_generated_graphs_follow_the_schema(seed: int) -> None:
    graphs = [random_graph(random.Random(seed + more), 10 * seed + 1) for more in (0, 100)]
    validator().validate(to_dfgraph(graphs, version="0"))


def test_the_example_follows_the_schema_with_spans_and_findings() -> None:
    validator().validate(written())


def test_schema_is_sound_and_the_documentation_has_the_same() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert DOCS.read_bytes() == SCHEMA.read_bytes()


@pytest.mark.parametrize(
    "graph", [chain(10_000), chain(10_000, right=True), deep(300)], ids=["left", "right", "deep"]
)
def test_large_graphs(graph: Graph) -> None:
    assert from_dfgraph(to_dfgraph([graph], version="1")) == [graph]


# --- refused -----------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]
W = "workflows[0]"


def at(*keys: str | int) -> Callable[[dict[str, Any]], Any]:
    def walk(document: dict[str, Any]) -> Any:
        value: Any = document["workflows"][0]
        for key in keys:
            value = value[key]
        return value

    return walk


def put(value: object, *keys: str | int) -> Change:
    """Sets the value at a path inside the first workflow."""
    *way, last = keys
    return lambda document: at(*way)(document).__setitem__(last, value)


def drop(*keys: str | int) -> Change:
    *way, last = keys
    return lambda document: at(*way)(document).__delitem__(last)


REFUSED: dict[str, tuple[Change, str]] = {
    "format": (
        lambda d: d.update(format="dfgraph/2"),
        "format: is 'dfgraph/2', but only 'dfgraph/1' can be read",
    ),
    "no format": (lambda d: d.pop("format"), "the key 'format' is missing"),
    "top key": (lambda d: d.update(workflow=[]), "unknown key 'workflow'; did you mean 'workflows'?"),
    "tool key": (lambda d: d["tool"].update(vers=1), "tool: unknown key 'vers'; did you mean 'version'?"),
    "version": (lambda d: d["tool"].update(version=1), "tool.version: must be a string, not the number 1"),
    "workflows": (lambda d: d.update(workflows={}), "workflows: must be a list, not an object"),
    "workflow": (lambda d: d.update(workflows=[5]), f"{W}: must be an object, not the number 5"),
    "workflow key": (put(1, "lable"), f"{W}: unknown key 'lable'; did you mean 'label'?"),
    "workflow lacks": (drop("edges"), f"{W}: the key 'edges' is missing"),
    "node key": (put(1, "nodes", 1, "nam"), f"{W}.nodes[1]: unknown key 'nam'; did you mean 'name'?"),
    "node lacks": (drop("nodes", 2, "scope"), f"{W}.nodes[2]: the key 'scope' is missing"),
    "a number for truth": (
        put(1, "nodes", 1, "dynamic"),
        f"{W}.nodes[1].dynamic: must be true or false, not the number 1",
    ),
    "kind": (
        put("JION", "nodes", 2, "kind"),
        f"{W}.nodes[2].kind: unknown kind 'JION'; did you mean 'JOIN'?",
    ),
    "null name": (put([], "nodes", 1, "name"), f"{W}.nodes[1].name: must be a string or null, not a list"),
    "edge key": (put("x", "edges", 0, "form"), f"{W}.edges[0]: unknown key 'form'; did you mean 'from'?"),
    "edge kind": (put("x", "edges", 0, "kind"), f"{W}.edges[0].kind: unknown kind of edge 'x'"),
    "edge to nowhere": (put("s9", "edges", 0, "to"), f"{W}.edges[0].to: no node has the id 's9'"),
    "root": (put("s9", "root"), f"{W}.root: no node has the id 's9'"),
    "twice": (put("s1", "nodes", 2, "id"), f"{W}.nodes[2].id: the id 's1' is taken by nodes[1]"),
    "dangling": (
        put("s9", "nodes", 0, "children", "second"),
        f"{W}.nodes[0].children.second: no node has the id 's9'",
    ),
    "child of a wrong type": (
        put(3, "nodes", 0, "children", "second"),
        f"{W}.nodes[0].children.second: must be a string, not the number 3",
    ),
    "unreachable": (
        lambda d: at("nodes")(d).append({**at("nodes", 1)(d), "id": "s3"}),
        f"{W}.nodes[5]: 's3' is not reached from the root",
    ),
    "missing child": (
        put({"first": "s1"}, "nodes", 0, "children"),
        f"{W}.nodes[0].children: THEN lacks the child 'second'",
    ),
    "unreachable root": (put("s2", "root"), f"{W}.nodes[0]: 't2' is not reached from the root"),
    "cycle": (
        put("s2", "nodes", 2, "children", "branch1"),
        f"{W}.nodes[2].children.branch1: 's2' is its own ancestor: the nodes form a cycle",
    ),
    "cycle through the root": (
        put("t2", "nodes", 2, "children", "branch2"),
        f"{W}.nodes[2].children.branch2: 't2' is its own ancestor: the nodes form a cycle",
    ),
    "two parents": (
        put("s1", "nodes", 2, "children", "branch1"),
        f"{W}.nodes[2].children.branch1: 's1' is already a child of 't2'",
    ),
    "role": (
        lambda d: at("nodes", 0)(d).update(children={"first": "s1", "secnod": "s2"}),
        f"{W}.nodes[0].children: 'secnod' is no role in THEN; did you mean 'second'?",
    ),
    "gap in branches": (
        lambda d: at("nodes", 2)(d).update(children={"branch1": "s2.j1.s1", "branch3": "s2.j2.s1"}),
        f"{W}.nodes[2].children: 'branch3' is no role in JOIN; did you mean 'branch2'?",
    ),
    "child of a leaf": (put("SQL", "nodes", 2, "kind"), f"{W}.nodes[2].query: SQL needs one, but it is null"),
    "child of a leaf with a query": (
        lambda d: at("nodes", 2)(d).update(kind="SQL", query="x"),
        f"{W}.nodes[2].children: 'branch1' is no role in SQL",
    ),
    "order": (
        lambda d: at("nodes")(d).insert(1, at("nodes")(d).pop()),
        f"{W}.nodes[1]: nodes stand in pre-order: 's1' belongs here, not 's2.j2.s1'",
    ),
    "id": (
        lambda d: (put("x", "nodes", 1, "id")(d), put("x", "nodes", 0, "children", "first")(d)),
        f"{W}.nodes[1].id: is 'x', but its place makes it 's1'",
    ),
    "scope": (
        put("root", "nodes", 3, "scope"),
        f"{W}.nodes[3].scope: is 'root', but 's2.j1.s1' runs in 's2.j1'",
    ),
    "leaf without query": (
        put(None, "nodes", 1, "query"),
        f"{W}.nodes[1].query: SQL needs one, but it is null",
    ),
    "THEN with query": (
        put("x", "nodes", 0, "query"),
        f"{W}.nodes[0].query: THEN has none, so it must be null",
    ),
    "IF_ROWS without config": (
        lambda d: at("nodes", 2)(d).update(kind="IF_ROWS"),
        f"{W}.nodes[2].query: IF_ROWS needs the config that names a stored result",
    ),
    "config of its own": (put({}, "nodes", 1, "config"), f"{W}.nodes[1].config: is not what the query holds"),
    "span key": (put(1, "nodes", 1, "span", "len"), f"{W}.nodes[1].span: unknown key 'len'"),
    "span lacks": (drop("span", "end"), f"{W}.span: the key 'end' is missing"),
    "span type": (put("2", "span", "start"), f"{W}.span.start: must be a whole number, not a string"),
    "span truth": (put(True, "span", "line"), f"{W}.span.line: must be a whole number, not a truth value"),
    "negative": (put(-1, "span", "start"), f"{W}.span.start: must be at least 0, but is -1"),
    "line 0": (put(0, "span", "line"), f"{W}.span.line: must be at least 1, but is 0"),
    "backwards": (put(1, "nodes", 1, "span", "end"), f"{W}.nodes[1].span: ends at 1, before it starts at 2"),
    "contradiction": (
        put(7, "nodes", 1, "span", "column"),
        f"{W}.nodes[1].span: offset 2 is line 1 column 7 here, but line 1 column 3 elsewhere",
    ),
    "span without a file": (put(None, "source"), f"{W}.nodes[0].span: a span needs the workflow's source"),
    "finding key": (put(1, "findings", 0, "sev"), f"{W}.findings[0]: unknown key 'sev'"),
    "severity": (
        put("eror", "findings", 0, "severity"),
        f"{W}.findings[0].severity: unknown severity 'eror'; did you mean 'error'?",
    ),
    "label": (
        drop("findings", 0, "labels", 0, "text"),
        f"{W}.findings[0].labels[0]: the key 'text' is missing",
    ),
    "edit": (
        put(1, "findings", 0, "fixes", 0, "edits", 0, "txt"),
        f"{W}.findings[0].fixes[0].edits[0]: unknown key 'txt'; did you mean 'text'?",
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(change: Change, message: str) -> None:
    document = written()
    change(document)
    with pytest.raises(GraphFormatError) as caught:
        from_dfgraph(dumps(document))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "case",
    ["top key", "node key", "kind", "role", "leaf without query", "THEN with query", "span key", "line 0"],
)
def test_the_schema_refuses_as_well(case: str) -> None:
    document = written()
    REFUSED[case][0](document)
    assert not validator().is_valid(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value at line 1 column 1"),
        ("[]", "the document: must be an object, not a list"),
        ("null", "the document: must be an object, not null"),
        ('{"format":"dfgraph/1","format":"dfgraph/1"}', "the key 'format' stands twice in one object"),
        ("[" * 100_000, "nests too deeply"),
    ],
)
def test_texts_that_are_no_document(text: str, message: str) -> None:
    with pytest.raises(GraphFormatError) as caught:
        load(text)
    assert str(caught.value) == message


def test_the_error_is_one_of_ours_and_knows_the_place() -> None:
    document = written()
    del document["workflows"][0]["span"]["end"]
    with pytest.raises(DfsqlError) as caught:
        load(document)
    assert isinstance(caught.value, ValueError)
    assert getattr(caught.value, "where", None) == "workflows[0].span"
