"""What stays opaque on the corpus: SQL of others only, no operand that the language can read."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dfsql.grammar import (
    BINARY_OPERATORS,
    LOOP_OPERATOR,
    Binary,
    Call,
    Cast,
    Compound,
    Expr,
    Literal,
    Name,
    Param,
    Prefix,
    Region,
    Script,
    parse,
    strip_parens,
    walk,
)
from dfsql.grammar.lexer import Tokens, statement_tokens

DATA = Path(__file__).parents[1] / "data"
CORPUS = sorted([*(DATA / "scripts").glob("*.dfsql"), *(DATA / "ok").glob("*.dfsql")])
OWN = ("~>", "|=>", "?>", "!>")
# SQL that the language does not look into: it has a value when the server evaluates it, and none before.
OPAQUE = frozenset({"call", "subquery", "case", "case of", "array", "row", "subscript", "field", "at local"})


def regions_of(path: Path) -> tuple[Script, list[Region]]:
    script = parse(path.read_bytes().decode())
    return script, list(script.regions)


def trees(path: Path) -> Iterator[tuple[Region, Expr]]:
    for region in regions_of(path)[1]:
        assert region.tree is not None, region
        yield region, region.tree


def operands(tree: Expr) -> Iterator[Expr]:
    """The operands of the language's operators and the arguments of its functions."""
    for node in walk(tree):
        if isinstance(node, Binary) and node.operator in BINARY_OPERATORS:
            yield from (strip_parens(node.left), strip_parens(node.right))
        elif isinstance(node, Prefix) and node.operator == LOOP_OPERATOR:
            yield strip_parens(node.operand)
        elif isinstance(node, Call):
            yield from (strip_parens(argument.value) for argument in node.arguments)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_no_operand_is_opaque_that_could_be_read(path: Path) -> None:
    for region, tree in trees(path):
        for operand in operands(tree):
            text = region.fragment.text[operand.start : operand.end]
            if isinstance(operand, Compound):
                assert operand.form in OPAQUE | {"collate"}, text
                assert not text.startswith(("'", "$", "@>")), text
                assert not text.lower().startswith("df."), text
            else:
                assert isinstance(operand, Literal | Binary | Prefix | Call | Cast | Name | Param), text


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_operator_and_call_of_the_language_is_in_a_tree(path: Path) -> None:
    for region, tree in trees(path):
        nodes = Counter[str]()
        for node in walk(tree):
            if isinstance(node, Binary | Prefix) and node.operator in OWN:
                nodes[node.operator] += 1
            elif isinstance(node, Call):
                nodes["df."] += 1
        assert nodes == written(region), region.fragment.text[region.start : region.end]


def written(region: Region) -> Counter[str]:
    """The operators and calls that stand in a region, by its tokens."""
    tokens: Tokens = statement_tokens(region.fragment.text, region.start, region.end)
    found = Counter[str]()
    for at, kind in enumerate(tokens.kinds):
        if kind == "op" and tokens.word(at) in OWN:
            found[tokens.word(at)] += 1
        elif (
            kind in ("word", "quoted")
            and tokens.folded(at) == "df"
            and tokens.kinds[at + 1 : at + 2] == ["."]
        ):
            found["df."] += 1
    return found


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("seed_announcement", []),
        ("seed_overview", ["fast_query", "cond", "then_branch", "else_branch", "body"]),
        ("realistic", []),
    ],
)
def test_what_the_reference_examples_leave_open(name: str, names: list[str]) -> None:
    left = [
        region.fragment.text[operand.start : operand.end]
        for region, tree in trees(DATA / "scripts" / f"{name}.dfsql")
        for operand in operands(tree)
        if isinstance(operand, Compound | Name | Param)
    ]
    assert sorted(text for text in left if not text.startswith("format(")) == sorted(names)
