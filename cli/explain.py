"""`dfsql explain`: workflows as trees and pictures."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from . import options
from .console import say
from .status import Status, worst

if TYPE_CHECKING:
    from ..compiler import Graph
    from .analysis import Analysis
    from .inputs import Input
    from .outputs import Output

FORMATS = ("text", "svg", "dot", "mermaid", "html", "json")
ENGINES = ("builtin", "dot")
SUFFIXES = {"text": ".txt", "svg": ".svg", "dot": ".dot", "mermaid": ".mmd", "html": ".html", "json": ".json"}
STDIN_NAMED = "<stdin>:"
_ALONE = frozenset({"svg", "html", "json", "mermaid"})  # two of them in one stream are no file of that kind


class _Explain(click.Command):
    """Takes `-:NAME` for an argument, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(
            ctx, [STDIN_NAMED + arg[2:] if arg.startswith("-:") else arg for arg in args]
        )


@click.command("explain", cls=_Explain, short_help="Show workflows as trees and pictures.")
@click.argument("file", metavar="FILE[:NAME]")
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
    file: str,
    format: str,
    target: str | None,
    full: bool,
    engine: str,
    focus: str | None,
    stdin_filename: str | None,
) -> Status:
    """Shows the workflows of a file, or the one called NAME.

    Workflows that cannot be built are reported, the others shown. Exit status 1 means errors.
    """
    from .analysis import analyse, show_errors
    from .inputs import Inputs
    from .outputs import deliver

    if focus is not None and format == "json":
        raise click.UsageError("--focus does nothing for json, which is always the whole workflow")
    path, wanted = split_name(file)
    if os.path.isdir(path):
        raise click.UsageError(f"{path} is a folder: name one file in it")
    inputs = Inputs([path], stdin_filename=stdin_filename)
    statuses = []
    for item in inputs:
        analysis = analyse(item)
        graphs, status = _select(analysis, wanted)
        wrong = show_errors([_about(graphs, analysis) if wanted is not None else analysis])
        statuses += [status, Status.FINDINGS if wrong else Status.OK]
        _check_count(graphs, format, target, focus)
        drawn = _Drawn(format, full, engine, focus, together=target is None and len(graphs) > 1)
        outputs = list(drawn.outputs(item, analysis, graphs, target))
        statuses.append(drawn.status)
        deliver(outputs, target)
    return worst(inputs.status, *statuses)


def split_name(argument: str) -> tuple[str, str | None]:
    """FILE and NAME: the longest beginning before a colon that is a file; a path may hold colons too."""
    if argument == "-" or os.path.exists(argument):
        return argument, None
    if argument.startswith(STDIN_NAMED):
        return "-", argument.removeprefix(STDIN_NAMED)
    at = argument.rfind(":")
    while at > 0:
        path, name = argument[:at], argument[at + 1 :]
        if os.path.exists(path):
            return path, name
        at = argument.rfind(":", 0, at)
    return argument, None


def _select(analysis: "Analysis", wanted: str | None) -> "tuple[list[Graph], Status]":
    """The workflows to show: those without errors of syntax and building."""
    right = analysis.without(analysis.broken)
    where = analysis.source.name
    if wanted is None:
        if not right and not analysis.errors:
            say(f"no workflow in {where}")
            return [], Status.NOTHING
        return right, Status.OK
    chosen = [graph for graph in right if graph.name == wanted]
    if chosen or any(finding.workflow == wanted for finding in analysis.broken):
        return chosen, Status.OK
    names = [graph.name or "" for graph in analysis.graphs]
    close = get_close_matches(wanted, names, 3, 0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(names) or 'none'}"
    say(f"{where} has no workflow called '{wanted}'; {hint}")
    return [], Status.NOTHING


def _about(graphs: "Sequence[Graph]", analysis: "Analysis") -> "Analysis":
    """What is to be said when only these workflows were asked for: all of it when there are none."""
    if not graphs:
        return analysis
    findings = tuple(finding for graph in graphs for finding in analysis.of(graph))
    return replace(analysis, findings=findings)


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
