"""`dfsql run`: a workflow to its end."""

import os
from typing import TYPE_CHECKING

import click

from . import database, options
from .console import say
from .selection import TakesNames, about, names_of, select, split_name
from .status import Status

if TYPE_CHECKING:
    from ..compiler import Graph
    from .analysis import Analysis


@click.command("run", cls=TakesNames, short_help="Run a workflow to its end and print its result.")
@click.argument("file", metavar="[FILE[:NAME]]", required=False)
@database.dsn
@click.option(
    "--watch/--no-watch",
    default=None,
    help="Show how it goes: the tree on a terminal, else lines.  [default: on a terminal]",
)
@click.option("--attach", metavar="ID", help="Go on with an instance that was started before.")
@click.option("--detach", is_flag=True, help="Only start it, and print the id of the instance.")
@options.stdin_filename
def command(
    file: str | None,
    dsn: str | None,
    watch: bool | None,
    attach: str | None,
    detach: bool,
    stdin_filename: str | None,
) -> int:
    """Runs a workflow to its end, and prints its result as JSON.

    Without a named server it runs on the embedded one, which keeps its data between calls. This command works
    there itself, as it does where nobody else works and its role owns schema df.

    Ctrl-C leaves the instance as it is; --attach ID goes on with it. Only the workflow is run, not the other
    statements of FILE. Exit status 0: completed, 1: failed or cancelled.
    """
    if (file is None) == (attach is None):
        raise click.UsageError("name a workflow: FILE or FILE:NAME, or --attach ID")
    if attach is not None and detach:
        raise click.UsageError("--attach follows an instance to its end, --detach does not")
    database.need()
    graph = None
    if file is not None:
        graph, status = _workflow(file, stdin_filename)
        if graph is None:
            return status
    from .following import detached, follow

    if graph is not None and detach:
        return detached(graph, dsn)
    return follow(graph if graph is not None else str(attach), dsn, watch=watch)


def _workflow(file: str, stdin_filename: str | None) -> "tuple[Graph | None, Status]":
    """The workflow that is meant, if it is one and has no errors; what is wrong with it has been said."""
    from .analysis import analyse, show_errors
    from .inputs import Inputs

    path, wanted = split_name(file)
    if os.path.isdir(path):
        raise click.UsageError(f"{path} is a folder: name one file in it")
    inputs = Inputs([path], stdin_filename=stdin_filename)
    for item in inputs:
        analysis = analyse(item)
        graphs, status = select(analysis, wanted)
        if show_errors([about(graphs, analysis) if wanted is not None else analysis]):
            status = Status.FINDINGS
        elif len(graphs) > 1:
            choices = ", ".join(f"{path}:{name}" for name in names_of(graphs))
            raise click.UsageError(f"{item.source.name} has {len(graphs)} workflows, name one: {choices}")
        elif graphs:
            return (graphs[0], Status.OK) if _is_whole(graphs[0], analysis, path) else (None, Status.FINDINGS)
        return None, status
    return None, inputs.status


def _is_whole(graph: "Graph", analysis: "Analysis", path: str) -> bool:
    """Whether the file alone says everything; says what only a server can know."""
    from .emit import unknown_here

    reason = unknown_here(graph, analysis)
    if reason is not None:
        say(
            f"{analysis.source.name}: workflow {graph.name}: {reason}, so the whole script has to run: psql -f {path}"
        )
    return reason is None
