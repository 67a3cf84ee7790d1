"""The formatter's layouts: a table of files with what becomes of them, and the cases at its edges."""

from pathlib import Path

import pytest

from dfsql.grammar import FormatError, format_text, parse

DATA = Path(__file__).parent.parent / "data" / "format"
FILES = sorted(DATA.glob("*.dfsql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_laid_out_as_recorded(path: Path) -> None:
    expected = path.with_suffix(".out").read_bytes().decode()
    assert format_text(path.read_bytes().decode()) == expected
    assert format_text(expected) == expected


def test_every_recorded_layout_has_its_input() -> None:
    assert FILES
    assert [path.stem for path in sorted(DATA.glob("*.out"))] == [path.stem for path in FILES]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "-- nothing but a comment  ",
        "SELECT  1 ;   ",
        "SELECT df.setvar( 'a','b' )",
        "DO 'BEGIN PERFORM df.start(''a''~>''b''); END';\n",
        "SELECT df.start( 'a'\n\\echo in between\n~> 'b');\n",
        "SELECT a & b, c | d FROM t",
    ],
)
def test_a_file_without_a_workflow_to_lay_out_is_left_alone(text: str) -> None:
    assert format_text(text) == text


def test_a_file_with_a_syntax_error_is_refused_with_its_findings() -> None:
    text = "SELECT df.start('a'~>'b');\nSELECT df.start('a' ~> );\nSELECT df.start('a' 'b');\n"
    with pytest.raises(FormatError) as caught:
        format_text(text)
    assert str(caught.value) == "not formatted: 2 syntax errors"
    assert caught.value.findings == parse(text).findings


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("'a'~>'b'", "'b'\n"),
        ("'a'~>'b'; \n\n \n", "'b';\n"),
        ("'a'~>'b' -- end", "-- end\n"),
        ("'a'~>'b';\r\n\r\n", "'b';\r\n"),
        ("SELECT df.start('a'~>'b');COPY t FROM STDIN;\n1\t\n", "STDIN;\n1\t\n"),
    ],
)
def test_the_last_line_ends_once(text: str, end: str) -> None:
    result = format_text(text)
    assert result.endswith(end)
    assert format_text(result) == result


@pytest.mark.parametrize(
    ("between", "kept"),
    [
        ("", ""),
        ("\n", "\n"),
        ("\n\n\n", "\n\n\n"),
        ("\n\n\n\n", "\n\n\n"),
        (" \n \n\n\n \n", "\n\n\n"),
        ("\n" * 9 + "-- x\n", "\n\n\n-- x\n"),
    ],
)
def test_at_most_two_empty_lines_stand_between_bare_expressions(between: str, kept: str) -> None:
    assert format_text(f"'a' ~> 'b';{between}'c' ~> 'd';\n") == f"'a' ~> 'b';{kept}'c' ~> 'd';\n"


def test_width_decides_what_stays_on_a_line() -> None:
    call = "SELECT df.start('SELECT 1' ~> 'SELECT 2', 'label');\n"
    column = call.index(";")
    assert format_text(call, width=column) == call
    assert format_text(call, width=column - 1) == (
        "SELECT df.start(\n    'SELECT 1' ~> 'SELECT 2',\n    'label'\n);\n"
    )
    assert format_text(call, width=20) == (
        "SELECT df.start(\n    'SELECT 1'\n    ~> 'SELECT 2',\n    'label'\n);\n"
    )


def test_no_line_is_wider_than_asked_where_steps_are_short() -> None:
    text = (
        "SELECT df.start("
        + " ~> ".join(["df.if('a', 'b', ('c' & 'd') |=> 'e') |=> 'f'"] * 9)
        + ", 'x', 'y');"
    )
    for width in range(30, 100):
        assert max(map(len, format_text(text, width=width).splitlines())) <= width


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' ~> 'b' & 'c'", "('a' ~> 'b') & 'c'"),
        ("'a' & 'b' |=> 'y'", "('a' & 'b') |=> 'y'"),
        ("'a' | 'b' |=> 'y'", "('a' | 'b') |=> 'y'"),
        ("'a' ~> 'b' |=> 'y'", "'a' ~> 'b' |=> 'y'"),
        ("@> 'a' ~> 'b'", "(@> 'a') ~> 'b'"),
        ("@> @> 'a' | 'b'", "(@> @> 'a') | 'b'"),
        ("'a' ~> @> 'b' ~> 'c'", "'a' ~> (@> 'b') ~> 'c'"),
        ("'a' & 'b' ~> 'c'", "'a' & 'b' ~> 'c'"),
        ("'c' ?> 't' !> 'e'", "'c' ?> 't' !> 'e'"),
        ("'c' ?> 't' !> 'e' ~> 'n'", "('c' ?> 't' !> 'e') ~> 'n'"),
        ("'c' ?> 't' !> 'e' |=> 'x'", "('c' ?> 't' !> 'e') |=> 'x'"),
        ("'c' ?> 't' !> 'd' ?> 'u' !> 'e'", "('c' ?> 't' !> 'd') ?> 'u' !> 'e'"),
        ("'a' ~> 'c' ?> 't' !> 'e'", "'a' ~> 'c' ?> 't' !> 'e'"),
        ("'a' ~> 'b' || 'c'", "('a' ~> 'b') || 'c'"),
        ("'a' || 'b' ~> 'c'", "'a' || 'b' ~> 'c'"),
        ("'a' OPERATOR(pg_catalog.~>) 'b' & 'c'", "('a' OPERATOR(pg_catalog.~>) 'b') & 'c'"),
        ("((('a' ~> 'b'))) & 'c'", "((('a' ~> 'b'))) & 'c'"),
        ("df.join('a' ~> 'b' & 'c', @> 'd' & 'e')", "df.join(('a' ~> 'b') & 'c', (@> 'd') & 'e')"),
        ("'x' ~> upper('a' ~> 'b' & 'c')", "'x' ~> upper('a' ~> 'b' & 'c')"),
    ],
)
def test_parentheses_show_the_real_reading_where_the_printed_table_misleads(text: str, expected: str) -> None:
    result = " ".join(format_text(text).split()).replace("( ", "(").replace(" )", ")")
    assert result == expected


def test_a_word_that_is_no_operand_stays_outside_of_added_parentheses() -> None:
    assert format_text("SELECT DISTINCT 'a' ~> 'b' & 'c' FROM t;\n").startswith(
        "SELECT DISTINCT ('a' ~> 'b')\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT df.start(" + "('a' ~> 'b' ~> " * 250 + "'x'" + ")" * 250 + ");",
        "SELECT df.start(" + "df.loop(@> (" * 200 + "'x' ~> 'y'" + "))" * 200 + ");",
        " ~> ".join(["'SELECT 1' |=> 'x'"] * 5000),
        " & ".join(["'a' ~> 'b'"] * 200),
        "@> " * 2000 + "'a' ~> 'b'",
        "(" * 2000 + "'a' ~> 'b'" + ")" * 2000,
    ],
    ids=["groups", "calls", "chain", "added", "loops", "parentheses"],
)
def test_depth_and_length_have_no_limit(text: str) -> None:
    result = format_text(text)
    assert result.count("'") == text.count("'")
    assert format_text(result) == result
