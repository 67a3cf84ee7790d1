"""Graphs in the formats that machines read, headed by a comment where several share one stream."""

from collections.abc import Sequence

from .. import __version__
from ..compiler import Graph, dumps, explain, to_dfgraph, to_envelope
from .analysis import Analysis
from .console import say
from .inputs import Input

_COMMENTS = {"dot": "//", "text": "--"}


def json(parts: Sequence[tuple[Analysis, Sequence[Graph]]]) -> str:
    """One dfgraph/1 document."""
    graphs = [graph for _, some in parts for graph in some]
    findings = [analysis.of(graph) for analysis, some in parts for graph in some]
    return dumps(to_dfgraph(graphs, findings, version=__version__))


def can_be_sql(graph: Graph, analysis: Analysis) -> bool:
    """Whether everything that df.start is told is known; says what is not."""
    reason = unknown_here(graph, analysis)
    if reason is None:
        return True
    where = graph.source.name if graph.source else "<text>"
    say(f"{where}: workflow {graph.name}: {reason}, so it cannot be written as SQL ahead of time")
    return False


def unknown_here(graph: Graph, analysis: Analysis) -> str | None:
    """What only a server can know about a workflow, None where the file says everything."""
    dynamic = next((node for node in graph.nodes if node.dynamic), None)
    if dynamic is not None:
        return f"the server computes the text of step {dynamic.id}"
    return analysis.beyond.get(graph.name or "")


def sql(graphs: Sequence[Graph]) -> str:
    """Statements that start the workflows on a server."""
    return "".join(_start(graph) for graph in graphs)


def diagram(graph: Graph, format: str, headed: bool) -> str:
    """A DOT or Mermaid text."""
    return heading(graph, format, headed) + explain(graph, format=format)


def heading(graph: Graph, format: str, headed: bool) -> str:
    """A comment with the workflow's name, where it is needed to tell several apart."""
    return f"{_COMMENTS[format]} {_one_line(graph.name or 'workflow')}\n" if headed else ""


def name_parts(item: Input, graph: Graph, graphs: Sequence[Graph]) -> tuple[str, ...]:
    """What a workflow's own file is called after: its file, and its name where the file has several."""
    if len(graphs) == 1:
        return (item.stem,)
    return item.stem, graph.name or "workflow"


def _start(graph: Graph) -> str:
    arguments = [_literal(to_envelope(graph))]
    label = graph.name if graph.label is None else graph.label
    if label is not None:
        arguments.append(_literal(label))
    if graph.database:
        arguments.append(f"database => {_literal(graph.database)}")
    comment = f"-- {_one_line(graph.name)}\n" if graph.name else ""
    return f"{comment}SELECT df.start({', '.join(arguments)});\n"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _one_line(text: str) -> str:
    return " ".join(text.split())
