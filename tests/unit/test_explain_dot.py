"""DOT: the text, and what Graphviz makes of it where it is installed."""

import html
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from random_graphs import chain, deep, random_graph

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain import EngineFailedError, EngineNotFoundError, explain
from dfsql.compiler.explain.chart import DATA_INK, FADED_INK, FRAME_INK, INKS, TEXT_INK
from dfsql.compiler.explain.dot import find_engine, render, render_svg
from dfsql.compiler.graph import Graph, Kind

needs_dot = pytest.mark.skipif(find_engine() is None, reason="no `dot` program (apt-get install graphviz)")


def one_step(query: str, **values: str) -> Graph:
    return assemble(Draft(Kind.SQL, query=query, **values))  # type: ignore[arg-type]


def sequence(*steps: Draft) -> Draft:
    root = steps[0]
    for step in steps[1:]:
        root = Draft(Kind.THEN, {"first": root, "second": step})
    return root


def sql(query: str, name: str | None = None) -> Draft:
    return Draft(Kind.SQL, query=query, name=name)


def statements(text: str, key: str) -> list[str]:
    """The lines that begin with a node or an edge from it, quoted or not."""
    return [line.strip() for line in text.split("\n") if line.strip().startswith((f'"{key}" ', f"{key} "))]


def test_a_small_workflow() -> None:
    body = sequence(sql("SELECT $q.id", "x"), Draft(Kind.BREAK, query='{"break_value":"done"}'))
    graph = assemble(sequence(sql("SELECT id", "q"), Draft(Kind.LOOP, {"body": body})), name="nightly")
    text = render(graph)
    assert text.startswith("digraph workflow {\n")
    assert "graph [label=nightly labelloc=t]" in text
    assert statements(text, "s1")[0] == (
        's1 [label="SQL\\lSELECT id\\l|=> \'q\'\\l" color="#1d4ed8" tooltip="SELECT id"]'
    )
    links = [line.strip() for line in text.split("\n") if " -> " in line]
    data = '[label=q color="#9d174d" constraint=false fontcolor="#9d174d" style=dashed]'
    assert links == [
        's1 -> "s2.in"',
        '"s2.in" -> "s2.body.s1"',
        '"s2.body.s1" -> "s2.body.s2"',
        '"s2.body.s2" -> "s2.out" [label=break]',
        f's1 -> "s2.body.s1" {data}',
    ]
    assert 'subgraph "cluster_s2" {' in text
    assert 'label="LOOP (infinite)"' in text


@pytest.mark.parametrize(
    ("root", "wanted"),
    [
        (
            Draft(Kind.IF, {"then": sql("a"), "else": sql("b"), "condition": sql("c")}),
            [
                '"s1.cond.s1" -> "s1.test"',
                '"s1.test" -> "s1.then.s1" [label=then]',
                '"s1.then.s1" -> "s1.out"',
                '"s1.test" -> "s1.else.s1" [label=else]',
                '"s1.else.s1" -> "s1.out"',
            ],
        ),
        (
            Draft(Kind.JOIN, {"branch1": sql("a"), "branch2": sql("b")}),
            [
                '"s1.in" -> "s1.j1.s1" [label="branch 1"]',
                '"s1.j1.s1" -> "s1.out"',
                '"s1.in" -> "s1.j2.s1" [label="branch 2"]',
                '"s1.j2.s1" -> "s1.out"',
            ],
        ),
        (
            Draft(Kind.LOOP, {"body": sql("a"), "condition": sql("b")}),
            [
                '"s1.in" -> "s1.body.s1"',
                '"s1.body.s1" -> "s1.while.s1"',
                '"s1.while.s1" -> "s1.test"',
                '"s1.test" -> "s1.in" [label=again constraint=false]',
                '"s1.test" -> "s1.out" [label=done]',
            ],
        ),
        # Nothing follows an endless loop: the step after it stands alone.
        (
            sequence(Draft(Kind.LOOP, {"body": sql("a")}), sql("b")),
            ['"s1.in" -> "s1.body.s1"', '"s1.body.s1" -> "s1.in" [label=again constraint=false]'],
        ),
        # A break without a loop goes nowhere.
        (sequence(Draft(Kind.BREAK), sql("b")), []),
    ],
    ids=["if", "join", "while", "endless", "stray break"],
)
def test_links(root: Draft, wanted: list[str]) -> None:
    text = render(assemble(root))
    assert [line.strip() for line in text.split("\n") if " -> " in line] == wanted


def test_a_name_on_a_sequence_stands_at_its_last_step() -> None:
    root = sequence(sql("a"), sql("b", "own"))
    root.name = "outer"
    text = render(assemble(root))
    assert "|=>" not in statements(text, "s1")[0]
    assert "|=> 'own' |=> 'outer'" in statements(text, "s2")[0]


