"""Scripts: statements and their words, what psql adds, and ordinary SQL, which is never rejected."""

from pathlib import Path

import pytest

from dfsql.grammar import parse

SCRIPTS = sorted((Path(__file__).parents[1] / "data" / "scripts").glob("*.dfsql"))
ORDINARY = [path for path in SCRIPTS if path.stem.startswith("ordinary_")]


def read(path: Path) -> str:
    return path.read_bytes().decode()


def test_there_is_a_corpus() -> None:
    assert len(ORDINARY) >= 4
    assert len(SCRIPTS) >= 10


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.stem)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_ordinary_sql_holds_no_workflow_and_no_mistake(path: Path, line_end: str) -> None:
    script = parse(read(path).replace("\n", line_end))
    assert script.findings == ()
    assert [script.source.text[slice(*workflow.span)] for workflow in script.workflows] == []
    assert len(script.statements) > 3


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_corpus_has_no_syntax_error(path: Path) -> None:
    assert parse(read(path)).findings == ()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_statements_stand_in_order_and_hold_their_regions(path: Path) -> None:
    script = parse(read(path))
    assert [s.start for s in script.statements] == sorted(s.start for s in script.statements)
    for before, after in zip(script.statements, script.statements[1:], strict=False):
        assert before.start < before.end <= after.start
    for region in script.regions:
        statement = script.statements[region.statement]
        assert statement.start <= region.span.start < region.span.end <= statement.end


def test_keywords_and_bare_expressions() -> None:
    text = "SELECT 1; (select 2); 'a' ~> 'b'; (('c')); DO $$ $$; df.sleep(5); \"x\" ~> 'y'; @> 'z'; unknown thing;"
    statements = parse(text).statements
    assert [statement.keyword for statement in statements] == [
        "select", "select", "", "", "do", "df", "", "", "unknown",
    ]  # fmt: skip
    assert [statement.bare for statement in statements] == [
        False, False, True, True, False, True, True, True, False,
    ]  # fmt: skip


def test_comments_are_listed() -> None:
    text = "-- a\nSELECT 1; /* b */ 'x' /* c\n */ ~> 'y' -- d"
    assert [text[slice(*span)] for span in parse(text).comments] == ["-- a", "/* b */", "/* c\n */", "-- d"]


@pytest.mark.parametrize("text", ["", " \n\t", "-- only a comment", "/* a */ ;;", "\ufeff", "\\set x 1\n"])
def test_a_text_without_statements_says_so(text: str) -> None:
    assert [finding.code for finding in parse(text).findings] == ["DF020"]


def test_a_script_without_workflows_is_fine() -> None:
    script = parse("SELECT 1;")
    assert (script.workflows, script.findings) == ((), ())


def test_positions_count_characters_of_the_file() -> None:
    text = "\ufeff-- é🎉\r\nSELECT '数',\tdf.start('a' ~> );\r\n"
    script = parse(text)
    (finding,) = script.findings
    assert text[slice(*finding.span)] == "~>"
    assert script.source.position(finding.span.start) == (2, 26)
