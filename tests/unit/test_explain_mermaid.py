"""Mermaid flowcharts: the text, its escaping, and its limits."""

import random
import re

import pytest
from random_graphs import chain, deep, random_graph

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain.mermaid import MOST_CHARACTERS, MOST_EDGES, render
from dfsql.compiler.graph import Graph, Kind


def sql(query: str, name: str | None = None) -> Draft:
    return Draft(Kind.SQL, query=query, name=name)


def sequence(*steps: Draft) -> Draft:
    root = steps[0]
    for step in steps[1:]:
        root = Draft(Kind.THEN, {"first": root, "second": step})
    return root


def decoded(label: str) -> str:
    """What Mermaid shows for the text of a label."""
    plain = re.sub("#([0-9]+);", lambda found: chr(int(found[1])), label)
    return plain.replace("<br/>", "\n").replace("\xa0", " ").replace("\u2060", "")


def labels(text: str) -> list[str]:
    """All quoted labels of shapes and frames, as they are shown."""
    return [decoded(label) for label in re.findall(r'^ +[\w ]+[\[({/]+"([^"]*)"', text, re.M)]


def test_a_small_workflow() -> None:
    wait = Draft(Kind.SIGNAL, query='{"signal_name":"go","timeout_seconds":60}')
    root = sequence(
        sql("SELECT id FROM o", "q"), Draft(Kind.RACE, {"branch1": wait, "branch2": sql("SELECT $q")})
    )
    assert render(assemble(root, name="orders")) == (
        '---\ntitle: "orders"\n---\n'
        "flowchart TD\n"
        "  s1[\"SQL<br/>SELECT id FROM o<br/>#124;=#62; 'q'\"]:::sql\n"
        '  subgraph s2["RACE"]\n'
        '    s2_in((" ")):::point\n'
        "    s2_r1_s1{{\"SIGNAL<br/>'go' within 60 s\"}}:::signal\n"
        '    s2_r2_s1["SQL<br/>SELECT $q"]:::sql\n'
        '    s2_out((" ")):::point\n'
        "  end\n"
        "  s1 --> s2_in\n"
        '  s2_in -->|"branch 1"| s2_r1_s1\n'
        "  s2_r1_s1 --> s2_out\n"
        '  s2_in -->|"branch 2"| s2_r2_s1\n'
        "  s2_r2_s1 --> s2_out\n"
        '  s1 -.->|"q"| s2_r2_s1\n'
        "  classDef sql fill:#ffffff,stroke:#1d4ed8,color:#1f2937\n"
        "  classDef signal fill:#ffffff,stroke:#6b21a8,color:#1f2937\n"
        "  classDef point fill:#4b5563,stroke:#4b5563,color:#4b5563\n"
        "  classDef frame fill:#ffffff,stroke:#4b5563,color:#1f2937\n"
        "  class s2 frame\n"
        "  linkStyle 5 stroke:#9d174d,color:#9d174d\n"
    )


def test_a_value_for_the_next_round_says_so() -> None:
    body = sequence(sql("SELECT $a"), sql("SELECT 1", "a"))
    text = render(assemble(sequence(sql("SELECT 0", "a"), Draft(Kind.LOOP, {"body": body}))))
    assert '  s2_body_s2 -.->|"a (next round)"| s2_body_s1\n' in text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('a "b"', "a #34;b#34;"),
        ("a < b > c & d", "a #60; b #62; c #38; d"),
        ("#quot; #1;", "#35;quot#59; #35;1#59;"),
        ("`code` **bold** ~~gone~~", "#96;code#96; #42;#42;bold#42;#42; #126;#126;gone#126;#126;"),
        ("a[1] {x} (y) | z", "a#91;1#93; #123;x#125; (y) #124; z"),
        (r"back\slash \n", "back#92;slash #92;#8288;n"),
        ("style: #x;", "style#58; #35;x#59;"),  # Mermaid eats the last semicolon after "style...:"
        ("%%{init: {}}%%", "#37;#37;#123;init#58; #123;#125;#125;#37;#37;"),
        ("- item", "#45; item"),
        ("-- comment", "#45;- comment"),
        ("12. item", "#49;2. item"),
        ("12 items", "12 items"),
        ("_x_ my_table", "#95;x#95; my_table"),
        ("www.example.org", "www#46;example.org"),
        ("SELECT $$x$$, $a", "SELECT $#8288;$x$#8288;$, $a"),
        ("größe 日本語 🙂", "größe 日本語 🙂"),
        ("a\n  b\tc", "a b c"),
        ("\x07", "␇"),
    ],
)
def test_escaping(query: str, code: str) -> None:
    assert f'  s1["SQL<br/>{code}"]:::sql\n' in render(assemble(sql(query)))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ('the "nightly" run', r'title: "the \"nightly\" run"'),
        ("a: b # c\n---", r'title: "a: b # c\n---"'),
        ("%%{init: {}}%% <b>", r'title: "\u0025\u0025{init: {}}\u0025\u0025 \u003cb>"'),
    ],
)
def test_titles(name: str, line: str) -> None:
    assert render(assemble(sql("x"), name=name)).split("\n")[:3] == ["---", line, "---"]


