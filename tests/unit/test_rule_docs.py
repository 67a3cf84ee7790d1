"""docs/rules/ is what docs/rule_pages.py makes of the records today: `make docs` writes it again."""

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from dfsql.compiler.rules import all_rules

ROOT = Path(__file__).parents[2]


def load() -> ModuleType:
    """docs/rule_pages.py, which is no part of the package."""
    spec = spec_from_file_location("docs_rule_pages", ROOT / "docs" / "rule_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PAGES: dict[Path, str] = load().pages()


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
