"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def stdin_filename(function: F) -> F:
    """`--stdin-filename`."""
    return click.option(
        "--stdin-filename", metavar="NAME", help="The name under which standard input (-) is reported."
    )(function)


def output(what: str) -> Callable[[F], F]:
    """`-o`."""
    return click.option(
        "-o",
        "--output",
        "target",
        metavar="OUT",
        help=what,
        callback=_target,
    )


def _target(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The target of `-o`: None is standard output."""
    if value == "":
        raise click.BadParameter("the name is empty")
    return None if value == "-" else value


def choice(*flags: str, values: tuple[str, ...], default: str, help: str) -> Callable[[F], F]:
    """An option with a list of values, the default among them."""
    return click.option(*flags, type=click.Choice(values), default=default, show_default=True, help=help)
