"""`dfsql lint`: compiles, runs all checks, and reports."""

import sys

import click

from . import options
from .console import wants_color, write
from .status import Status, worst

FORMATS = ("full", "concise", "json")
LEVELS = ("error", "warning", "info")
TARGETS = ("dfsql", "pg_durable")


@click.command("lint", short_help="Find mistakes in workflows.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.choice("--format", values=FORMATS, default="full", help="Frames for people, one line each, or JSON.")
@options.choice(
    "--fail-on", values=LEVELS, default="warning", help="The least severity that makes exit status 1."
)
@options.choice(
    "--target", values=TARGETS, default="dfsql", help="pg_durable: also report what works here but not there."
)
@options.stdin_filename
def command(
    paths: tuple[str, ...], format: str, fail_on: str, target: str, stdin_filename: str | None
) -> Status:
    """Finds mistakes in workflows, without a server.

    Every finding stands at its place in the file, also inside a step's quoted SQL. `dfsql rule CODE`
    explains one. Exit status 1 means findings at or above --fail-on.
    """
    from ..compiler import FileFindings, report
    from ..grammar import Severity
    from .analysis import analyse, note_missing_parser
    from .inputs import Inputs

    inputs = Inputs(paths, stdin_filename=stdin_filename)
    analyses = [analyse(item, target=target) for item in inputs]
    files = [FileFindings(analysis.source, analysis.findings) for analysis in analyses]
    if files:
        write(report(files, format=format, color=format == "full" and wants_color(sys.stdout)))
    note_missing_parser(analyses)
    least = Severity(fail_on).rank
    failed = any(finding.severity.rank >= least for file in files for finding in file.findings)
    return worst(inputs.status, Status.FINDINGS if failed else Status.OK)
