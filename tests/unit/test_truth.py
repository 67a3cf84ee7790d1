"""Conditions: what counts as true, and the number of rows that df.if_rows asks for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfsql.runtime.values import RowCountError, is_true, row_count


def rows(*values: str) -> str:
    """A row set with the column a, its values given as JSON."""
    listed = ",".join('{"a":' + value + "}" for value in values)
    return f'{{"rows":[{listed}],"row_count":{len(values)}}}'


TRUE = """true 1 -0.5 1e16 "t" "TRUE" "yes" "off" "n" "null" "[]" "0x0" "1_0" "0_0" "nan" "inf" "-infinity" "x0" "٠"
    [null] [0] {"b":null}""".split()  # fmt: skip
FALSE = """false null 0 -0.0 0.000 0e5 "" "f" "No" "fALSE" "0" "-0.0" "+0" "0e10" ".0" "0." [] {}""".split()


@pytest.mark.parametrize("value", TRUE)
def test_first_values_that_mean_yes(value: str) -> None:
    assert is_true(rows(value))
    assert is_true(rows(value, "false"))
    assert is_true(value)


@pytest.mark.parametrize("value", [*FALSE, '"  "', '" F "', '"\\t0.0\\n"'])
def test_first_values_that_mean_no(value: str) -> None:
    assert not is_true(rows(value))
    assert not is_true(rows(value, "true"))
    assert not is_true(value)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ('{"rows":[],"row_count":0}', False),
        ('{"rows": [ ], "row_count": 0}', False),
        ('{"row_count": 1, "rows": [{"a": 0}]}', False),
        ('{"rows":[{"a":false,"b":true}],"row_count":1}', False),
        ('{"rows":[{"a":true,"b":false}],"row_count":1}', True),
        ('{"rows":[{}],"row_count":1}', True),
        ('{"rows":[0],"row_count":1}', True),
        ('{"rows":7}', True),
        ('{"slept":true,"seconds":0}', True),
        ('{"signal_name":"x","timed_out":true,"data":{}}', True),
        ('[{"rows":[],"row_count":0}]', True),
        ("no json", True),
        ("no", False),
        ("", False),
    ],
)
def test_whole_results(result: str, expected: bool) -> None:
    assert is_true(result) is expected


@given(text=st.text())
def test_no_result_makes_it_fail(text: str) -> None:
    assert is_true(text) in (True, False)
    assert is_true(json.dumps({"rows": [{"a": text}]})) is is_true(json.dumps(text))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ('{"rows":[],"row_count":0}', 0),
        (rows("1", "2"), 2),
        ('{"row_count": 3, "rows": []}', 3),
        ('{"rows":[],"x":{"y":[],"row_count":5},"row_count":1}', 1),
        ('{"rows":[{"a":"],\\"row_count\\":9}"}],"row_count":1}', 1),
    ],
)
def test_row_counts(result: str, expected: int) -> None:
    assert row_count(result, "q") == expected


NO_COUNT = "df.if_rows: result 'q' is not a SQL result (missing row_count)"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "df.if_rows: result 'q' not found"),
        ('{"status":200}', NO_COUNT),
        ("[]", NO_COUNT),
        ("7", NO_COUNT),
        ('{"row_count":"1"}', NO_COUNT),
        ('{"row_count":1.5}', NO_COUNT),
        ('{"rows":[],"x":{"y":[],"row_count":5}}', NO_COUNT),
    ],
)
def test_results_without_rows(result: str | None, message: str) -> None:
    with pytest.raises(RowCountError) as error:
        row_count(result, "q")
    assert str(error.value) == message


def test_a_result_that_is_no_json() -> None:
    with pytest.raises(RowCountError, match=r"^df\.if_rows: invalid result JSON: "):
        row_count("no json", "q")
