"""What the documentation shows is what the program does. `make docs` writes the outputs again."""

import doctest
import re
from pathlib import Path

import pytest
from docs_modules import load

from dfsql.cli.commands import COMMANDS
from dfsql.compiler import check, compile
from dfsql.grammar import format_text

ROOT = Path(__file__).parents[2]


BLOCKS = list(load("blocks").blocks())


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page.stem}: {block.command}")
def test_output_in_the_documentation_is_the_programs(block: object) -> None:
    assert block.shown == block.produce()  # type: ignore[attr-defined]


def test_every_marked_command_is_found() -> None:
    marked = sum(page.read_text(encoding="utf-8").count("<!-- run") for page in load("blocks").pages())
    assert len(BLOCKS) == marked > 10


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_with_its_help(command: str) -> None:
    shown = [block.command for block in BLOCKS if block.page == ROOT / "docs" / "commands" / f"{command}.md"]
    assert f"dfsql {command} --help" in shown
    assert len(shown) > 1


def test_python_in_the_readme_runs() -> None:
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False, encoding="utf-8")
    assert result.attempted > 3
    assert result.failed == 0


def test_an_output_that_differs_is_seen() -> None:
    block = BLOCKS[0]
    assert type(block)(block.page, "dfsql --version", 0, None, "$ dfsql --version\n0\n").produce() != "0\n"
    with pytest.raises(ValueError, match="exit status 2, expected 0"):
        type(block)(block.page, "dfsql nonsense", 0, None, "").produce()


def test_workflows_in_the_readme_are_clean() -> None:
    workflows = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert workflows
    for text in workflows:
        compilation = compile(text)
        assert compilation.graphs
        assert check(compilation) == []
        assert format_text(text) == text
