"""The door of explain: formats, engines, focus, and what it says when they are wrong."""

import json

import pytest
from random_graphs import chain, deep

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain import FORMATS, ExplainError, UnknownFormatError, UnknownStepError, explain
from dfsql.compiler.explain.focus import steps_beside
from dfsql.compiler.graph import Graph, Kind
from dfsql.grammar import DfsqlError, Finding, Severity, Span

BEGINNINGS = {
    "text": "SQL: SELECT 'innermost'",
    "svg": "<svg ",
    "dot": "digraph ",
    "mermaid": "flowchart TD\n",
    "html": "<!doctype html>",
    "json": "{\n",
}


@pytest.mark.parametrize("format", FORMATS)
def test_formats(format: str) -> None:
    shown = explain(deep(0), format=format)
    assert shown.lower().startswith(BEGINNINGS[format].lower())
    assert explain(deep(0), format=format) == shown


def test_text_is_the_default() -> None:
    graph = deep(3)
    assert explain(graph) == explain(graph, format="text")


def test_json_holds_the_findings() -> None:
    finding = Finding("DF301", Severity.ERROR, "no such name", Span(0, 1))
    document = json.loads(explain(deep(1), format="json", findings=[finding]))
    (workflow,) = document["workflows"]
    assert [entry["code"] for entry in workflow["findings"]] == ["DF301"]
    assert workflow["nodes"][0]["kind"] == "IF"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "pdf"}, "there is no format 'pdf'; the formats are text, svg, dot, mermaid, html, json"),
        ({"format": "svg", "engine": "neato"}, "there is no engine 'neato'; the engines are builtin, dot"),
        ({"engine": "dot"}, "the engine 'dot' draws the format svg only, not text"),
    ],
)
def test_wrong_formats(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownFormatError) as caught:
        explain(deep(1), **arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message
    assert issubclass(UnknownFormatError, ExplainError) and issubclass(ExplainError, DfsqlError)


@pytest.mark.parametrize(
    ("step", "close", "message"),
    [
        ("s1.then.s2", ["s1.then.s1"], "the workflow has no step 's1.then.s2'; did you mean s1.then.s1"),
        ("zzz", [], "the workflow has no step 'zzz'; its steps are s1, "),
    ],
)
def test_unknown_steps(step: str, close: list[str], message: str) -> None:
    with pytest.raises(UnknownStepError) as caught:
        explain(deep(1), focus=step)
    assert str(caught.value).startswith(message)
    assert caught.value.close[: len(close)] == close


def test_a_long_list_of_steps_is_cut() -> None:
    with pytest.raises(UnknownStepError, match=r"its steps are (\w+, ){8}\.\.\.$"):
        explain(chain(50), focus="???")


@pytest.fixture
def fan() -> Graph:
    """s1 binds a; a JOIN of two branches, of which the first uses a; a last step."""

    def sql(query: str, name: str | None = None) -> Draft:
        return Draft(Kind.SQL, query=query, name=name)

    def then(first: Draft, second: Draft) -> Draft:
        return Draft(Kind.THEN, {"first": first, "second": second})

    join = Draft(Kind.JOIN, {"branch1": then(sql("SELECT $a"), sql("SELECT 2")), "branch2": sql("SELECT 3")})
    return assemble(then(then(sql("SELECT 1", "a"), join), sql("SELECT 4")))


@pytest.mark.parametrize(
    ("step", "left_out"),
    [
        ("s2.j1.s1", {"s2.j2.s1"}),
        ("s2.j2.s1", {"s2.j1.s1", "s2.j1.s2"}),
        ("s2", set()),
        ("s1", set()),
        ("t2", set()),
    ],
)
def test_focus(fan: Graph, step: str, left_out: set[str]) -> None:
    assert steps_beside(fan, step) == left_out


def test_focus_in_text_and_pictures(fan: Graph) -> None:
    lines = [line.rstrip() for line in explain(fan, focus="s2.j2.s1").split("\n")]
    assert lines == [
        "SQL: SELECT 1 |=> 'a'",
        "→ JOIN (2)",
        "    ║ branch 1:",
        "      ├─… 2 steps hidden",
        "    ║ branch 2:",
        "      └─SQL: SELECT 3",
        "→ SQL: SELECT 4",
    ]
    assert explain(fan, format="mermaid", focus="s2.j2.s1").count(":::faded") == 2
    for format in ("svg", "html", "dot"):
        assert explain(fan, format=format, focus="s2.j2.s1") != explain(fan, format=format)
