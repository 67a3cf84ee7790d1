"""Runs a command and turns what can happen on the way into an exit status."""

import gc
import os
import traceback
from collections.abc import Sequence

import click

from .commands import dfsql
from .console import say, show
from .status import Status

# Trees and graphs are many objects and few cycles: looking for cycles as often as usual takes a third of the time.
RARELY = (100_000, 50, 1000)

HOW_TO_REPORT = "this is a bug in dfsql: please report it with the file, and with what DFSQL_DEBUG=1 prints"


def run(args: Sequence[str]) -> int:
    """The exit status of a command line. Raises OSError when the output cannot be written."""
    thresholds = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        with dfsql.make_context("dfsql", list(args)) as context:
            result = dfsql.invoke(context)
        return int(result) if isinstance(result, int) else Status.OK
    except click.exceptions.Exit as stop:  # after --help
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        show(error.format_message() + "\n")
        return Status.USAGE
    except click.ClickException as error:
        error.show()
        return Status.USAGE
    except OSError:
        raise
    except Exception as error:
        return _fault(error)
    finally:
        gc.set_threshold(*thresholds)


def _fault(error: Exception) -> Status:
    if os.environ.get("DFSQL_DEBUG"):
        show("".join(traceback.format_exception(error)))
    say(f"internal fault: {type(error).__name__}: {' '.join(str(error).split())}; {HOW_TO_REPORT}")
    return Status.FAULT
