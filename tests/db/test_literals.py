"""What a literal says: our decoded text is the value a live PostgreSQL gives it."""

from random import Random

import psycopg
import pytest
from random_literals import random_literal

from dfsql.grammar import Literal, parse_expression

pytestmark = pytest.mark.needs_postgres

Connection = psycopg.Connection[tuple[object, ...]]

COUNT = 4000
SEED = 20260723
BATCH = 500


def decoded(text: str) -> str:
    """Our reading of a literal."""
    tree, findings = parse_expression(text)
    assert isinstance(tree, Literal), (text, findings)
    assert (tree.start, tree.end) == (0, len(text))
    return tree.text


def test_random_literals(connection: Connection) -> None:
    rng = Random(SEED)
    literals = [random_literal(rng, rng.choice((2, 6, 25))) for _ in range(COUNT)]
    for start in range(0, COUNT, BATCH):
        batch = literals[start : start + BATCH]
        (values,) = connection.execute(f"SELECT {', '.join(batch)}".encode()).fetchall()
        for text, value in zip(batch, values, strict=True):
            assert decoded(text) == value, f"{text!r}, seed {SEED}"


@pytest.mark.parametrize(
    "text",
    [
        "E'\\u12'", "E'\\U0001F60'", "E'\\u'", "E'\\ud83d'", "E'\\ude00'", "E'\\ud83dx'", "E'\\U00110000'",
        "E'\\0'", "E'\\x00'", "E'\\u0000'", "E'\\xff'", "E'\\303'", "E'\\xc3x'", "E'\\251'", "E'\\xe6\\xbc'",
        "U&'\\12'", "U&'\\+12'", "U&'\\d83d'", "U&'\\de00'", "U&'\\+110000'", "U&'\\0000'", "U&'a\\'",
        "U&'!1' UESCAPE '!'", "U&'a' UESCAPE '+'", "U&'a' UESCAPE 'a'", "U&'a' UESCAPE ''", "'a' 'b'",
        "'a", "$$a", "E'a\\'", "$q$a$$", "U&'a' UESCAPE", "'a' /* \n */ 'b'", "'a'\n$$b$$", "'a'\nE'b'",
        "'a' -- x\n E'b'",
        "E'\\xed\\xa0\\x80'", "E'\\xc0\\x80'", "E'\\xf4\\x90\\x80\\x80'",
    ],
)  # fmt: skip
def test_what_postgresql_refuses(connection: Connection, text: str) -> None:
    with pytest.raises(psycopg.Error):
        connection.execute(f"SELECT {text}\n".encode())
    tree, findings = parse_expression(text)
    assert findings, text
    assert tree is None
