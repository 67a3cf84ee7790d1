"""Syntax errors: the table's examples, many of them in one file, and the mistakes that people make."""

import re

import pytest

from dfsql.compiler import compile
from dfsql.grammar import MISTAKES, Finding, Mistake, parse

ALL = list(MISTAKES.values())
# Reported by the program that reads files, and not about a text.
OUTSIDE = {"not-utf8"}
TEXTUAL = [mistake for mistake in ALL if mistake.key not in OUTSIDE]
LOCAL = [mistake for mistake in TEXTUAL if mistake.key != "no-workflow"]  # these stand at a place


def syntax(text: str) -> list[Finding]:
    """The findings of the syntax family; some are made when the tree is lowered."""
    return [finding for finding in compile(text).findings if finding.code < "DF1"]


def shown(text: str) -> list[tuple[str, str]]:
    return [(finding.code, text[slice(*finding.span)]) for finding in syntax(text)]


# ---- the table


def test_codes_and_names_are_unique() -> None:
    assert len({mistake.code for mistake in ALL}) == len({mistake.name for mistake in ALL}) == len(ALL)
    assert [mistake.code for mistake in ALL] == [f"DF{number:03}" for number in range(1, len(ALL) + 1)]


@pytest.mark.parametrize("mistake", TEXTUAL, ids=lambda mistake: mistake.key)
def test_the_wrong_example_gives_the_mistake_alone(mistake: Mistake) -> None:
    (finding,) = syntax(mistake.bad)
    assert finding.code == mistake.code
    assert finding.severity is mistake.severity
    assert "{" not in mistake.message or finding.message != mistake.message
    assert 0 <= finding.span.start <= finding.span.end <= len(mistake.bad)
    if mistake.key != "no-workflow":
        assert finding.span.start < finding.span.end


@pytest.mark.parametrize("mistake", TEXTUAL, ids=lambda mistake: mistake.key)
def test_the_right_example_is_silent(mistake: Mistake) -> None:
    assert syntax(mistake.good) == []


@pytest.mark.parametrize("mistake", LOCAL, ids=lambda mistake: mistake.key)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_mistake_is_found_between_other_statements(mistake: Mistake, line_end: str) -> None:
    before = f"SELECT df.start('SELECT 1');{line_end}CREATE TABLE t (a int);{line_end}"
    text = (
        f"{before}{mistake.bad}{line_end}{line_end}SELECT df.start('x' ~> 'y');{line_end}SELECT 1;{line_end}"
    )
    (finding,) = syntax(text)
    (alone,) = syntax(mistake.bad)
    assert finding.code == mistake.code
    assert finding.span.start == alone.span.start + len(before)
    last = [workflow for workflow in parse(text).workflows if text[slice(*workflow.span)] == "'x' ~> 'y'"]
    assert len(last) == 1


@pytest.mark.parametrize("mistake", TEXTUAL, ids=lambda mistake: mistake.key)
def test_messages_are_one_plain_sentence(mistake: Mistake) -> None:
    for finding in syntax(mistake.bad):
        assert finding.help
        for text in (finding.message, finding.help):
            assert not text.endswith(".") or text.endswith("...")
            assert not re.search(r"\b[A-Z]{2,}_[A-Z]+\b|\$END|LPAR|RPAR|COMMA|DFNAME|Token\(|lark", text)
            assert text == text.strip()
            assert "\n" not in text


# ---- several mistakes in one text


def test_three_mistakes_in_three_statements() -> None:
    text = (
        "SELECT df.start('a' ~> );\nSELECT df.start('b' ~> 'c');\nSELECT df.start('d' 'e');\n"
        "DO $$ BEGIN PERFORM df.start(('f' & 'g'); END $$;\n'h' ~> 'i';\n"
    )
    assert shown(text) == [("DF007", "~>"), ("DF016", "'e'"), ("DF005", "(")]
    places = [compile(text).script.source.position(finding.span.start) for finding in syntax(text)]
    assert places == [(1, 21), (3, 21), (4, 29)]
    assert len(parse(text).workflows) == 2


def test_every_mistake_in_one_script() -> None:
    """Each of them once, in one text, in reverse order, with the right spans."""
    chosen = [mistake for mistake in reversed(LOCAL) if mistake.key != "open-comment"]
    text = "".join(f"{mistake.bad}\n\n" for mistake in chosen)
    assert [finding.code for finding in syntax(text)] == [mistake.code for mistake in chosen]


def test_a_mistake_in_every_second_of_many_statements() -> None:
    text = "SELECT df.start('a' ~> );\nSELECT df.start('b' ~> 'c');\n" * 200
    assert [code for code, _ in shown(text)] == ["DF007"] * 200
    assert len(parse(text).workflows) == 200


