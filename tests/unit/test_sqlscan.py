"""The lexical scan of a step: what is code and what is not."""

from itertools import pairwise

import pytest

from dfsql.compiler.sqlscan import Region, code_start, first_keyword, kind_at, regions

CASES = [
    ("select 1", []),
    ("a 'b''c' d", [("literal", "'b''c'")]),
    ("'open $x", [("literal", "'open $x")]),
    (r"E'a\'b' c", [("literal", r"E'a\'b'")]),
    (r"e'\\' || 'x'", [("literal", r"e'\\'"), ("literal", "'x'")]),
    ("E'a'\n  '\\'b' c", [("literal", "E'a'\n  '\\'b'")]),
    (r"'a\' b 'c'", [("literal", r"'a\'"), ("literal", "'c'")]),
    (r"note'\' x", [("literal", r"'\'")]),  # the e of a word opens no escape string
    ("E'a\\", [("literal", "E'a\\")]),
    ('"a""b" c', [("quoted_name", '"a""b"')]),
    ("a -- b 'c\nd", [("comment", "-- b 'c")]),
    ("a -- b\r\nd", [("comment", "-- b")]),
    ("a+--b", [("comment", "--b")]),
    ("/* a /* b */ ' */ c", [("comment", "/* a /* b */ ' */")]),
    ("/* open /* b */ c", [("comment", "/* open /* b */ c")]),
    ("'--' /*'*/ '/*'", [("literal", "'--'"), ("comment", "/*'*/"), ("literal", "'/*'")]),
    ("$$a'b$$ c", [("dollar_tag", "$$"), ("dollar", "a'b"), ("dollar_tag", "$$")]),
    ("$q$ $$ $x$ $q$", [("dollar_tag", "$q$"), ("dollar", " $$ $x$ "), ("dollar_tag", "$q$")]),
    ("$é$ x $é$", [("dollar_tag", "$é$"), ("dollar", " x "), ("dollar_tag", "$é$")]),
    ("$a$b", []),  # never closed: two references
    ("tbl$x$ 'a' $x$", [("literal", "'a'")]),  # a word may hold dollars
    ("$1$ 'a' $1$", [("literal", "'a'")]),  # a tag is no number
]


@pytest.mark.parametrize(("sql", "expected"), CASES)
def test_regions(sql: str, expected: list[tuple[str, str]]) -> None:
    found = regions(sql)
    assert [(region.kind, sql[region.start : region.end]) for region in found] == expected
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_kind_at_tells_code_from_regions() -> None:
    sql = "a 'b' -- c"
    found = regions(sql)
    assert found == [Region("literal", 2, 5), Region("comment", 6, 10)]
    kinds = [kind_at(found, offset) for offset in range(len(sql))]
    assert kinds == [None, None, "literal", "literal", "literal", None, *["comment"] * 4]
    assert kind_at([], 0) is None


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select 1", "SELECT"),
        ("  -- note\n/* more /* */ */ Update t", "UPDATE"),
        ("((select 1) union select 2)", "SELECT"),
        (";; delete from t", "DELETE"),
        ("count(*) > 0", "COUNT"),
        ("$batch.done", None),
        ("'x' = 'y'", None),
        ("1 + 1", None),
        ("", None),
        ("-- only a comment", None),
        ("/* open", None),
    ],
)
def test_first_keyword(sql: str, word: str | None) -> None:
    assert first_keyword(sql) == word


def test_code_start_stops_at_a_parenthesis_unless_told() -> None:
    assert code_start(" ;( x") == 2
    assert code_start(" ;( x", parentheses=True) == 4
