"""Rows as the server sends them become the JSON text of a result."""

import json
import math
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfsql.runtime.values import (
    EMPTY_RESULT,
    Column,
    UnsupportedColumnError,
    is_storable,
    needs_server,
    result_text,
    sql_error_text,
)

BOOL, BYTEA, INT8, INT4, TEXT, JSON, REAL, DOUBLE = 16, 17, 20, 23, 25, 114, 700, 701
BPCHAR, DATE, TIMESTAMP, TIMESTAMPTZ, NUMERIC, RECORD, VOID, UUID, JSONB = (
    1042,
    1082,
    1114,
    1184,
    1700,
    2249,
    2278,
    2950,
    3802,
)
INT4_ARRAY, INTERVAL, FIRST_USER_TYPE = 1007, 1186, 16384


def one(oid: int, cell: str | None) -> str:
    """The JSON of a single cell."""
    text = result_text([Column("c", oid)], [[None if cell is None else cell.encode()]])
    assert text.startswith('{"rows":[{"c":')
    assert text.endswith('}],"row_count":1}')
    json.loads(text)
    return text[14:-17]


@pytest.mark.parametrize(
    ("oid", "cell", "expected"),
    [
        (BOOL, "t", "true"),
        (BOOL, "f", "false"),
        (INT8, "9007199254740993", "9007199254740993"),
        (INT4, "-7", "-7"),
        (TEXT, 'a"b\\c\n\x01\x7fé😀', '"a\\"b\\\\c\\n\\u0001\x7fé😀"'),
        (TEXT, "", '""'),
        (BPCHAR, "ab   ", '"ab   "'),
        (NUMERIC, "1.50", '"1.50"'),
        (NUMERIC, "NaN", '"NaN"'),
        (NUMERIC, "-Infinity", '"-Infinity"'),
        (UUID, "123e4567-e89b-12d3-a456-426614174000", '"123e4567-e89b-12d3-a456-426614174000"'),
        (INTERVAL, "1 day 02:03:04", '"1 day 02:03:04"'),
        (VOID, "", "null"),
        # real is told as the double it is
        (REAL, "0.1", "0.10000000149011612"),
        (REAL, "2", "2.0"),
        (REAL, "3.4028235e+38", "3.4028234663852886e38"),
        (REAL, "1e-45", "1.401298464324817e-45"),
        (REAL, "NaN", "null"),
        # double: always a point or an exponent
        (DOUBLE, "2", "2.0"),
        (DOUBLE, "-0", "-0.0"),
        (DOUBLE, "0.1", "0.1"),
        (DOUBLE, "1e+15", "1000000000000000.0"),
        (DOUBLE, "1e+16", "1e16"),
        (DOUBLE, "1.5e+300", "1.5e300"),
        (DOUBLE, "0.0001", "0.0001"),
        (DOUBLE, "1e-05", "0.00001"),
        (DOUBLE, "-1.25e-05", "-0.0000125"),
        (DOUBLE, "1e-06", "1e-6"),
        (DOUBLE, "1.25e-07", "1.25e-7"),
        (DOUBLE, "Infinity", "null"),
        (DOUBLE, "-Infinity", "null"),
        # dates and times
        (DATE, "2031-05-06", '"2031-05-06"'),
        (DATE, "0044-03-15 BC", '"-0043-03-15"'),
        (DATE, "0001-12-31 BC", '"0000-12-31"'),
        (DATE, "10000-01-01", '"+10000-01-01"'),
        (DATE, "infinity", '"infinity"'),
        (TIMESTAMP, "2031-05-06 07:08:09", '"2031-05-06T07:08:09"'),
        (TIMESTAMP, "2031-05-06 07:08:09.5", '"2031-05-06T07:08:09.500"'),
        (TIMESTAMP, "2031-05-06 07:08:09.12", '"2031-05-06T07:08:09.120"'),
        (TIMESTAMP, "2031-05-06 07:08:09.1234", '"2031-05-06T07:08:09.123400"'),
        (TIMESTAMP, "0044-03-15 00:00:00 BC", '"-0043-03-15T00:00:00"'),
        (TIMESTAMP, "-infinity", '"-infinity"'),
        (TIMESTAMPTZ, "2031-05-06 05:08:09+00", '"2031-05-06T05:08:09+00:00"'),
        (TIMESTAMPTZ, "2031-05-06 05:08:09.5+00", '"2031-05-06T05:08:09.500+00:00"'),
        (TIMESTAMPTZ, "294276-12-31 23:59:59.999999+00", '"+294276-12-31T23:59:59.999999+00:00"'),
        (TIMESTAMPTZ, "0044-03-15 00:00:00.1+00 BC", '"-0043-03-15T00:00:00.100+00:00"'),
        (TIMESTAMPTZ, "2031-05-06 07:08:09.5+05:30", '"2031-05-06T01:38:09.500+00:00"'),
        (TIMESTAMPTZ, "infinity", '"infinity"'),
        # json is the value itself
        (JSONB, '{"a": [1, 2.50, null], "b": "x y"}', '{"a":[1,2.5,null],"b":"x y"}'),
        (JSON, '{ "z" : 1 ,\n "a":true, "z" : 2 }', '{"z":2,"a":true}'),
        (JSON, '"\\u00e9\\/\\ud83d\\ude00"', '"é/😀"'),
        (JSON, "18446744073709551615", "18446744073709551615"),
        (JSON, "-9223372036854775808", "-9223372036854775808"),
        (JSON, "18446744073709551616", "1.8446744073709552e19"),
        (JSON, "[1E2, -0, 1e-7, 0.1]", "[100.0,-0.0,1e-7,0.1]"),
        (JSON, "null", "null"),
    ],
)  # fmt: skip
def test_values(oid: int, cell: str, expected: str) -> None:
    assert one(oid, cell) == expected


