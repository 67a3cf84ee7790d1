"""One workflow out of a file: FILE:NAME, and what is said where there is none of that name."""

import os
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from .console import say
from .status import Status

if TYPE_CHECKING:
    from ..compiler import Graph
    from .analysis import Analysis

STDIN_NAMED = "<stdin>:"


class TakesNames(click.Command):
    """Takes `-:NAME` for an argument, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(
            ctx, [STDIN_NAMED + arg[2:] if arg.startswith("-:") else arg for arg in args]
        )


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


def select(analysis: "Analysis", wanted: str | None) -> "tuple[list[Graph], Status]":
    """The workflows that are meant: those without errors of syntax and building."""
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
    names = names_of(analysis.graphs)
    close = get_close_matches(wanted, names, 3, 0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(names) or 'none'}"
    say(f"{where} has no workflow called '{wanted}'; {hint}")
    return [], Status.NOTHING


def about(graphs: "Sequence[Graph]", analysis: "Analysis") -> "Analysis":
    """What is to be said when only these workflows were asked for: all of it when there are none."""
    if not graphs:
        return analysis
    findings = tuple(finding for graph in graphs for finding in analysis.of(graph))
    return replace(analysis, findings=findings)


def names_of(graphs: "Sequence[Graph]") -> list[str]:
    """What the workflows are called."""
    return [graph.name or "" for graph in graphs]