def test_dimmed_steps_are_faded() -> None:
    text = render(assemble(sequence(sql("a"), sql("b"), sql("c"))), dim=frozenset({"s1"}))
    assert FADED_INK in statements(text, "s1")[0]
    assert [FADED_INK in line for line in statements(text, "s2")] == [False, False]
    assert [FADED_INK in line for line in text.split("\n") if " -> " in line] == [True, False]


def test_a_title_replaces_the_name() -> None:
    graph = assemble(sql("a"), name="nightly")
    assert "label=nightly" in render(graph)
    assert 'label="Every night"' in render(graph, title="Every night")


def test_full_shows_every_line_of_the_sql() -> None:
    graph = one_step("SELECT " + "x" * 60 + "\n  FROM t")
    assert f"SELECT {'x' * 60}\\l  FROM t\\l" in render(graph, full=True)
    assert "x" * 60 not in statements(render(graph), "s1")[0].split("tooltip")[0]


def contrast(ink: str) -> float:
    """Contrast with white as WCAG 2 defines it."""
    parts = [int(ink[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_colours_can_be_read_on_white() -> None:
    inks = {TEXT_INK, FRAME_INK, FADED_INK, DATA_INK, *INKS.values()}
    assert {ink for ink in inks if contrast(ink) < 4.5 or not re.fullmatch("#[0-9a-f]{6}", ink)} == set()
    graph = random_graph(random.Random(1), 60)
    used = set(re.findall("#[0-9a-zA-Z]+", re.sub(r'(label|tooltip)="[^"]*"', "", render(graph))))
    assert used <= {*inks, "#ffffff"}


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed: int) -> None:
    graph = random_graph(random.Random(seed), 5 + 2 * seed)
    text = render(graph)
    assert text == render(graph)
    for node in graph.nodes:
        if node.is_leaf:
            assert len([line for line in statements(text, node.id) if " -> " not in line]) == 1
    frames = [node for node in graph.nodes if not node.is_leaf and node.kind is not Kind.THEN]
    assert text.count("subgraph ") == len(frames)


def test_the_same_bytes_under_another_hash_seed() -> None:
    code = (
        "import random, random_graphs; from dfsql.compiler.explain import explain;"
        "g = random_graphs.random_graph(random.Random(5), 60);"
        "print(*(explain(g, format=f) for f in ('text', 'dot', 'mermaid')))"
    )
    support = str(Path(__file__).parent.parent / "support")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": support, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    "graph", [chain(10_000), chain(10_000, right=True), deep(300)], ids=["l", "r", "deep"]
)
def test_large_graphs(graph: Graph) -> None:
    assert render(graph).count("tooltip=") == sum(node.is_leaf for node in graph.nodes)


NASTY = [
    'quoted "name"',
    r"back\slash \N \G \l end\\",
    "<b>bold</b>",
    "&amp; &lt; & &#65;",
    "{a|b} [c] %d #e;",
    "größe 日本語 🙂",
    "bell \x07 and null \x00",
]


@needs_dot
@pytest.mark.parametrize("query", NASTY)
def test_graphviz_shows_the_text_as_it_is(query: str) -> None:
    graph = assemble(Draft(Kind.JOIN, {"branch1": sql(query, "r"), "branch2": sql("x")}), name=query)
    drawn = render_svg(graph)
    assert graph_texts(drawn).count(query.replace("\x07", "␇").replace("\x00", "␀")) == 2  # title and card


def graph_texts(svg: str) -> list[str]:
    return [
        html.unescape(text).replace("\xa0", " ") for text in re.findall("<text [^>]*>([^<]*)</text>", svg)
    ]


@needs_dot
@pytest.mark.parametrize("seed", range(4))
def test_graphviz_draws_random_graphs(seed: int) -> None:
    graph = random_graph(random.Random(seed), 30)
    drawn = explain(graph, format="svg", engine="dot")
    assert drawn.count('class="node"') >= sum(node.is_leaf for node in graph.nodes)
    assert drawn.count('class="cluster"') == sum(
        not node.is_leaf and node.kind is not Kind.THEN for node in graph.nodes
    )


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A machine without Graphviz; programs may be put into the folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    yield tmp_path


def test_a_missing_engine_says_what_to_install(no_programs: Path) -> None:
    with pytest.raises(EngineNotFoundError, match=r"install Graphviz .*pip install 'pg-dfsql\[dot\]'"):
        explain(one_step("SELECT 1"), format="svg", engine="dot")


def test_a_failing_engine_is_quoted(no_programs: Path) -> None:
    program = no_programs / "dot"
    program.write_text("#!/bin/sh\necho 'out of ink' >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(EngineFailedError, match="status 3: out of ink") as caught:
        render_svg(one_step("SELECT 1"))
    assert caught.value.code == 3


def test_the_engine_of_the_wheel_is_found(no_programs: Path) -> None:
    assert find_engine() is None
    program = no_programs / "graphviz-pure"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_engine() == shutil.which("graphviz-pure") == str(program)
