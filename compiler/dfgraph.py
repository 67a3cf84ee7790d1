"""`dfgraph/1`, the JSON form of graphs, written; `dfgraph_read` is the way back.

The schema is dfgraph.schema.json beside this file. Not written: the text of the file that a graph came
from, and the map from a step's text back to it (`Node.query_map`); positions are there in full.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..grammar import Finding, Fix, Label, Source, Span
from .dfgraph_forms import GraphFormatError
from .dfgraph_read import FORMAT, Document, from_dfgraph, load
from .graph import Graph, Node

if TYPE_CHECKING:
    from .flow import Edge

__all__ = ["FORMAT", "Document", "GraphFormatError", "dumps", "from_dfgraph", "load", "to_dfgraph"]


def to_dfgraph(
    graphs: Sequence[Graph], findings: Sequence[Iterable[Finding]] = (), *, version: str
) -> dict[str, Any]:
    """The document for some graphs, and for each of them its findings (none when not given).

    `version` is that of the tool that writes it.
    """
    per_graph = findings or [()] * len(graphs)
    workflows = [_workflow(graph, found) for graph, found in zip(graphs, per_graph, strict=True)]
    return {"format": FORMAT, "tool": {"name": "dfsql", "version": version}, "workflows": workflows}


def dumps(document: dict[str, Any]) -> str:
    """The document as text: two spaces of indentation, keys in the order of the schema, raw UTF-8."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _workflow(graph: Graph, findings: Iterable[Finding]) -> dict[str, Any]:
    source = graph.source
    return {
        "name": graph.name,
        "source": source.name if source else None,
        "label": graph.label,
        "database": graph.database,
        "span": _span(graph.span, source),
        "root": graph.root.id,
        "nodes": [_node(graph, node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
        "findings": [_finding(finding, source) for finding in findings],
    }


def _node(graph: Graph, node: Node) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": node.id,
        "kind": node.kind.value,
        "children": {role: child.id for role, child in graph.children(node)},
        "query": node.query,
        "name": node.name,
        "span": _span(node.span, graph.source),
        "name_span": _span(node.name_span, graph.source),
        "scope": node.scope,
        "dynamic": node.dynamic,
    }
    if node.config is not None:
        written["config"] = dict(node.config)
    return written


def _edge(edge: "Edge") -> dict[str, str]:
    written = {"from": edge.source, "to": edge.target, "kind": edge.kind}
    if edge.name is not None:
        written["name"] = edge.name
    if edge.label is not None:
        written["label"] = edge.label
    return written


def _finding(finding: Finding, source: Source | None) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "span": _span(finding.span, source),
        "help": finding.help,
        "labels": [_label(label, source) for label in finding.labels],
        "fixes": [_fix(fix, source) for fix in finding.fixes],
        "node": finding.node,
    }


def _label(label: Label, source: Source | None) -> dict[str, Any]:
    return {"span": _span(label.span, source), "text": label.text}


def _fix(fix: Fix, source: Source | None) -> dict[str, Any]:
    edits = [{"span": _span(edit.span, source), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def _span(span: Span | None, source: Source | None) -> dict[str, int] | None:
    """None where nothing is known: no file, or the place that stands for none."""
    if span is None or source is None or span == (0, 0):
        return None
    return source.place(span)