@pytest.mark.parametrize(
    "broken",
    [
        "SELECT df.start('a ~> 'b');",
        "SELECT df.start('a' ~> b');",
        "SELECT df.start('it's' ~> 'b');",
        "INSERT INTO t VALUES ('it's');",
        "SELECT df.start('a' ~> 'b);",
        "SELECT df.start($$a$ ~> 'b');",
        "SELECT df.start($q$a$Q$ ~> 'b');",
        "SELECT df.start(\"a ~> 'b');",
        "SELECT df.start(E'a\\' ~> 'b');",
        "DO $$ BEGIN PERFORM df.start('a ~> 'b'); END $$;",
        "/* a /* b */ SELECT 1;",
    ],
)
def test_a_broken_quote_does_not_hide_what_follows(broken: str) -> None:
    rest = "\n\nSELECT df.start('x' ~> );\nSELECT df.start('y' ~> 'z', 'label');\n-- end\nSELECT df.start('u' 'v');\n"
    text = f"SELECT df.start('s' ~> 't');\n{broken}{rest}"
    findings = syntax(text)
    after = [finding for finding in findings if finding.span.start >= len(text) - len(rest)]
    assert [finding.code for finding in after] == ["DF007", "DF016"]
    assert len(findings) - len(after) >= 1
    assert all(
        finding.code in ("DF001", "DF002", "DF003", "DF004", "DF008") for finding in findings[: -len(after)]
    )
    assert [text[slice(*workflow.span)] for workflow in parse(text).workflows] == ["'s' ~> 't'", "'y' ~> 'z'"]


# ---- what people write

