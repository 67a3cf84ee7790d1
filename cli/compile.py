"""`dfsql compile`: graphs as dfgraph/1 JSON, SQL, DOT or Mermaid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from . import options
from .status import Status, worst

if TYPE_CHECKING:
    from .analysis import Analysis
    from .inputs import Input

FORMATS = ("json", "sql", "dot", "mermaid")


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
    from .products import products

    inputs = Inputs(files, stdin_filename=stdin_filename)
    done = [(item, analyse(item)) for item in inputs]
    wrong = show_errors(analysis for _, analysis in done)
    statuses = [inputs.status, Status.FINDINGS if wrong else Status.OK]
    outputs, complete = products(done, format, joined=target is None)
    statuses.append(Status.OK if complete else Status.FINDINGS)
    deliver(outputs, target, many=len(done) > 1)
    if done and not any(analysis.graphs or analysis.errors for _, analysis in done):
        statuses.append(_nothing(done))
    return worst(*statuses)


def _nothing(done: "Sequence[tuple[Input, Analysis]]") -> Status:
    from .console import say

    say(f"no workflow in {', '.join(item.source.name for item, _ in done)}")
    return Status.NOTHING