@pytest.mark.parametrize(
    "oid", [BOOL, INT4, TEXT, REAL, DOUBLE, DATE, TIMESTAMPTZ, NUMERIC, JSONB, VOID, UUID]
)
def test_null(oid: int) -> None:
    assert one(oid, None) == "null"


def test_rows_keep_the_order_of_columns() -> None:
    columns = [Column("zeta", INT4), Column("a", TEXT)]
    assert (
        result_text(columns, [[b"1", b"x"], [None, b"%s"]])
        == '{"rows":[{"zeta":1,"a":"x"},{"zeta":null,"a":"%s"}],"row_count":2}'
    )


def test_no_rows_and_no_columns() -> None:
    assert result_text([], []) is EMPTY_RESULT
    assert result_text([Column("b", BYTEA), Column("a", INT4_ARRAY)], []) is EMPTY_RESULT
    assert result_text([], [[], []]) == '{"rows":[{},{}],"row_count":2}'
    assert json.loads(EMPTY_RESULT) == {"rows": [], "row_count": 0}


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        ("a b a", "a b a_2"),
        ("?column? ?column? ?column?", "?column? ?column?_2 ?column?_3"),
        ("a a a_2", "a a_3 a_2"),
        ("a_2 a a", "a_2 a a_3"),
        ("a a a_2 a_2 a", "a a_3 a_2 a_2_2 a_4"),
        ('% %s "', '% %s "'),
    ],
)
def test_columns_of_the_same_name(names: str, keys: str) -> None:
    columns = [Column(name, INT4) for name in names.split()]
    text = result_text(columns, [[b"%d" % at for at in range(len(columns))]])
    pairs = json.loads(text, object_pairs_hook=list)[0][1][0]
    assert pairs == [(key, at) for at, key in enumerate(keys.split())]


