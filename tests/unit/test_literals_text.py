"""Literals: the text they stand for, and where its characters stand in the file."""

import pytest

from dfsql.grammar.lexer import statement_tokens
from dfsql.grammar.literals import BadEscapeError, decode, text_map

DECODED = [
    ("'a'", "a"), ("''", ""), ("''''", "'"), ("'it''s'", "it's"), ("'a\\nb'", "a\\nb"), ("'a\r\nb'", "a\r\nb"),
    ("N'a''b'", "a'b"), ("$$a'b\\n$$", "a'b\\n"), ("$q$a$$b$q$", "a$$b"), ("$$$$", ""),
    ("E'a\\nb\\tc\\\\d\\'e\\qf'", "a\nb\tc\\d'eqf"), ("E'\\b\\f\\r'", "\b\f\r"),
        ("E'\\101\\x42\\u0043\\U00000044'", "ABCD"),
    ("E'\\xc3\\xa9\\303\\251'", "éé"), ("E'\\ud83c\\udf89'", "🎉"), ("E'\\1018'", "A8"), ("E'\\x414'", "A4"),
        ("E'a\\\nb'", "a\nb"),
    ("U&'\\00e9\\+01F389\\\\'", "é🎉\\"), ("U&'d!0061t!!' UESCAPE '!'", "dat!"), ("U&'\\d83c\\df89'", "🎉"),
        ("U&'a''b'", "a'b"),
    ("'a'\n'b'", "ab"), ("'a' -- 'x'\n  'b'\n'c'", "abc"), ("E'a'\n'\\n'", "a\n"), ("'a'\n'\\n'", "a\\n"),
        ("'it'''\n'''s'", "it''s"),
    ("U&'!0061'\n'!0062' UESCAPE '!'", "ab"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "text"), DECODED)
def test_decoded_text(raw: str, text: str) -> None:
    tokens = statement_tokens(raw, 0)
    assert [tokens.word(at) for at in range(len(tokens))] == [raw]
    assert decode(raw, tokens.kinds[0]) == text


@pytest.mark.parametrize(("raw", "text"), DECODED)
def test_every_character_has_its_place(raw: str, text: str) -> None:
    before = "SELECT "
    places = text_map(raw, statement_tokens(raw, 0).kinds[0], len(before))
    file = before + raw
    reached = len(before)
    for at, char in enumerate(text):
        span = places.span(at, at + 1)
        assert reached <= span.start < span.end < len(file)
        written = file[span.start : span.end]
        assert written == char or (written[0] in "\\'!" and len(written) > 1)
        reached = span.end
    assert not text or places.span(0, len(text)).end == reached
    assert places.span(len(text), len(text)).start == places.end


@pytest.mark.parametrize(
    ("raw", "at"),
    [
        ("E'ab\\u12'", 4), ("E'\\U0001F60'", 2), ("E'a\\ud83d'", 3), ("E'\\ude00'", 2), ("E'\\U00110000'", 2),
        ("E'\\0'", 2),
        ("E'x\\xff'", 3), ("E'\\303'", 2), ("U&'a\\12'", 4), ("U&'\\+12'", 3), ("U&'\\d83d'", 3),
        ("U&'x!1' UESCAPE '!'", 4),
        ("U&'a' UESCAPE '+'", 15), ("U&'\\0000'", 3),
    ],
)  # fmt: skip
def test_invalid_escapes(raw: str, at: int) -> None:
    kind = statement_tokens(raw, 0).kinds[0]
    with pytest.raises(BadEscapeError) as caught:
        decode(raw, kind)
    assert caught.value.at == at


def test_an_escape_is_one_place() -> None:
    raw = "E'a\\n\\u00e9''b'"
    places = text_map(raw, "escape", 0)
    written = [raw[slice(*places.span(at, at + 1))] for at in range(5)]
    assert written == ["a", "\\n", "\\u00e9", "''", "b"]
    assert raw[slice(*places.span(1, 4))] == "\\n\\u00e9''"
