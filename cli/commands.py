"""The command line: its commands by name, each loaded when it is asked for."""

from difflib import get_close_matches
from importlib import import_module

import click

from .. import __version__

# In the order of a day's work, which is the order of the help.
COMMANDS = (
    *("lint", "compile", "explain", "fmt", "rule"),
    *("run", "ps", "status", "result", "signal", "cancel", "retry"),
    *("install", "uninstall", "worker", "db"),
)
# Where the module's name is another one.
_MODULES = {"run": "run_workflow", "status": "instance_status"}

EPILOG = """\b
Exit status:
  0  fine
  1  findings (compile, explain: errors only; lint: see --fail-on), a workflow failed, or not possible
  2  wrong usage, or a file that cannot be read or written
  3  internal fault
  4  nothing matched: no such code, workflow or instance, no .dfsql file in a folder, no result yet
  5  no database: no server that answers, or no schema df in it
"""


class Commands(click.Group):
    """A group whose commands are modules beside this one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f".{_MODULES.get(cmd_name, cmd_name)}", __package__).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = get_close_matches(name, COMMANDS, 1, 0.5)
            hint = f"did you mean {close[0]}?" if close else f"the commands are {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command '{name}'; {hint}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(__version__, "-V", "--version", prog_name="dfsql", message="%(prog)s %(version)s")
def dfsql() -> None:
    """Checks, compiles, draws, formats and executes durable SQL workflows.

    FILE is a .dfsql file, any SQL script with workflows in it, or - for standard input. PATH may also be a
    folder, which is searched for *.dfsql.
    """
