"""Who groups with whom: our trees are the ones a live PostgreSQL builds, offsets included."""

import os
from collections import Counter
from random import Random

import pytest
from pg_oracle import Oracle, Rejected
from random_expressions import mutated, random_expression, random_tokens, spaced
from shapes import Shape
from tree_comparison import compared, shifted, shrunk, subexpressions
from tree_shapes import shape_of

from dfsql.grammar import parse_expression

pytestmark = pytest.mark.needs_postgres

COUNT = int(os.environ.get("GROUPING_N", "5000"))
SEED = int(os.environ.get("GROUPING_SEED", "20260722"))
DEPTH = 12

# written, and PostgreSQL's own reading with all parentheses
CONFIRMED = [
    ("t ~> t ~> t", "((t ~> t) ~> t)"),
    ("t ~> t & t | t", "(((t ~> t) & t) | t)"),
    ("t | t & t ~> t", "(((t | t) & t) ~> t)"),
    ("t ~> t |=> 'y'", "((t ~> t) |=> 'y')"),
    ("t ?> t !> t ~> t", "(((t ?> t) !> t) ~> t)"),
    ("t ~> t ?> t !> t", "(((t ~> t) ?> t) !> t)"),
    ("@> t ~> t", "((@> t) ~> t)"),
    ("@> t | t", "((@> t) | t)"),
    ("@> t |=> 'x'", "((@> t) |=> 'x')"),
    ("@> t || t", "((@> t) || t)"),
    ("t ~> @> t ~> t", "((t ~> (@> t)) ~> t)"),
    ("@> @> t", "(@> (@> t))"),
    ("t ~> t || t", "((t ~> t) || t)"),
    ("t || t ~> t", "((t || t) ~> t)"),
    ("t ~> 'SELECT ' || i || ' x'", "(((t ~> 'SELECT ') || i) || ' x')"),
    ("j -> 'k' ->> 'z' ~> t", "(((j -> 'k') ->> 'z') ~> t)"),
    ("t ~> j ->> 'k'", "((t ~> j) ->> 'k')"),
    ("t ~> x::text ~> t", "((t ~> (x::text)) ~> t)"),
    ('t ~> t COLLATE "C" ~> t', '((t ~> (t COLLATE "C")) ~> t)'),
    ("t ~> arr[1] ~> t", "((t ~> (arr[1])) ~> t)"),
    ("@> t::varchar", "(@> (t::varchar))"),
    ("@> arr[1]", "(@> (arr[1]))"),
    ('@> t COLLATE "C"', '(@> (t COLLATE "C"))'),
    ("i & i + i", "(i & (i + i))"),
    ("i + i & i", "((i + i) & i)"),
    ("- i & i", "((- i) & i)"),
    ("t ~> t = t", "((t ~> t) = t)"),
    ("t = t ~> t", "(t = (t ~> t))"),
    ("t ~> t IN ('a')", "((t ~> t) IN ('a'))"),
    ("t ~> t LIKE t", "((t ~> t) LIKE t)"),
    ("t ~> t BETWEEN t AND t ~> t", "((t ~> t) BETWEEN t AND (t ~> t))"),
    ("t ~> t IS NULL", "((t ~> t) IS NULL)"),
    ("NOT t ~> t IS NULL", "(NOT ((t ~> t) IS NULL))"),
    ("x AND t ~> t = t OR y", "((x AND ((t ~> t) = t)) OR y)"),
    ("t OPERATOR(pg_catalog.~>) t ~> t", "((t OPERATOR(pg_catalog.~>) t) ~> t)"),
    ("t ~> t AT TIME ZONE t ~> t", "((t ~> (t AT TIME ZONE t)) ~> t)"),
    ("t ~> t OPERATOR(pg_catalog.=) t = t", "(((t ~> t) OPERATOR(pg_catalog.=) t) = t)"),
    ("- t ^ t ~> t", "(((- t) ^ t) ~> t)"),
    ("- t::int ~> t", "((- (t::int)) ~> t)"),
    ("t ~> t <> t AND NOT t | t", "(((t ~> t) <> t) AND (NOT (t | t)))"),
    ("CASE WHEN t ~> t = t THEN t | t END ~> t", "((CASE WHEN ((t ~> t) = t) THEN (t | t) END) ~> t)"),
    ("df.loop(body => t ~> t | t) ~> t", "((df.loop(body => ((t ~> t) | t))) ~> t)"),
]


def placeless(shape: Shape) -> str:
    """The shape as text, without its offsets."""
    return "\n".join(line.rpartition(" @")[0] for line in str(shape).split("\n"))


