"""The command `dfsql`: one module per command, with no logic of its own."""

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Runs a command line (default: the process's own) and returns the exit status; it never raises.

    0 fine, 1 findings, 2 usage, 3 internal fault, 4 nothing matched; 130 and 141 after an interrupt or
    a closed pipe.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    from .console import flush, trouble, use_utf8, write

    try:
        use_utf8()
        if arguments in (["--version"], ["-V"]):  # the parser of command lines takes longer than all else
            from .. import __version__

            write(f"dfsql {__version__}\n")
            status = 0
        else:
            from .run import run

            status = run(arguments)
        flush()
    except OSError as error:
        return trouble(error)
    except KeyboardInterrupt:
        return 130
    return status
