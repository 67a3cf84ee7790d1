"""`dfsql compile`: graphs as dfgraph/1 JSON, SQL, DOT or Mermaid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from . import options
from .status import Status, worst

if TYPE_CHECKING:
    from .analysis import Analysis
    from .inputs import Input
    from .outputs import Output

FORMATS = ("json", "sql", "dot", "mermaid")
SUFFIXES = {"json": ".json", "sql": ".sql", "dot": ".dot", "mermaid": ".mmd"}


@click.command("compile", short_help="Write workflows as JSON, SQL, DOT or Mermaid.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.choice(
    "--format", values=FORMATS, default="json", help="dfgraph/1 JSON, df.start calls, or a diagram."
)
@options.output("A file, or a folder for several results (one for each file; one for each diagram).")
@options.stdin_filename
def command(files: tuple[str, ...], format: str, target: str | None, stdin_filename: str | None) -> Status:
    """Writes the graphs of workflows.

    A workflow with an error is reported and left out; the others are written. Exit status 1 means errors.
    """
    from .analysis import analyse, show_errors
    from .inputs import Inputs
    from .outputs import deliver

    inputs = Inputs(files, stdin_filename=stdin_filename)
    done = [(item, analyse(item)) for item in inputs]
    wrong = show_errors(analysis for _, analysis in done)
    statuses = [inputs.status, Status.FINDINGS if wrong else Status.OK]
    outputs, refused = _outputs(done, format, joined=target is None)
    if refused:
        statuses.append(Status.FINDINGS)
    deliver(outputs, target, many=len(done) > 1)
    if done and not any(analysis.graphs or analysis.errors for _, analysis in done):
        statuses.append(_nothing(done))
    return worst(*statuses)


def _nothing(done: "Sequence[tuple[Input, Analysis]]") -> Status:
    from .console import say

    say(f"no workflow in {', '.join(item.source.name for item, _ in done)}")
    return Status.NOTHING


def _outputs(
    done: "Sequence[tuple[Input, Analysis]]", format: str, *, joined: bool
) -> "tuple[list[Output], bool]":
    """The results, and whether one had to be refused; `joined`: one JSON document for all files."""
    from . import emit
    from .outputs import Output, file_name

    right = [(item, analysis, analysis.without(analysis.errors)) for item, analysis in done]
    right = [part for part in right if part[2]]
    suffix = SUFFIXES[format]
    if format == "json":
        if joined and right:
            return [Output("", emit.json([(analysis, graphs) for _, analysis, graphs in right]))], False
        texts = [(item, emit.json([(analysis, graphs)])) for item, analysis, graphs in right]
        return [Output(file_name(item.stem, suffix=suffix), text) for item, text in texts], False
    if format == "sql":
        possible = [
            (item, [graph for graph in graphs if emit.can_be_sql(graph)]) for item, _, graphs in right
        ]
        refused = sum(len(graphs) for _, _, graphs in right) > sum(len(graphs) for _, graphs in possible)
        written = [(item, emit.sql(graphs)) for item, graphs in possible if graphs]
        return [Output(file_name(item.stem, suffix=suffix), text) for item, text in written], refused
    many = joined and sum(len(graphs) for _, _, graphs in right) > 1
    if many and format == "mermaid":
        raise click.UsageError("several workflows need -o FOLDER with mermaid: a stream of two is no diagram")
    return [
        Output(
            file_name(*emit.name_parts(item, graph, graphs), suffix=suffix), emit.diagram(graph, format, many)
        )
        for item, _, graphs in right
        for graph in graphs
    ], False