def test_columns_that_the_server_rendered() -> None:
    columns = [Column("a", INT4_ARRAY), Column("b", INT4)]
    rows: list[list[bytes | None]] = [[b"{1.10}", b"1"], [None, b"2"], [b"{}", b"3"]]
    assert (
        result_text(columns, rows, {0: ['[ 1.10,\n {"k": 12345678901234567890123}]', None, "[]"]})
        == '{"rows":[{"a":[1.10,{"k":12345678901234567890123}],"b":1},{"a":null,"b":2},{"a":[],"b":3}],"row_count":3}'
    )
    with pytest.raises(ValueError, match="rendered by the server"):
        result_text(columns, rows)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            Column("b", BYTEA),
            "Unsupported column type 'BYTEA' for column 'b'. "
            "A result is JSON, which holds no bytes: write encode(b, 'base64') or encode(b, 'hex').",
        ),
        (
            Column("A b", RECORD),
            "Unsupported column type 'RECORD' for column 'A b'. "
            'A row without a type has no column names: write row_to_json("A b") or to_jsonb("A b").',
        ),
    ],
)
@pytest.mark.parametrize("cell", [b"x", None])
def test_columns_that_no_result_can_hold(column: Column, message: str, cell: bytes | None) -> None:
    with pytest.raises(UnsupportedColumnError) as error:
        result_text([column], [[cell]])
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('"a\\u0000b"', "\\u0000 cannot be stored"),
        ('"\\ud800"', "lone surrogate in hex escape"),
        ("1e999", "number out of range"),
        ("[" * 2000 + "]" * 2000, "recursion limit exceeded"),
        ('{"a":' * 257 + "1" + "}" * 257, "recursion limit exceeded"),
    ],
)
def test_json_that_no_result_can_hold(cell: str, reason: str) -> None:
    with pytest.raises(UnsupportedColumnError) as error:
        one(JSON, cell)
    assert str(error.value) == f"Failed to decode JSON column 'c': {reason}"


def test_json_that_looks_as_if_it_could_not_be_held() -> None:
    assert one(JSON, '"a\\\\u0000"') == '"a\\\\u0000"'
    assert one(JSON, "[" + "[]," * 999 + '"[[["]') == "[" + "[]," * 999 + '"[[["]'
    assert one(JSON, "[" * 256 + "]" * 256) == "[" * 256 + "]" * 256


@pytest.mark.parametrize(
    ("text", "expected"),
    [('"a"', True), ('"\\u0000"', False), ('"\\\\u0000"', True), ('"x\\\\\\u0000"', False)],
)
def test_what_jsonb_takes(text: str, expected: bool) -> None:
    assert is_storable(text) is expected


def test_types_that_only_the_server_renders() -> None:
    assert [oid for oid in (INT4_ARRAY, 22, 30, 81, FIRST_USER_TYPE) if not needs_server(oid)] == []
    assert [
        oid for oid in (BOOL, BYTEA, TEXT, RECORD, VOID, JSONB, INTERVAL, 3904) if needs_server(oid)
    ] == []


def test_the_text_of_a_refused_statement() -> None:
    assert sql_error_text("division by zero") == (
        "SQL execution failed: error returned from database: division by zero"
    )


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_read_back_as_they_are(value: float) -> None:
    text = one(DOUBLE, repr(value))
    assert struct.pack("d", float(text)) == struct.pack("d", value)
    assert Decimal(text) == Decimal(repr(value))
    assert "." in text or "e" in text
    mantissa, _, exponent = text.partition("e")
    assert not exponent.startswith("+")
    if exponent:
        assert not 1e-5 <= abs(value) < 1e16
        assert exponent.lstrip("-")[0] != "0"
    else:
        assert len(mantissa.replace(".", "").lstrip("-0")) <= 18


@given(value=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_reals_become_exactly_the_doubles_they_are(value: float) -> None:
    found = float(one(REAL, f"{value:.9g}"))
    assert (found, math.copysign(1, found)) == (value, math.copysign(1, value))


@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_texts_read_back_as_they_are(text: str) -> None:
    assert json.loads(one(TEXT, text)) == text
    row = json.loads(result_text([Column(text, TEXT)], [[text.encode()]]))["rows"][0]
    assert row == {text: text}
