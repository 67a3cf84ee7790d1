"""What `compile` makes of its inputs: a document for each file, or a diagram for each workflow."""

from collections.abc import Sequence
from typing import NamedTuple

import click

from ..compiler import Graph
from . import emit
from .analysis import Analysis
from .inputs import Input
from .outputs import Output, file_name

SUFFIXES = {"json": ".json", "sql": ".sql", "dot": ".dot", "mermaid": ".mmd"}


class Part(NamedTuple):
    """An input and those of its workflows that are right."""

    item: Input
    analysis: Analysis
    graphs: list[Graph]


def products(
    done: Sequence[tuple[Input, Analysis]], format: str, *, joined: bool
) -> tuple[list[Output], bool]:
    """The results, and whether nothing had to be left out that compiles; `joined`: they share one stream."""
    parts = [Part(item, analysis, analysis.without(analysis.errors)) for item, analysis in done]
    parts = [part for part in parts if part.graphs]
    if format == "json":
        return (_document(parts) if joined else _documents(parts)), True
    if format == "sql":
        return _statements(parts)
    return _diagrams(parts, format, joined=joined), True


def _document(parts: Sequence[Part]) -> list[Output]:
    """One document for all files: two in one stream would be no JSON."""
    if not parts:
        return []
    return [Output("", emit.json([(part.analysis, part.graphs) for part in parts]))]


def _documents(parts: Sequence[Part]) -> list[Output]:
    texts = [(part.item, emit.json([(part.analysis, part.graphs)])) for part in parts]
    return [Output(file_name(item.stem, suffix=SUFFIXES["json"]), text) for item, text in texts]


def _statements(parts: Sequence[Part]) -> tuple[list[Output], bool]:
    outputs: list[Output] = []
    complete = True
    for part in parts:
        graphs = [graph for graph in part.graphs if emit.can_be_sql(graph, part.analysis)]
        complete = complete and len(graphs) == len(part.graphs)
        if graphs:
            outputs.append(Output(file_name(part.item.stem, suffix=SUFFIXES["sql"]), emit.sql(graphs)))
    return outputs, complete


def _diagrams(parts: Sequence[Part], format: str, *, joined: bool) -> list[Output]:
    several = joined and sum(len(part.graphs) for part in parts) > 1
    if several and format == "mermaid":
        raise click.UsageError(
            "several workflows need -o FOLDER with mermaid: two in one stream are no diagram"
        )
    outputs: list[Output] = []
    for part in parts:
        for graph in part.graphs:
            names = emit.name_parts(part.item, graph, part.analysis.graphs)
            text = emit.diagram(graph, format, headed=several)
            outputs.append(Output(file_name(*names, suffix=SUFFIXES[format]), text))
    return outputs
