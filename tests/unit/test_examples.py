"""The workflows of examples/: clean, whole, and drawn as the golden trees say.

After a change of an example that is meant, `python tests/unit/test_examples.py` writes the trees again.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from dfsql.compiler import Graph, Kind, check, compile, explain, from_envelope, to_envelope

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted((TESTS.parent / "examples").glob("*.dfsql"))
TREES = TESTS / "data" / "examples"
# What pg_durable would not do, by the comment in the file.
NOT_PORTABLE = {"maintenance": ["DF902"]}

WORKFLOWS = [
    (file.stem, graph) for file in FILES for graph in compile(file.read_text("utf-8"), name=str(file)).graphs
]
IDS = [f"{stem}:{graph.name}" for stem, graph in WORKFLOWS]


def test_there_are_at_least_nine_examples_and_every_kind_of_step_but_one_is_shown() -> None:
    assert len(FILES) >= 9
    shown = {node.kind for _, graph in WORKFLOWS for node in graph.nodes}
    assert set(Kind) - shown == {Kind.HTTP_MULTIPART}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_is_clean(file: Path) -> None:
    compilation = compile(file.read_text("utf-8"), name=str(file))
    assert compilation.units
    assert [unit.name for unit in compilation.units if unit.graph is None] == []
    assert check(compilation) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_runs_on_the_reference_too(file: Path) -> None:
    found = check(compile(file.read_text("utf-8"), name=str(file)), target="pg_durable")
    assert [finding.code for finding in found] == NOT_PORTABLE.get(file.stem, [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_begins_by_saying_what_it_is_for_and_is_in_the_readme(file: Path) -> None:
    assert file.read_text("utf-8").startswith("-- ")
    assert f"({file.name})" in (file.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize(("stem", "graph"), WORKFLOWS, ids=IDS)
def test_envelope_gives_the_graph_back(stem: str, graph: Graph) -> None:
    if any(node.dynamic for node in graph.nodes):
        assert stem == "onboarding"  # its steps are known only to the server
        return
    again = from_envelope(to_envelope(graph))
    assert to_envelope(again) == to_envelope(graph)
    assert [(n.id, n.kind, n.query, n.name) for n in again.nodes] == [
        (n.id, n.kind, n.query, n.name) for n in graph.nodes
    ]


@pytest.mark.parametrize(("stem", "graph"), WORKFLOWS, ids=IDS)
def test_tree(stem: str, graph: Graph) -> None:
    assert explain(graph, format="text") == tree_file(stem, graph).read_text("utf-8").removesuffix("\n")


def test_no_tree_is_left_over() -> None:
    assert {tree_file(stem, graph) for stem, graph in WORKFLOWS} == set(TREES.iterdir())


@pytest.mark.parametrize(("stem", "graph"), WORKFLOWS, ids=IDS)
def test_picture_is_well_formed_and_has_a_title(stem: str, graph: Graph) -> None:
    picture = ElementTree.fromstring(explain(graph, format="svg"))
    title = picture.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert str(graph.name) in (title.text or "")


def tree_file(stem: str, graph: Graph) -> Path:
    return TREES / f"{stem}.{graph.name}.txt"


if __name__ == "__main__":
    TREES.mkdir(exist_ok=True)
    for stem, graph in WORKFLOWS:
        tree_file(stem, graph).write_text(explain(graph, format="text") + "\n", "utf-8")
