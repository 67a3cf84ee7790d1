"""The picture of a started workflow on the page of `dfsql explain`: an example's graph with states as they may be."""

from pathlib import Path

_ROOT = Path(__file__).parents[1]
PICTURE = _ROOT / "docs" / "commands" / "explain-instance.svg"
_EXAMPLE = _ROOT / "examples" / "parcel.dfsql"
# A person has agreed, and the label is being printed.
_RUNNING = ("s5", "s5.else.s1", "s5.else.s1.j1.s1")
_PENDING = ("s5.else.s2", "s6")
_SKIPPED = ("s5.then.s1",)


def draw() -> str:
    """The picture's text."""
    import dfsql

    (graph,) = dfsql.compile(_EXAMPLE.read_text(encoding="utf-8"), name=_EXAMPLE.name).graphs
    statuses = {node.id: "completed" for node in graph.nodes}
    for state, ids in (("running", _RUNNING), ("pending", _PENDING), ("skipped", _SKIPPED)):
        statuses |= {graph.by_id[name].id: state for name in ids}
    return dfsql.explain(graph, format="svg", title="parcel · 606c3f61 · running", statuses=statuses)


def write() -> list[Path]:
    """Draws it again; returns the path if it changed."""
    text = draw()
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == text:
        return []
    PICTURE.write_text(text, encoding="utf-8")
    return [PICTURE]