@pytest.mark.parametrize(("written", "reading"), CONFIRMED)
def test_confirmed_groupings(oracle: Oracle, written: str, reading: str) -> None:
    theirs, expected = oracle.read([written, reading])
    assert isinstance(theirs, Shape)
    assert isinstance(expected, Shape)
    assert placeless(theirs) == placeless(expected)
    tree, findings = parse_expression(written)
    assert tree is not None, findings
    assert placeless(shape_of(tree, written)) == placeless(expected)
    assert compared(written, theirs).kind == "agree"


def compare(
    oracle: Oracle, expressions: list[list[str]], tolerated: frozenset[str] = frozenset()
) -> Counter[str]:
    """Fail with the first few differences, shortened; else how often each verdict came up."""
    readings = oracle.read(["".join(pieces) for pieces in expressions])
    seen: Counter[str] = Counter(accepted=sum(isinstance(reading, Shape) for reading in readings))
    reports: list[str] = []
    for pieces, theirs in zip(expressions, readings, strict=True):
        kind = compared("".join(pieces), theirs).kind
        seen[kind] += 1
        if kind == "agree" or kind in tolerated or len(reports) == 3:
            continue

        def fails(text: str, kind: str = kind) -> bool:
            return compared(text, oracle.read_one(text)).kind == kind

        text = shrunk(pieces, fails)
        reports.append(f"{text!r}: {kind}\n{compared(text, oracle.read_one(text)).report}")
    assert not reports, f"seed {SEED}, {seen}:\n\n" + "\n\n".join(reports)
    return seen


@pytest.mark.slow
def test_random_expressions_group_as_in_postgresql(oracle: Oracle) -> None:
    rng = Random(SEED)
    # a few more than asked for: some have a comparison of comparisons, which is no expression
    expressions = [random_expression(rng, rng.randint(0, DEPTH)) for _ in range(COUNT + COUNT // 10)]
    seen = compare(oracle, expressions)
    assert seen["accepted"] >= COUNT


@pytest.mark.slow
def test_random_mistakes_are_mistakes_in_postgresql_too(oracle: Oracle) -> None:
    """What both accept is the same. Where keywords stand as names of columns and types, and in subscripts
    of constants, we are a little more lenient or strict than PostgreSQL."""
    rng = Random(SEED + 1)
    expressions = []
    for _ in range(COUNT // 2):
        tokens = random_tokens(rng, rng.randint(0, 3), budget=10)
        expressions.append(spaced(rng, mutated(rng, tokens)))
    seen = compare(oracle, [pieces for pieces in expressions if pieces], frozenset({"lenient", "strict"}))
    rejected = seen["agree"] + seen["lenient"] + seen["strict"] - seen["accepted"]
    assert rejected > len(expressions) * 0.4  # else the test would mean nothing
    assert seen["lenient"] < rejected * 0.03, seen
    assert seen["strict"] < seen["accepted"] * 0.02, seen


@pytest.mark.slow
def test_the_span_of_every_part_holds_just_that_part(oracle: Oracle) -> None:
    rng = Random(SEED + 2)
    parts: list[tuple[str, Shape]] = []
    while len(parts) < COUNT // 2:
        text = "".join(random_expression(rng, rng.randint(0, 6)))
        tree, _ = parse_expression(text)
        if tree is not None:
            found = list(subexpressions(tree, text))
            parts.extend(rng.sample(found, min(2, len(found))))
    readings = oracle.read([text for text, _ in parts])
    wrong = [
        f"{text!r}\n{reading}\n{expected}"
        for (text, expected), reading in zip(parts, readings, strict=True)
        if reading != expected and not (isinstance(reading, Rejected) and "opaque" in str(expected))
    ]
    assert not wrong, f"seed {SEED + 2}:\n\n" + "\n\n".join(wrong[:3])


def test_the_comparison_sees_what_differs(oracle: Oracle) -> None:
    """The test tests: other grouping, other offsets and other mistakes are all noticed."""
    grouped, moved, mistake = oracle.read(["(t ~> t) & t", " t ~> (t & t)", "t ~> ~>"])
    assert isinstance(grouped, Shape)
    assert isinstance(moved, Shape)
    assert isinstance(mistake, Rejected)
    assert mistake.sqlstate == "42601"
    assert compared("(t ~> t) & t", grouped).kind == "agree"
    assert compared("t ~> t & t", grouped).kind == "differ"
    assert compared("t ~> (t & t)", moved).kind == "differ"
    assert compared("t ~> (t & t)", shifted(moved, -1)).kind == "agree"
    assert compared("t ~> t", mistake).kind == "lenient"
    assert compared("t ~> ~>", grouped).kind == "strict"