WRITTEN = [
    # forgotten commas and operators
    ("SELECT df.start('a' ~> 'b' 'label');", "DF016", "'label'"),
    ("SELECT df.start('a' ~> df.sleep(5) 'label');", "DF008", "'label'"),
    ("SELECT df.start('a' ~> b c);", "DF008", "c"),
    ("SELECT df.if('c' 'a', 'b');", "DF016", "'a'"),
    ("SELECT df.start('a' ~> df.if('c', 'b' df.sleep(1)));", "DF008", "df.sleep"),
    ("('a' ~> 'b') ('c' ~> 'd');", "DF008", "("),
    # too many of them
    ("SELECT df.start('a' ~> ~> 'b');", "DF017", "~>"),
    ("SELECT df.start('a' ~> & 'b');", "DF017", "&"),
    ("SELECT df.start('a' ~> 'b',);", "DF013", ","),
    ("SELECT df.start('a',, 'b');", "DF013", ","),
    ("SELECT df.start(, 'b');", "DF013", ","),
    ("~> 'a' ~> 'b';", "DF017", "~>"),
    ("'a' ~> ;", "DF007", "~>"),
    ("SELECT df.start(@> );", "DF007", "@>"),
    ("SELECT df.start(('a' |=> ) ~> 'b');", "DF007", "|=>"),
    ("SELECT df.start('a' ~> (CASE WHEN x THEN 'b' END ~> ));", "DF007", "~>"),
    ("SELECT f('x' ~> , 1);", "DF007", "~>"),
    # other operators
    ("SELECT df.start('a' => 'b');", "DF023", "=>"),
    ("SELECT df.start(df.sql('a') => 'b');", "DF023", "=>"),
    ("SELECT df.start('a' ~ > 'b');", "DF009", "~ >"),
    ("SELECT df.start('a' | => 'x' ~> 'b');", "DF009", "| =>"),
    ("SELECT df.start('a' |= > 'x');", "DF009", "|= >"),
    ("SELECT df.start('a' ? > 'x');", "DF009", "? >"),
    ("SELECT df.start('c' ?> 'b' : 'd');", "DF019", ":"),
    ("SELECT df.start('a' then 'b');", "DF019", "then"),
    # characters
    ("SELECT df.start(“SELECT 1” ~> 'b');", "DF022", "“"),
    ("SELECT df.start('a' |=> ‘x’);", "DF022", "‘"),
    ("SELECT df.start('a' ~>\u00a0'b');", "DF022", "\u00a0"),
    ("SELECT df.start('a' –> 'b');", "DF022", "–"),
    ("SELECT df.start('a' → 'b');", "DF022", "→"),
    ("`SELECT 1` ~> 'b';", "DF010", "`"),
    ("'a' ~> {'b'};", "DF010", "{"),
    ("'a' ~> \x01'b';", "DF010", "\x01"),
    # brackets
    ("SELECT df.start(('a' & 'b') ~> ('c' & 'd');", "DF005", "("),
    ("SELECT df.start(('a' & 'b' ~> 'c', 'label');", "DF005", "("),
    ("SELECT df.start('a' ~> 'b'\n\nSELECT df.start('x');", "DF005", "("),
    ("SELECT df.start('a']);", "DF006", "]"),
    ("'a' ~> 'b');", "DF006", ")"),
    ("df.start('a'", "DF005", "("),
    ("SELECT df.start(ARRAY['a' ~> 'b');", "DF006", ")"),
    ("SELECT df.start(CASE WHEN a THEN 'b' ELSE 'c');", "DF024", "CASE"),
    ("CASE WHEN a THEN 'b' ~> 'c';", "DF024", "CASE"),
    ("SELECT df.start('a' END ~> 'b');", "DF019", "END"),
    # semicolons
    ("SELECT df.start('a' ~> 'b'; 'label');", "DF025", ";"),
    ("SELECT df.start('a'; ~> 'b');", "DF025", ";"),
    ("SELECT df.start('a';\n  'b');", "DF025", ";"),
    ("SELECT df.start('a' ~> 'b')\n\nSELECT df.start('x');", "DF026", "SELECT"),
    ("SELECT df.start('a' ~> 'b' );)", "DF006", ")"),
    # arguments
    ("SELECT df.start(df.if('a', then => 'b', else => 'c'));", "DF015", "then"),
    ("SELECT df.if('a', 'b', else := 'c');", "DF015", "else"),
    ("SELECT df.start(label => 'x', 'a');", "DF014", "'a'"),
    # SQL without quotes, and other quotes
    ("SELECT df.start(SELECT 1 ~> 'b');", "DF029", "SELECT"),
    ("SELECT df.start('a' ~> SELECT 2);", "DF029", "SELECT"),
    ("SELECT df.start('a' ~> INSERT INTO t VALUES (1));", "DF029", "INSERT"),
    ("SELECT df.start(\"UPDATE t SET a = 1\" ~> 'b');", "DF027", '"UPDATE t SET a = 1"'),
    ("SELECT df.start 'a' ~> 'b';", "DF028", "df.start"),
    ("SELECT df.start('a' ~> df.sleep 5);", "DF028", "df.sleep"),
    ("SELECT df.start('a' ~> 'b' AS label);", "DF019", "AS"),
    ("SELECT df.start('a' ~> 'b' WHERE true);", "DF019", "WHERE"),
    ("SELECT df.start('a' ~> [1]);", "DF019", "["),
    # statements and comments
    ("SELEC df.start('a');", "DF018", "SELEC"),
    ("PERFORM df.start('a');", "DF018", "PERFORM"),
    ("// a comment\n'a' ~> 'b';", "DF030", "//"),
    ("'a'\n# a comment\n~> 'b';", "DF030", "#"),
    ("'a' ~> /* x 'b';", "DF003", "/*"),
    # escapes
    ("SELECT df.start('a' ~> E'\\uZZ');", "DF012", "\\u"),
    ("SELECT df.start('a' ~> U&'\\00');", "DF012", "\\0"),
    # inside quoted code
    ("SELECT df.explain($$ 'a' ~> $$);", "DF007", "~>"),
    ("SELECT df.explain('''a'' ~> (''b''');", "DF005", "("),
    ("DO 'BEGIN PERFORM df.start(''a'' ''b''); END';", "DF016", "''b''"),
    ("DO $$ BEGIN EXECUTE 'SELECT df.start(''a'' ~> )'; END $$;", "DF007", "~>"),
    ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT df.start('a' ~> ) $$;", "DF007", "~>"),
    ("DO $$ BEGIN w := 'a' ~> ; END $$;", "DF007", "~>"),
]


@pytest.mark.parametrize(("text", "code", "place"), WRITTEN)
def test_what_people_write(text: str, code: str, place: str) -> None:
    assert shown(text) == [(code, place)]


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("SELECT df.start('a' ? > 'b' !> 'c');", "SELECT df.start('a' ?> 'b' !> 'c');"),
        ("SELECT df.start(‘SELECT 1’ ~> “SELECT 2”);", "SELECT df.start('SELECT 1' ~> 'SELECT 2');"),
        (
            "SELECT df.if('a', then => 'b', else_branch => 'c');",
            "SELECT df.if('a', then_branch => 'b', else_branch => 'c');",
        ),
    ],
)
def test_fixes(text: str, corrected: str) -> None:
    (finding,) = syntax(text)
    (fix,) = finding.fixes
    for edit in sorted(fix.edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert text == corrected
    assert syntax(text) == []


def test_a_label_shows_where_quotes_went_wrong() -> None:
    text = "SELECT df.start('SELECT 1 WHERE a = 'x' ~> df.sleep(5));"
    (finding,) = syntax(text)
    assert finding.code == "DF001"
    assert [text[slice(*label.span)] + text[label.span.end] for label in finding.labels] == ["'x"]


def test_nul_characters_are_reported_once() -> None:
    text = "".join(f"{char}\0" for char in "SELECT df.start('a'); SELECT 2;\n")
    assert [finding.code for finding in syntax(text)] == ["DF011"]
