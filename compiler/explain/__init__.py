"""Shows a workflow: as a text tree, a picture, a diagram language, a page, or JSON."""

from collections.abc import Mapping, Sequence

from ...grammar import Finding
from ..graph import Graph, Node
from .errors import EngineFailedError, EngineNotFoundError, ExplainError, UnknownFormatError, UnknownStepError

__all__ = [
    "ENGINES",
    "FORMATS",
    "EngineFailedError",
    "EngineNotFoundError",
    "ExplainError",
    "UnknownFormatError",
    "UnknownStepError",
    "explain",
    "explain_step",
]

FORMATS = ("text", "svg", "dot", "mermaid", "html", "json")
ENGINES = ("builtin", "dot")


def explain(
    graph: Graph,
    *,
    format: str = "text",
    full: bool = False,
    engine: str = "builtin",
    title: str | None = None,
    findings: Sequence[Finding] = (),
    focus: str | None = None,
    statuses: Mapping[str, str] | None = None,
) -> str:
    """The workflow in one of `FORMATS`.

    `full` shows long SQL uncut. `engine` "dot" draws the SVG with Graphviz. `title` replaces the
    workflow's name in pictures. `findings` are shown in our own SVG, in the page and in the JSON. `focus`
    is the id of a step: what neither leads to it nor depends on it is dimmed in pictures and left out of
    the text; the JSON stays whole. `statuses` maps the ids of steps to `pending`, `running`, `completed`,
    `failed` or `skipped`: the state of a started workflow, which every format but JSON shows.

    Raises an `ExplainError`: `UnknownFormatError`, `UnknownStepError`, `EngineNotFoundError` or
    `EngineFailedError`.
    """
    if format not in FORMATS:
        raise UnknownFormatError(f"there is no format '{format}'; the formats are {', '.join(FORMATS)}")
    if engine not in ENGINES:
        raise UnknownFormatError(f"there is no engine '{engine}'; the engines are {', '.join(ENGINES)}")
    if engine != "builtin" and format != "svg":
        raise UnknownFormatError(f"the engine '{engine}' draws the format svg only, not {format}")
    dim = frozenset[str]()
    if focus is not None:
        from .focus import steps_beside

        dim = steps_beside(graph, focus)
    # Each renderer is loaded when it is asked for: a lint run needs none of them.
    if format == "text":
        from . import text

        return text.render(graph, full=full, hide=dim, statuses=statuses)
    if format == "dot" or engine == "dot":
        from . import dot

        draw = dot.render_svg if engine == "dot" else dot.render
        return draw(graph, full=full, title=title, dim=dim, statuses=statuses)
    if format == "mermaid":
        from . import mermaid

        return mermaid.render(graph, full=full, title=title, dim=dim, statuses=statuses)
    if format == "svg":
        from . import svg

        return svg.render(graph, full=full, title=title, findings=findings, dim=dim, statuses=statuses)
    if format == "html":
        from . import html

        return html.render(graph, findings, title=title, dim=dim, statuses=statuses)
    from ... import __version__
    from ..dfgraph import dumps, to_dfgraph

    return dumps(to_dfgraph([graph], [findings], version=__version__))


def explain_step(graph: Graph, node: Node) -> str:
    """One step in the words of the tree; a sequence has none."""
    from .text import node_text

    return node_text(graph, node)
