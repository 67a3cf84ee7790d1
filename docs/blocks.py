"""Command outputs in the documentation: found, produced by the program, written back.

A block is a comment `<!-- run: dfsql ... -->` and the fenced text below it, which repeats the command and
shows its output. `exit=1` in front of the colon is the exit status to expect, `| head -N` keeps N lines.
"""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"<!-- run(?: exit=(?P<status>\d+))?: (?P<command>dfsql[^\n]*?)(?: \| head -(?P<head>\d+))? -->\n"
    r"\n?```text\n(?P<shown>.*?)```\n",
    re.DOTALL,
)
# What would make the output another one: the widths and colours of whoever runs this.
_FIXED = {"COLUMNS": "92", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Block:
    """One command with the text that the page shows for it."""

    page: Path
    command: str
    status: int
    head: int | None
    shown: str

    def produce(self) -> str:
        """What the page should show. Raises ValueError when the command ends with another status."""
        status, output = run(self.command)
        if status != self.status:
            raise ValueError(
                f"{self.page.name}: {self.command}: exit status {status}, expected {self.status}"
            )
        lines = [line.rstrip() for line in output.splitlines()]
        if self.head is not None:
            lines = lines[: self.head]
        pipe = f" | head -{self.head}" if self.head is not None else ""
        return "\n".join([f"$ {self.command}{pipe}", *lines]).rstrip("\n") + "\n"


def pages() -> list[Path]:
    """The pages that may hold blocks."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> Iterator[Block]:
    """Every block of every page."""
    for page in pages():
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            yield _block(page, match)


def refresh() -> list[Path]:
    """Writes the outputs again; returns the pages that changed."""
    changed = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = _BLOCK.sub(lambda match, page=page: _renew(page, match), text)  # type: ignore[misc]
        if new != text:
            page.write_text(new, encoding="utf-8")
            changed.append(page)
    return changed


def run(command: str) -> tuple[int, str]:
    """A command line's exit status, and what it prints, run in the repository's root."""
    from dfsql.cli import main

    printed = io.StringIO()
    before = Path.cwd()
    environment = dict(os.environ)
    os.environ.update(_FIXED)
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = main(shlex.split(command)[1:])
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)
    return status, printed.getvalue()


def _renew(page: Path, match: re.Match[str]) -> str:
    shown = _block(page, match).produce()
    return match[0][: match.start("shown") - match.start()] + shown + "```\n"


def _block(page: Path, match: re.Match[str]) -> Block:
    head = int(match["head"]) if match["head"] else None
    return Block(page, match["command"], int(match["status"] or 0), head, match["shown"])
