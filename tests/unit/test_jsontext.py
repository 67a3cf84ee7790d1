"""The JSON reader: values, errors with their positions, depth."""

import json

import pytest

from dfsql.compiler.jsontext import JsonError, Object, Value, place, quote, read


def plain(value: Value) -> object:
    if isinstance(value, Object):
        return {member.key: plain(member.value) for member in value.members}
    return [plain(each) for each in value] if isinstance(value, list) else value


GOOD = [
    *[
        "{}",
        "[]",
        " [ [ ] , { } ] ",
        '"a"',
        '""',
        "12",
        "-3",
        "0",
        "1.5",
        "-0",
        "1e5",
        "1E-2",
        "true",
        "false",
        "null",
    ],
    '{"a":[1,2.5,{"b":null}],"c":"x\\u00e9\\n\\"\\\\","":[]}',
    '"\\ud83d\\ude42 🙂 \\/ \x7f \u2028"',
    "18446744073709551615",
    '\t\r\n{ "a" : [ true , false ] }\n',
]
BAD = {
    "": "EOF while parsing a value at line 1 column 0",
    "SELECT 1": "expected value at line 1 column 1",
    "NaN": "expected value at line 1 column 1",
    "nul": "expected ident at line 1 column 1",
    "-": "invalid number at line 1 column 1",
    "01": "trailing characters at line 1 column 2",
    "{} x": "trailing characters at line 1 column 4",
    "1e999": "number out of range at line 1 column 5",
    "[": "EOF while parsing a value at line 1 column 1",
    "[1": "EOF while parsing a list at line 1 column 2",
    "[1 2]": "expected `,` or `]` at line 1 column 4",
    "[1,]": "trailing comma at line 1 column 4",
    "{": "EOF while parsing an object at line 1 column 1",
    '{"a"': "EOF while parsing an object at line 1 column 4",
    '{"a":1': "EOF while parsing an object at line 1 column 6",
    '{"a":1,': "EOF while parsing an object at line 1 column 7",
    '{"a" 1}': "expected `:` at line 1 column 6",
    '{"a":1 "b"}': "expected `,` or `}` at line 1 column 8",
    '{"a":1,}': "trailing comma at line 1 column 8",
    '{\n"a": x}': "expected value at line 2 column 6",
    "{1:2}": "key must be a string at line 1 column 2",
    "{'a':2}": "key must be a string at line 1 column 2",
    '"a': "EOF while parsing a string at line 1 column 2",
    '"a\tb"': "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 3",
    '"\\x"': "invalid escape at line 1 column 1",
    '"\\ud800"': "lone leading surrogate in hex escape at line 1 column 1",
}


@pytest.mark.parametrize("text", GOOD)
def test_same_values_as_the_standard_library(text: str) -> None:
    value = plain(read(text))
    assert value == json.loads(text)
    assert type(value) is type(json.loads(text)) or text == "-0"  # a double, as its sign needs


@pytest.mark.parametrize(("text", "message"), BAD.items())
def test_errors(text: str, message: str) -> None:
    with pytest.raises(JsonError) as caught:
        read(text)
    assert str(caught.value) == message


def test_integers_beyond_64_bits_are_doubles() -> None:
    assert repr(read("18446744073709551616")) == "1.8446744073709552e+19"
    assert repr(read("-9223372036854775809")) == "-9.223372036854776e+18"


def test_doubled_keys_are_kept_in_order() -> None:
    value = read('{"a":1,"b":2,"a":3}')
    assert isinstance(value, Object)
    assert [(member.key, member.value) for member in value.members] == [("a", 1), ("b", 2), ("a", 3)]
    assert value.last("a") == 3
    assert value.last("c") is None
    assert "b" in value
    assert "c" not in value


def test_offsets_of_objects_and_members() -> None:
    text = ' {"a": {"b":1} , "c":[ ]}'
    value = read(text)
    assert isinstance(value, Object)
    inner = value.last("a")
    assert isinstance(inner, Object)
    assert text[value.start : value.end] == text[1:]
    assert text[inner.start : inner.end] == '{"b":1}'
    assert [text[: member.end][-2:] for member in value.members] == ["1}", " ]"]


def test_depth_costs_no_recursion() -> None:
    read("[" * 100_000 + "]" * 100_000)
    with pytest.raises(JsonError):
        read('{"a":' * 100_000)


def test_quote_escapes_as_the_reference_does() -> None:
    assert quote('"\\\b\f\n\r\t\x00\x1f\x7f/é\u2028') == '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f/é\u2028"'


def test_place_counts_lines_from_one() -> None:
    assert place("ab\ncd", 2) == " at line 1 column 2"
    assert place("ab\ncd", 4) == " at line 2 column 1"
