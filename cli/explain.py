"""`dfsql explain`: workflows as trees and pictures."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from . import database, options
from .console import say
from .selection import TakesNames, about, select, split_name
from .status import Status, worst

if TYPE_CHECKING:
    from ..compiler import Graph
    from .analysis import Analysis
    from .inputs import Input
    from .outputs import Output

FORMATS = ("text", "svg", "dot", "mermaid", "html", "json")
ENGINES = ("builtin", "dot")
SUFFIXES = {"text": ".txt", "svg": ".svg", "dot": ".dot", "mermaid": ".mmd", "html": ".html", "json": ".json"}
_ALONE = frozenset({"svg", "html", "json", "mermaid"})  # two of them in one stream are no file of that kind


@click.command("explain", cls=TakesNames, short_help="Show workflows as trees and pictures.")
@click.argument("file", metavar="[FILE[:NAME]]", required=False)
@click.option(
    "--instance", metavar="ID", help="A started workflow instead of a file, with the state of its steps."
)
@database.dsn
@options.choice(
    "--format", values=FORMATS, default="text", help="A tree, a picture, a page, or a diagram language."
)
@options.output("A file, or a folder for several workflows.")
@click.option("--full", is_flag=True, help="Show long SQL uncut.")
@options.choice(
    "--engine", values=ENGINES, default="builtin", help="What draws the SVG: dfsql, or Graphviz's dot."
)
@click.option(
    "--focus", metavar="NODE", help="Only what leads to this step or depends on it, such as s3.then.s1."
)
@options.stdin_filename
def command(
    file: str | None,
    instance: str | None,
    dsn: str | None,
    format: str,
    target: str | None,
    full: bool,
    engine: str,
    focus: str | None,
    stdin_filename: str | None,
) -> Status:
    """Shows the workflows of a file, the one called NAME, or with --instance a started one as it is now.

    Workflows that cannot be built are reported, the others shown. Exit status 1 means errors.
    """
    if (file is None) == (instance is None):
        raise click.UsageError("name a workflow: FILE or FILE:NAME, or --instance ID")
    if focus is not None and format == "json":
        raise click.UsageError("--focus does nothing for json, which is always the whole workflow")
    if instance is not None:
        from .live_explain import show

        return show(instance, dsn, format=format, full=full, engine=engine, focus=focus, target=target)
    if dsn is not None:
        raise click.UsageError("--dsn is where the --instance is; a file needs no database")
    return _show_file(str(file), format, target, full, engine, focus, stdin_filename)


def _show_file(
    file: str,
    format: str,
    target: str | None,
    full: bool,
    engine: str,
    focus: str | None,
    stdin_filename: str | None,
) -> Status:
    from .analysis import analyse, show_errors
    from .inputs import Inputs
    from .outputs import deliver

    path, wanted = split_name(file)
    if os.path.isdir(path):
        raise click.UsageError(f"{path} is a folder: name one file in it")
    inputs = Inputs([path], stdin_filename=stdin_filename)
    statuses = []
    for item in inputs:
        analysis = analyse(item)
        graphs, status = select(analysis, wanted)
        wrong = show_errors([about(graphs, analysis) if wanted is not None else analysis])
        statuses += [status, Status.FINDINGS if wrong else Status.OK]
        _check_count(graphs, format, target, focus)
        drawn = _Drawn(format, full, engine, focus, together=target is None and len(graphs) > 1)
        outputs = list(drawn.outputs(item, analysis, graphs, target))
        statuses.append(drawn.status)
        deliver(outputs, target)
    return worst(inputs.status, *statuses)


def _check_count(graphs: "Sequence[Graph]", format: str, target: str | None, focus: str | None) -> None:
    from .outputs import is_folder

    if len(graphs) < 2:
        return
    names = ", ".join(graph.name or "" for graph in graphs)
    if focus is not None:
        raise click.UsageError(f"--focus is about one workflow: name it with FILE:NAME ({names})")
    if format in _ALONE and (target is None):
        raise click.UsageError(f"{len(graphs)} workflows need FILE:NAME or -o FOLDER with {format} ({names})")
    if format in _ALONE and target is not None:
        is_folder(target, many=True)


class _Drawn:
    """Draws one workflow after the other; `status` says what went wrong."""

    def __init__(self, format: str, full: bool, engine: str, focus: str | None, *, together: bool) -> None:
        self.format = format
        self.full = full
        self.engine = engine
        self.focus = focus
        self.together = together
        self.status = Status.OK

    def outputs(
        self, item: "Input", analysis: "Analysis", graphs: "Sequence[Graph]", target: str | None
    ) -> "Iterator[Output]":
        from . import emit
        from .outputs import Output, file_name

        for number, graph in enumerate(graphs):
            text = self.draw(graph, analysis)
            if text is None:
                continue
            if self.together:
                text = ("\n" if number else "") + emit.heading(graph, self.format, True) + text
            parts = emit.name_parts(item, graph, analysis.graphs)
            yield Output(file_name(*parts, suffix=SUFFIXES[self.format]), text)

    def draw(self, graph: "Graph", analysis: "Analysis") -> str | None:
        """The text of one workflow, None when it cannot be drawn as asked."""
        from ..compiler import ExplainError, UnknownStepError, explain

        try:
            text = explain(
                graph,
                format=self.format,
                full=self.full,
                engine=self.engine,
                findings=analysis.of(graph),
                focus=self.focus,
            )
        except ExplainError as error:
            say(str(error))
            self.status = Status.NOTHING if isinstance(error, UnknownStepError) else Status.USAGE
            return None
        return text if text.endswith("\n") else text + "\n"
