"""The pages of docs/rules/, one for each rule, made from the records and from what the program says.

`pages()` is what should stand there; `write()` puts it there, and a test holds that nothing has drifted.
"""

from collections.abc import Iterator
from pathlib import Path

from dfsql.cli.decode import decode
from dfsql.compiler import FAMILIES, RULES, Rule, check, compile
from dfsql.compiler.report import FileFindings, report
from dfsql.grammar import Finding, Source

FOLDER = Path(__file__).parent / "rules"
_NAME = "flow.dfsql"  # what the examples' file is called in the reports
_LONGEST = 110  # a line of an example is cut here; only a workflow that is too large has longer ones

_INTRO = """# Rules

What `dfsql lint` and `dfsql compile` report, one page for each rule. `dfsql rule DF301` shows the same in a
terminal; it takes a name (`unbound-name`) or an id of the language reference (`N-01`) as well.

The first digit of a code is its family. An **error** is certain to fail: when the workflow is built, when it is
started or when it runs. A **warning** is almost surely not what was meant, and a **note** (info) is worth
knowing. Severity is that of what dfsql's own engine does; what goes wrong on pg_durable only is reported with
`--target pg_durable`.
"""


def pages() -> dict[Path, str]:
    """Every page by its path."""
    found = {FOLDER / f"{rule.code}.md": _page(rule) for rule in RULES.values()}
    found[FOLDER / "README.md"] = "\n".join(_index()) + "\n"
    return found


def write() -> list[Path]:
    """Writes what is not there yet or differs, and removes what is no page any more; returns the paths."""
    FOLDER.mkdir(exist_ok=True)
    current = pages()
    changed = [path for path in sorted(FOLDER.glob("*.md")) if path not in current]
    for path in changed:
        path.unlink()
    for path, text in current.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def _index() -> Iterator[str]:
    yield _INTRO.rstrip("\n")
    for family in FAMILIES.values():
        rules = [rule for rule in RULES.values() if rule.family == family]
        if not rules:
            continue
        yield from (
            "",
            f"## {family[0].upper()}{family[1:]}",
            "",
            "| code | name | severity | what it finds |",
        )
        yield "|---|---|---|---|"
        for rule in rules:
            cells = (f"[{rule.code}]({rule.code}.md)", rule.name, _severity(rule), _prose(rule.summary))
            yield f"| {' | '.join(cells)} |"


def _page(rule: Rule) -> str:
    return "\n".join(_lines(rule)) + "\n"


def _lines(rule: Rule) -> Iterator[str]:
    source, findings = _findings(rule)
    yield f"# {rule.code} {rule.name}"
    yield from ("", _prose(rule.summary), "")
    yield "| severity | family | ids | since |"
    yield "|---|---|---|---|"
    yield f"| {_severity(rule)} | {rule.family} | {', '.join(rule.aliases) or '–'} | {rule.since} |"
    if rule.target:
        yield from ("", f"Reported with `--target {rule.target}` only.")
    yield from ("", "## Why", "", _prose(rule.rationale), "", "## Wrong", "")
    yield from _code("sql", rule.bad)
    yield ""
    yield from _code("text", report([FileFindings(source, findings)], summary=False))
    if len(max(rule.bad.splitlines(), key=len)) > _LONGEST:
        yield from ("", "The example is cut here; `dfsql rule` shows more of it.")
    yield from ("", "## Right", "")
    yield from _code("sql", rule.good)
    yield from ("", "## How to fix", "")
    yield from _advice(findings)


def _advice(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        yield _sentence(finding.help or "")
        for fix in finding.fixes:
            sure = "A safe fix" if fix.safe else "A fix to look at"
            yield from ("", f"{sure} comes with the finding: {_prose(fix.title)}.")


def _sentence(help: str) -> str:
    """Advice as a sentence; a guess is one about the example, not about the reader's workflow."""
    lead = "Correct the spelling. In the example: " if help.startswith("did you mean") else ""
    words = help if lead else help[:1].upper() + help[1:]
    return f"{lead}{_prose(words)}{'' if help.endswith('?') else '.'}"


def _findings(rule: Rule) -> tuple[Source, list[Finding]]:
    """What the program says of the wrong example."""
    text, undecodable = decode(rule.bad.encode("utf-8", "surrogateescape"))
    if undecodable is not None:
        return Source(text, _NAME), [undecodable]
    compilation = compile(text, name=_NAME)
    return compilation.script.source, check(compilation, target=rule.target or "dfsql")


def _severity(rule: Rule) -> str:
    return "note" if rule.severity.value == "info" else rule.severity.value


def _code(language: str, text: str) -> Iterator[str]:
    yield f"```{language}"
    for line in text.rstrip("\n").splitlines():
        shown = line.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
        cut = language == "sql" and len(shown) > _LONGEST
        yield f"{shown[:_LONGEST]} ..." if cut else shown.rstrip()
    yield "```"


def _prose(text: str) -> str:
    """Text with SQL signs in it, which Markdown would read as its own."""
    for sign in "\\*_<>|~$":
        text = text.replace(sign, f"\\{sign}")
    return text


if __name__ == "__main__":
    write()