def test_a_chart_without_a_name_has_no_front_matter() -> None:
    assert render(assemble(sql("x"))).startswith("flowchart TD\n")
    assert render(assemble(sql("x")), title="T").startswith('---\ntitle: "T"\n')


def test_full_keeps_the_lines_of_the_sql() -> None:
    graph = assemble(sql("SELECT " + "x" * 60 + "\n    FROM t"))
    indent = "\N{NO-BREAK SPACE}" * 4
    assert f"SQL<br/>SELECT {'x' * 60}<br/>{indent}FROM t" in render(graph, full=True)
    assert f"SQL<br/>SELECT {'x' * 36}…" in render(graph)


def test_dimmed_steps_are_faded() -> None:
    root = sequence(sql("a"), Draft(Kind.LOOP, {"body": sql("b")}))
    text = render(assemble(root), dim=frozenset({"s2", "s2.body.s1"}))
    assert '  s1["SQL<br/>a"]:::sql\n' in text
    assert '    s2_body_s1["SQL<br/>b"]:::faded\n' in text
    assert "  class s2 faded\n" in text
    assert ":::faded" not in render(assemble(root))


def comments(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("%%")]


def test_limits_are_announced() -> None:
    assert comments(render(chain(MOST_EDGES + 1))) == []
    assert comments(render(chain(MOST_EDGES + 2))) == [
        f"%% {MOST_EDGES + 1} edges: Mermaid draws at most {MOST_EDGES}, raise maxEdges"
    ]
    long = render(assemble(sql("x" * MOST_CHARACTERS)), full=True)
    (comment,) = comments(long)
    assert re.fullmatch("%% 50[0-9]{3} characters: .* at most 50000, raise maxTextSize", comment)


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed: int) -> None:
    graph = random_graph(random.Random(seed), 5 + 2 * seed)
    text = render(graph)
    assert text == render(graph)
    keys = re.findall(r'^ +(\w+)[\[({/]+"', text, re.M)
    assert len(keys) == len(set(keys))
    assert {node.id.replace(".", "_") for node in graph.nodes if node.is_leaf} <= set(keys)
    assert len(re.findall("^ +subgraph ", text, re.M)) == len(re.findall("^ +end$", text, re.M))
    ends = {end for link in re.findall(r"^ +(\w+) -.*> ?(?:\|.*\| )?(\w+)$", text, re.M) for end in link}
    assert ends <= set(keys)


@pytest.mark.parametrize("seed", range(20))
def test_labels_survive_the_escaping(seed: int) -> None:
    graph = random_graph(random.Random(seed), 40)
    shown = labels(render(graph, full=True))
    for node in graph.nodes:
        if node.kind is Kind.SQL:
            lines = [line for line in (node.query or "").split("\n") if line]
            assert any("\n".join(["SQL", *lines]) in label for label in shown)


@pytest.mark.parametrize(
    "graph", [chain(10_000), chain(10_000, right=True), deep(300)], ids=["l", "r", "deep"]
)
def test_large_graphs(graph: Graph) -> None:
    assert render(graph).count(":::sql") == sum(node.is_leaf for node in graph.nodes)
