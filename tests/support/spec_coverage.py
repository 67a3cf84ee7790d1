"""Which test shows which rule: the table docs/coverage.md, made of the rules' list and the tags in the tests.

A test is tagged by a comment line `-- rule: R2.4 R2.5` (SQL) or `# rule: R2.4` (Python). `python tests/support/spec_coverage.py` writes
the page again.
"""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "spec"
RULES = TESTS / "rules.txt"
PAGE = ROOT / "docs" / "coverage.md"

_TAG = re.compile(r"^\s*(?:--|#) rule: *(.*)$", re.MULTILINE)
_INTRO = """# Which test shows which rule

Made by `python tests/support/spec_coverage.py` from the tags in `tests/spec/`; a test fails when it is out of date or a rule has no test.

`R` rules say how a workflow runs, `M` what tools that watch workflows rely on, `A` what schema `df` offers, and `D` where we differ from
pg_durable's code because its documentation promises more. The SQL files run in psql against an installed schema and a worker process.
"""


def rules() -> dict[str, dict[str, str]]:
    """The rules by chapter: chapter -> id -> what the rule is about."""
    chapters: dict[str, dict[str, str]] = {}
    for line in RULES.read_text("utf-8").splitlines():
        if line.startswith("# "):
            chapters[line[2:]] = {}
        elif line.strip():
            rule, _, title = line.partition(" ")
            last = next(reversed(chapters))
            assert rule not in chapters[last], f"{rule} stands twice in {RULES}"
            chapters[last][rule] = title.strip()
    return chapters


def tags() -> dict[str, set[str]]:
    """Rule -> the test files that carry its tag, as paths below tests/spec."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted([*TESTS.rglob("*.sql"), *TESTS.rglob("test_*.py")]):
        for line in _TAG.findall(path.read_text("utf-8")):
            for rule in line.split():
                found[rule].add(path.relative_to(TESTS).as_posix())
    return found


def gaps() -> set[str]:
    """Rules without a test."""
    return {rule for chapter in rules().values() for rule in chapter} - tags().keys()


def strangers() -> set[str]:
    """Tags that name no rule."""
    return tags().keys() - {rule for chapter in rules().values() for rule in chapter}


def page() -> str:
    """The page as it should be."""
    found = tags()
    lines = [_INTRO]
    for chapter, members in rules().items():
        lines += [f"## {chapter}", "", "| rule | about | tests |", "|---|---|---|"]
        for rule, title in members.items():
            files = ", ".join(f"[{name}](../tests/spec/{name})" for name in sorted(found.get(rule, ())))
            lines.append(f"| {rule} | {title} | {files} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}; rules without a test: {', '.join(sorted(gaps())) or 'none'}")
