"""docs/rules/ is what docs/rule_pages.py makes of the records today: `make docs` writes it again."""

import re
from pathlib import Path

import pytest
from docs_modules import load

from dfsql.compiler.rules import all_rules

ROOT = Path(__file__).parents[2]


PAGES: dict[Path, str] = load("rule_pages").pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path]


def test_there_is_a_page_for_every_rule_and_no_other() -> None:
    stems = {path.stem for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert stems == {*all_rules(), "README"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_plain_markdown(path: Path) -> None:
    text = PAGES[path]
    assert text.count("```") % 2 == 0
    assert text.isprintable() or all(char.isprintable() or char == "\n" for char in text)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (path.parent / target).exists(), target


def test_a_page_shows_what_the_program_says() -> None:
    text = PAGES[ROOT / "docs" / "rules" / "DF301.md"]
    for part in (
        "# DF301 unbound-name",
        "error[DF301]",
        "$totl",
        "## How to fix",
        "In the example: did you mean \\$total?",
        "N-01",
    ):
        assert part in text
