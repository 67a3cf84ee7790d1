"""Substitution: what `{variable}` and `$name` become in SQL and in raw text, and what cannot be replaced."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfsql.runtime.values import (
    Context,
    MixedReferenceError,
    SubstitutionError,
    break_value,
    substitute,
    whole_value,
)

NO_VARIABLES: dict[str, str] = {}
BINDINGS = {
    "c": '{"rows":[{"id":7,"tag":"it\'s","a":"x","bal":-2.5,"gone":null,"ok":true,"d":4.0,"big":1e16}],"row_count":1}',
    "cu": '{"rows":[{"n":2}],"row_count":1}',
    "Big": '{"rows":[{"n":3}],"row_count":1}',
    "j": '{"rows":[{"v":["a",1.50,{"k":"q\\"s"}]}],"row_count":1}',
    "none": '{"rows":[],"row_count":0}',
    "null": '{"rows":[{"n":null}],"row_count":1}',
    "bare": '{"rows":[{}],"row_count":1}',
    "web": '{"status":404,"body":"no\'pe","headers":{"a":"b"},"ok":false}',
    "both": '[{"rows":[{"x":1}],"row_count":1},{"rows":[],"row_count":0}]',
    "text": '"st\'op"',
    "number": "42",
    "nothing": "null",
    "broken": "no json",
    "odd": '{"rows":[1,2],"row_count":2}',
    "l": '{"rows":[{"k":1,"v":"x"},{"k":2,"v":null}],"row_count":2}',
    "ids": '{"rows":[{"id":1},{"id":null},{"id":3}],"row_count":3}',
    "names": '{"rows":[{"n":"a\\"b"},{"n":"c\\\\d\'e"},{"n":"NULL"}],"row_count":3}',
    "braces": '{"rows":[{"ids":"{1,2}"},{"ids":"{3}"}],"row_count":2}',
    "list": '{"rows":[{"ids":[1,[2,null]]},{"ids":[3]}],"row_count":2}',
    "only": '{"rows":[{"unique_column":9,"n":null}],"row_count":1}',
}


def sql(text: str, variables: dict[str, str] = NO_VARIABLES) -> str:
    return substitute(text, BINDINGS, variables, Context.SQL)


def raw(text: str, variables: dict[str, str] = NO_VARIABLES) -> str:
    return substitute(text, BINDINGS, variables, Context.RAW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # which name is meant
        ("$cu, $c, $cus", "2, 7, $cus"),
        ("$Big $BIG", "3 $BIG"),
        ("$c.", "7."),
        ("$c.9 $c..x", "7.9 7..x"),
        ("$c.a.b", "'x'.b"),
        ("$cé a$c \\$c", "7é a7 \\7"),
        ("$ c $1 $1c", "$ c $1 $1c"),
        ("'$nope' $nope.x $nope.*", "'$nope' $nope.x $nope.*"),
        # no place is safe from replacement
        ("'$c' -- $c\n$$c$$", "'7' -- 7\n$7$$"),
        ("$cu$tag$ $cu$", "2$tag$ 2$"),
        # values
        ("$c.tag $c.bal $c.ok $c.d $c.big", "'it''s' -2.5 true 4.0 1e16"),
        ("$j", "'[\"a\",1.50,{\"k\":\"q\\\"s\"}]'"),
        ("$web.headers", "'{\"a\":\"b\"}'"),
        ("$web.status, $web.ok, $web.body", "404, false, 'no''pe'"),
        # results that are no row sets go in whole
        ("$number $nothing $text", "'42' 'null' '\"st''op\"'"),
        ("$number? $broken?", "'42' 'no json'"),
        ("$both::jsonb", '\'[{"rows":[{"x":1}],"row_count":1},{"rows":[],"row_count":0}]\'::jsonb'),
        # NULL where asked for
        ("$none? $null? $c.gone? $none.x? $bare?", "NULL NULL NULL NULL NULL"),
        ("$c.zip? $web.zip?", "NULL NULL"),
        ("$c.zip $web.zip", "$c.zip $web.zip"),
        ("$c?'k' $c ? 'k'", "7'k' 7 ? 'k'"),
        # rows
        ("FROM $l.*", "FROM (VALUES (1, 'x'::text), (2, NULL)) AS \"l\"(\"k\", \"v\")"),
        ("FROM $none.*", 'FROM (SELECT NULL WHERE false) AS "none"'),
        ("FROM $bare.*", 'FROM (SELECT FROM pg_catalog.generate_series(1, 1)) AS "bare"'),
        ("FROM $j.*", "FROM (VALUES ('[\"a\",1.50,{\"k\":\"q\\\"s\"}]'::text)) AS \"j\"(\"v\")"),
    ],
)  # fmt: skip
def test_references_in_sql(text: str, expected: str) -> None:
    assert sql(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id = ANY($ids)", "id = ANY('{1,NULL,3}')"),
        ("id <> all ( $ids )", "id <> all ( '{1,NULL,3}' )"),
        ("id = SOME($ids?)", "id = SOME('{1,NULL,3}')"),
        ("n = ANY($names)", 'n = ANY(\'{"a\\"b","c\\\\d\'\'e","NULL"}\')'),
        ("n = ANY($none)", "n = ANY('{}')"),
        ("n = ANY($braces)", "n = ANY('{1,2}')"),
        ("n = ANY($list)", "n = ANY('{1,{2,NULL}}')"),
        ("n = ANY($number)", "n = ANY('42')"),
        # not alone, not bare, not in code, not ANY
        ("n = ANY($cu, 1)", "n = ANY(2, 1)"),
        ("n = ANY($cu::int[])", "n = ANY(2::int[])"),
        ("n = ANY($cu.n)", "n = ANY(2)"),
        ("'ANY($cu)' /* ANY($cu) */", "'ANY(2)' /* ANY(2) */"),
        ("n IN ($ids)", "n IN (1)"),
        ("company($ids)", "company(1)"),
    ],
)
def test_lists_in_any_and_all(text: str, expected: str) -> None:
    assert sql(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = $unique_column", "x = 9"),
        ("x = $unique_column? and $c", "x = 9 and 7"),
        ("'$unique_column' \"$unique_column\" -- $unique_column", None),
        ("$unique_column$ 1 $unique_column$", None),
        ("$$ $unique_column $$", None),
        ("$n $ids_of_nobody", None),  # several results have it, or none
        ("$unique_column.x $unique_column.*", None),
        ("$status", None),  # a member of an object is no column
    ],
)
def test_a_column_without_its_results_name(text: str, expected: str | None) -> None:
    assert sql(text) == (text if expected is None else expected)
    assert raw(text) == text.replace("$c", "7")


def test_a_null_column_without_its_results_name_fails_like_the_named_one() -> None:
    bindings = {"r": '{"rows":[{"a":null}],"row_count":1}'}
    with pytest.raises(SubstitutionError, match=r"^\$r\.a is NULL$"):
        substitute("SELECT $a", bindings, {}, Context.SQL)
    assert substitute("SELECT $a?", bindings, {}, Context.SQL) == "SELECT NULL"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"n":"$c.tag"}', '{"n":"it\'s"}'),
        ("$c.bal $c.ok $j", '-2.5 true ["a",1.50,{"k":"q\\"s"}]'),
        ("$text $number", '"st\'op" 42'),
        ("$none? $c.gone? $c.zip?", "NULL NULL NULL"),
        ("https://h/u/$c.id?page=2", "https://h/u/7?page=2"),
        ("https://h/u/$c?_p=2", "https://h/u/7?_p=2"),
        ("$c.id?&x $c.id?", "7&x 7"),
        ("$l.*", '[{"k":1,"v":"x"},{"k":2,"v":null}]'),
        ("$none.*", "[]"),
        ("$odd.*", "[1,2]"),
        ("ANY($ids)", "ANY(1)"),
        ("$nope", "$nope"),
    ],
)
def test_references_in_raw_text(text: str, expected: str) -> None:
    assert raw(text) == expected


NO_ROWS = "has no rows — query returned zero results"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$none", f"$none {NO_ROWS}"),
        ("$none.x", f"$none {NO_ROWS}"),
        ("$null", "$null is NULL — first column of first row is NULL"),
        ("$c.gone", "$c.gone is NULL"),
        ("$both.x", "$both.x: result is neither a row set nor a JSON object"),
        ("$text.x?", "$text.x: result is neither a row set nor a JSON object"),
        ("$bare", "$bare: first row has no columns"),
        ("$odd", "$odd: first row is not an object"),
        ("$odd.x", "$odd.x: first row is not an object"),
        ("$broken.x", "$broken.x: result is not valid JSON"),
        ("$web.*", "$web.* — invalid result format"),
        ("$number.*", "$number.* — invalid result format"),
    ],
)
def test_what_cannot_be_replaced(text: str, message: str) -> None:
    for context in Context:
        with pytest.raises(SubstitutionError) as error:
            substitute(text, BINDINGS, {}, context)
        assert str(error.value) == message


def test_a_missing_member_of_raw_text_lists_what_there_is() -> None:
    with pytest.raises(SubstitutionError) as error:
        raw("$web.zip")
    assert str(error.value) == "$web.zip: result has no field 'zip' (available: body, headers, ok, status)"


def test_rows_that_are_no_json_or_no_objects() -> None:
    with pytest.raises(SubstitutionError, match=r"^\$broken\.\* — invalid result JSON: "):
        raw("$broken.*")
    with pytest.raises(SubstitutionError, match=r"^\$odd\.\* — row is not an object$"):
        sql("$odd.*")


@pytest.mark.parametrize("context", Context)
def test_rows_have_a_limit(context: Context) -> None:
    def rows(count: int) -> dict[str, str]:
        return {"r": json.dumps({"rows": [{"n": 1}] * count, "row_count": count})}

    assert substitute("$r.*", rows(10_000), {}, context).count("1") >= 10_000
    with pytest.raises(SubstitutionError) as error:
        substitute("$r.*", rows(10_001), {}, context)
    assert str(error.value) == (
        "$r.* — result has 10001 rows, exceeding the maximum of 10000 for row-set expansion. "
        "Use pagination or intermediate tables for large result sets."
    )


def test_column_names_are_quoted_and_missing_members_are_null() -> None:
    bindings = {"r": '{"rows":[{"a\\"b":1},{"c":2}],"row_count":2}'}
    assert substitute("$r.*", bindings, {}, Context.SQL) == '(VALUES (1), (NULL)) AS "r"("a""b")'


def test_a_nul_character_is_refused_in_sql_only() -> None:
    bindings = {"r": '{"body":"a\\u0000b"}'}
    assert substitute("$r.body", bindings, {}, Context.RAW) == "a\0b"
    with pytest.raises(SubstitutionError, match=r"U\+0000"):
        substitute("SELECT $r.body", bindings, {}, Context.SQL)


VARIABLES = {
    "tab": "inv",
    "a": "{b}",
    "b": "z",
    "cond": "id = $c.id",
    "sys_label": "",
    "sys_instance_id": "0a1b2c3d",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM {tab}", "SELECT * FROM inv"),
        ("'{nope}' '{}' {1,2} { tab } {tab", "'{nope}' '{}' {1,2} { tab } {tab"),
        ("{sys_instance_id}/{sys_label}.", "0a1b2c3d/."),
        ("{a}/{b}", "{b}/z"),
        ("WHERE {cond}", "WHERE id = 7"),
        ('{"t":"{tab}","u":{"v":"{b}"}}', '{"t":"inv","u":{"v":"z"}}'),
        ("{{tab}} ${tab}", "{inv} $inv"),
        ("{Tab}", "{Tab}"),
    ],
)
def test_variables(text: str, expected: str) -> None:
    assert sql(text, VARIABLES) == expected
    assert raw(text, VARIABLES) == expected


def test_what_a_reference_brings_in_is_final() -> None:
    bindings = {"x": '{"rows":[{"a":"$y {tab}"}],"row_count":1}', "y": '{"rows":[{"a":1}],"row_count":1}'}
    assert substitute("$x $y", bindings, VARIABLES, Context.SQL) == "'$y {tab}' 1"


def test_variables_may_complete_a_reference() -> None:
    assert sql("${b}.n {b}", {"b": "cu"}) == "2 cu"


@pytest.mark.parametrize("text", ["SELECT 1", "", "a $nope", "{nope}"])
def test_unchanged_text_is_the_same_object(text: str) -> None:
    assert sql(text, VARIABLES) is text
    assert substitute("$c {tab}", {}, {}, Context.SQL) == "$c {tab}"


def test_deep_results_are_an_error_and_no_crash() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert substitute("$r", {"r": deep}, {}, Context.RAW) == deep
    with pytest.raises(SubstitutionError, match="not valid JSON"):
        substitute("$r.x", {"r": f'{{"x":{deep}}}'}, {}, Context.RAW)


@pytest.mark.parametrize("depth", [*range(100, 1200, 100), 100_000])
def test_results_at_the_edge_of_what_can_be_read(depth: int) -> None:
    """The reader and the writer give up at different depths; neither takes the worker along."""
    inner = "[" * depth + "]" * depth
    try:
        assert substitute("$r.x", {"r": f'{{"x":{inner}}}'}, {}, Context.RAW) == inner
    except SubstitutionError as error:
        assert depth > 300
        assert str(error) in ("$r: result is nested too deeply", "$r.x: result is not valid JSON")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aGk=", None),
        (" $c.tag ", "it's"),
        ("$c", "7"),
        ("$none?", "NULL"),
        ("$c.zip?", "NULL"),
        ("\n{tab}\t", "inv"),
        ("$nope", "$nope"),
        ("{nope}", "{nope}"),
    ],
)
def test_whole_values(text: str, expected: str | None) -> None:
    assert whole_value(text, BINDINGS, VARIABLES) == expected


@pytest.mark.parametrize("text", ["x$c", "$c.tag x", "$c$c", "$l.*", "$", "{", "{tab}{tab}", "$c?page"])
def test_mixed_values(text: str) -> None:
    with pytest.raises(MixedReferenceError):
        whole_value(text, BINDINGS, VARIABLES)


def test_whole_values_fail_as_references_do() -> None:
    with pytest.raises(SubstitutionError, match=NO_ROWS):
        whole_value("$none", BINDINGS, {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        ("42", "42"),
        ("done", '"done"'),
        ("", '""'),
        ('{ "k": [1, 2] }', '{"k":[1,2]}'),
        ('{"b":1,"a":2,"b":3}', '{"b":3,"a":2}'),
        ("1.50", "1.5"),
        ("1E2", "100.0"),
        ("12345678901234567890123", "1.2345678901234568e22"),
        ("18446744073709551615", "18446744073709551615"),
        ("NaN", '"NaN"'),
        ("1e999", '"1e999"'),
        ("$c.tag", '"it\'s"'),
        ("$c.id", "7"),
        ('{"n":$c.id,"t":"{tab}"}', '{"n":7,"t":"inv"}'),
        ("$nope.s", '"$nope.s"'),
        ("$number", "42"),
    ],
)
def test_break_values(value: str | None, expected: str) -> None:
    assert break_value(value, BINDINGS, VARIABLES) == expected


def test_a_break_value_fails_as_raw_text_does() -> None:
    with pytest.raises(SubstitutionError, match=NO_ROWS):
        break_value("$none", BINDINGS, {})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON_VALUES)
def test_json_survives_a_break_and_a_raw_reference(value: object) -> None:
    text = break_value(json.dumps(value), {}, {})
    assert json.loads(text) == value
    if not (isinstance(value, dict) and isinstance(value.get("rows"), list)):
        assert substitute("$r", {"r": text}, {}, Context.RAW) == text


@given(text=st.text())
def test_text_without_bound_names_never_changes(text: str) -> None:
    assert substitute(text, {"unlikely_name": "1"}, {"unlikely_name": "1"}, Context.SQL) == text
