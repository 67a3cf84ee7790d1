"""The parse table: generated from the grammar, without conflicts that nothing decides."""

import sys
from os import environ
from pathlib import Path
from subprocess import run

import pytest

from dfsql.grammar import tables
from dfsql.grammar.build import BUILDERS
from dfsql.grammar.precedence import read_precedence


def test_the_generated_table_is_current() -> None:
    written = Path(tables.__file__).with_name("_table.py").read_text(encoding="utf-8")
    assert tables.render(tables.grammar_text()) == written, "run `make table`"


def test_the_loaded_table_is_the_one_that_lark_builds() -> None:
    assert tables.load() == tables.build(tables.grammar_text())


def test_a_conflict_between_two_rules_is_refused() -> None:
    with pytest.raises(ValueError, match="reduce/reduce"):
        tables.build("start: a | b\na: X\nb: X\n%declare X\n")


def test_an_edited_grammar_is_built_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    edited = "start: X -> number\n%declare X\n"
    monkeypatch.setattr(tables, "grammar_text", lambda: edited)
    tables.load.cache_clear()
    try:
        assert tables.load().rules == [("start", 1, "number")]
    finally:
        tables.load.cache_clear()


def test_every_rule_has_a_builder() -> None:
    names = {alias for _, _, alias in tables.load().rules if alias}
    assert names <= set(BUILDERS) | {"aliased"}
    assert set(BUILDERS) <= names


def test_rules_without_a_builder_pass_one_child_on() -> None:
    assert {length for _, length, alias in tables.load().rules if not alias} == {1}


def test_precedence_decides_as_yacc_does() -> None:
    levels = read_precedence("//%left A B\n//%right C\n//%nonassoc D\n//%prec C low other\n")
    assert levels.of_rule("low", ["expr", "A", "expr"]) == levels.levels["C"]
    assert levels.of_rule("some", ["expr", "A", "expr"]) == levels.levels["B"]
    assert levels.of_rule("some", ["expr"]) is None
    assert levels.choose(levels.levels["A"], "B") == "reduce"
    assert levels.choose(levels.levels["C"], "C") == "shift"
    assert levels.choose(levels.levels["D"], "D") == "error"
    assert levels.choose(levels.levels["A"], "C") == "shift"
    assert levels.choose(levels.levels["D"], "C") == "reduce"
    assert levels.choose(None, "A") == levels.choose(1, "X") == "shift"


def test_all_operators_of_the_language_share_one_level() -> None:
    """And `||`, `->>` and the rest with them: they arrive as the same terminal."""
    from dfsql.grammar.terminals import _OPERATORS

    for operator in ("~>", "&", "|", "|=>", "?>", "!>", "@>", "||", "->>", "#", "~"):
        assert operator not in _OPERATORS


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_table_does_not_depend_on_the_hash_seed(seed: str) -> None:
    code = "from dfsql.grammar import tables; print(end=tables.render(tables.grammar_text()))"
    made = run(
        [sys.executable, "-c", code], env=environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
    )
    assert made.stdout.decode() == tables.render(tables.grammar_text())
