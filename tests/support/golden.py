"""Gold for the checker: renders what it finds in a file, and writes the .out files anew.

`python tests/support/golden.py` accepts what the program says now; it prints the names of what changed.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from dfsql.compiler import Compilation, check, compile
from dfsql.grammar import Finding, Fix, Source

DATA = Path(__file__).parents[1] / "data"
_TARGET = re.compile(r"-- golden: target=(\w+)")
_SHOWN = 60  # so much of the text at a finding is shown


def read(path: Path) -> str:
    """The text with its line ends as they are."""
    return path.read_bytes().decode()


def findings_of(path: Path) -> tuple[Compilation, list[Finding]]:
    """All findings of a file; its first line may choose the target."""
    text = read(path)
    compilation = compile(text, name=path.name)
    return compilation, check(compilation, target=target_of(text))


def target_of(text: str) -> str:
    """The target that a file's first line asks for."""
    chosen = _TARGET.match(text)
    return chosen[1] if chosen else "dfsql"


def render(source: Source, findings: list[Finding]) -> str:
    """The gold of a file: every finding with its place, the text there, labels, help and fixes."""
    return "".join(f"{line}\n" for finding in findings for line in _lines(source, finding))


def _lines(source: Source, finding: Finding) -> Iterator[str]:
    kind = f"{finding.severity.value}[{finding.code}]"
    yield f"{_place(source, finding.span.start)}: {kind} {_one_line(finding.message, 400)}"
    yield f"  at: {_one_line(source.text[finding.span.start : finding.span.end])}"
    for label in finding.labels:
        text = source.text[label.span.start : label.span.end]
        yield f"  label {_place(source, label.span.start)}: {label.text}: {_one_line(text)}"
    if finding.help:
        yield f"  help: {_one_line(finding.help, 400)}"
    for fix in finding.fixes:
        yield f"  fix{' (safe)' if fix.safe else ''}: {fix.title}: {_one_line(_fixed(source, fix), 100)}"


def apply(text: str, fix: Fix) -> str:
    """The text with the edits of a fix made; edits at one place are made in their order."""
    parts: list[str] = []
    at = 0
    for edit in sorted(fix.edits, key=lambda edit: edit.span):
        assert at <= edit.span.start <= edit.span.end <= len(text), fix
        parts += (text[at : edit.span.start], edit.text)
        at = edit.span.end
    return "".join((*parts, text[at:]))


def _fixed(source: Source, fix: Fix) -> str:
    """What the edited stretch becomes."""
    start = min(edit.span.start for edit in fix.edits)
    end = max(edit.span.end for edit in fix.edits)
    after = apply(source.text, fix)
    return after[start : end + len(after) - len(source.text)]


def _place(source: Source, offset: int) -> str:
    line, column = source.position(offset)
    return f"{line}:{column}"


def _one_line(text: str, longest: int = _SHOWN) -> str:
    line = text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", "→")
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def main() -> None:
    """Write the .out file of every wrong file whose gold has changed."""
    for path in sorted((DATA / "err").glob("*.dfsql")):
        compilation, findings = findings_of(path)
        gold, out = render(compilation.script.source, findings), path.with_suffix(".out")
        if not out.exists() or out.read_text(encoding="utf-8") != gold:
            out.write_text(gold, encoding="utf-8")
            sys.stdout.write(f"{out.relative_to(DATA.parent)}\n")


if __name__ == "__main__":
    main()
