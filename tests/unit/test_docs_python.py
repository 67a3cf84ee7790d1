"""The examples of docs/python-api.md run and print what the page shows."""

import doctest
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import dfsql

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python-api.md"


def test_examples() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 25
    assert result.failed == 0


@pytest.mark.parametrize("function", [dfsql.compile, dfsql.check, dfsql.explain])
def test_keywords_of_the_functions_are_the_ones_described(function: Callable[..., object]) -> None:
    page = PAGE.read_text("utf-8")
    shown = page[page.index(f"`dfsql.{function.__name__}(") :].partition(")`")[0]
    for parameter in inspect.signature(function).parameters.values():
        default = "" if parameter.default is inspect.Parameter.empty else f"={parameter.default!r}"
        assert f"{parameter.name}{default}".replace("'", '"') in shown


def test_every_public_function_has_a_section() -> None:
    page = PAGE.read_text("utf-8")
    for name in dfsql.__all__:
        if inspect.isfunction(getattr(dfsql, name)):
            assert f"\n## {name}\n" in page
