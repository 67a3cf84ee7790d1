"""Runs a command and turns what can happen on the way into an exit status."""

import os
import sys
import traceback
from collections.abc import Sequence

import click

from .commands import dfsql
from .console import say, show, silence
from .status import Status

HOW_TO_REPORT = "this is a bug in dfsql: please report it with the file, and with what DFSQL_DEBUG=1 prints"


def run(args: Sequence[str]) -> int:
    """The exit status of a command line; only KeyboardInterrupt goes through."""
    try:
        result = dfsql.main(list(args), prog_name="dfsql", standalone_mode=False)
        return int(result) if isinstance(result, int) else Status.OK
    except click.exceptions.NoArgsIsHelpError as error:
        show(error.format_message() + "\n")
        return Status.USAGE
    except click.ClickException as error:
        error.show()
        return Status.USAGE
    except (KeyboardInterrupt, click.Abort):
        return Status.INTERRUPTED
    except BrokenPipeError:
        silence()
        return Status.PIPE
    except OSError as error:
        if error.filename is None and sys.stdout is not None and not _is_write_error(error):
            return _fault(error)
        say(f"cannot write {error.filename or 'the output'}: {error.strerror or error}")
        silence()
        return Status.USAGE
    except Exception as error:
        return _fault(error)


def _is_write_error(error: OSError) -> bool:
    """Whether it comes from writing to standard output: a full disk, a descriptor that is closed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").endswith(".cli.console")


def _fault(error: Exception) -> Status:
    if os.environ.get("DFSQL_DEBUG"):
        show("".join(traceback.format_exception(error)))
    say(f"internal fault: {type(error).__name__}: {' '.join(str(error).split())}; {HOW_TO_REPORT}")
    return Status.FAULT
