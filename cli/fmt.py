"""`dfsql fmt`: lays workflows out, one step per line."""

import codecs
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from . import options
from .console import say, show, wants_color, write
from .status import Status, worst

if TYPE_CHECKING:
    from .inputs import Input


@click.command("fmt", short_help="Lay workflows out, one step per line.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 when a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change, with exit status 1.")
@options.stdin_filename
def command(paths: tuple[str, ...], check: bool, diff: bool, stdin_filename: str | None) -> Status:
    """Formats workflows in place; standard input (-) goes to standard output.

    Keeps comments and everything that is no workflow. A file with a syntax error is reported and left alone.
    """
    from .inputs import Inputs

    inputs = Inputs(paths, stdin_filename=stdin_filename)
    statuses: list[Status] = []
    counts: Counter[str] = Counter()
    for item in inputs:
        text = _formatted(item)
        if text is None:
            counts["not formatted"] += 1
            statuses.append(Status.FINDINGS)
            continue
        changed = text != item.source.text
        counts["changed" if changed else "unchanged"] += 1
        if changed and (check or diff):
            statuses.append(Status.FINDINGS)
        if diff:
            write("".join(_diff(item, text)))
        elif check and changed:
            write(f"would change {item.source.name}\n")
        if not check and not diff:
            statuses.append(_store(item, text, changed))
    if not _is_quiet(paths, check=check, diff=diff) and counts:
        _summary(counts, dry=check or diff)
    return worst(inputs.status, *statuses)


def _is_quiet(paths: tuple[str, ...], *, check: bool, diff: bool) -> bool:
    """Whether the counts would only disturb: below a diff, and in an editor that formats its text."""
    return (diff and not check) or (not check and set(paths) == {"-"})


def _formatted(item: "Input") -> str | None:
    """The new text, or None after a report of why there is none."""
    from ..compiler import FileFindings, report
    from ..grammar import FormatError, format_text

    findings = [item.finding] if item.finding else []
    if not findings:
        try:
            return format_text(item.source.text)
        except FormatError as error:
            findings.extend(error.findings)
    show(report([FileFindings(item.source, findings)], color=wants_color(sys.stderr), summary=False))
    return None


def _store(item: "Input", text: str, changed: bool) -> Status:
    if item.path is None:
        write(text)
    elif changed:
        try:
            mark = codecs.BOM_UTF8 if item.data.startswith(codecs.BOM_UTF8) else b""
            item.path.write_bytes(mark + text.encode("utf-8"))
        except OSError as error:
            say(f"cannot write {item.source.name}: {error.strerror}")
            return Status.USAGE
    return Status.OK


def _summary(counts: "Counter[str]", *, dry: bool) -> None:
    words = {"changed": "would change" if dry else "changed", "unchanged": "unchanged"}
    parts = [
        f"{counts[key]} {'file' if counts[key] == 1 else 'files'} {words.get(key, key)}"
        for key in ("changed", "unchanged", "not formatted")
        if counts[key]
    ]
    say(", ".join(parts))


def _diff(item: "Input", text: str) -> Iterator[str]:
    """A unified diff; a last line without its end is marked as `diff` does it."""
    from difflib import unified_diff

    name = item.source.name
    before, after = (value.splitlines(keepends=True) for value in (item.source.text, text))
    for line in unified_diff(before, after, f"{name} (now)", f"{name} (formatted)"):
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
