"""The reports for programs, the counts, and the width of letters."""

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from dfsql.compiler.report import REPORT_FORMATS, FileFindings, UnknownReportFormatError, report
from dfsql.compiler.report.cells import expand, visible, width, window
from dfsql.grammar import Edit, Finding, Fix, Label, Severity, Source, Span

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(files("dfsql.compiler.report").joinpath("lint.schema.json").read_text(encoding="utf-8"))

TEXT = "'é' ~>\r\n  'SELECT $b'"
FINDING = Finding(
    "DF007",
    Severity.ERROR,
    "no step binds $b",
    Span(18, 20),
    help="did you mean $a?",
    labels=(Label(Span(0, 3), "here"),),
    fixes=(Fix("rename", (Edit(Span(18, 20), "$a"),), safe=True),),
    workflow="nightly",
    node="s2",
)
FILES = [
    FileFindings(Source(TEXT, "a.dfsql"), [FINDING]),
    FileFindings(Source("", "b.dfsql"), [Finding("DF999", Severity.INFO, "nothing\nhere", Span(0, 0))]),
    FileFindings(Source("'x'", "c.dfsql")),
]


def test_json_has_every_field() -> None:
    document = json.loads(report(FILES, format="json"))
    assert document["format_version"] == "1"
    assert document["findings"][0] == {
        "code": "DF007",
        "name": "missing-operand",
        "severity": "error",
        "message": "no step binds $b",
        "path": "a.dfsql",
        "span": {"start": 18, "end": 20, "line": 2, "column": 11, "end_line": 2, "end_column": 13},
        "help": "did you mean $a?",
        "labels": [
            {
                "span": {"start": 0, "end": 3, "line": 1, "column": 1, "end_line": 1, "end_column": 4},
                "text": "here",
            }
        ],
        "fixes": [
            {
                "title": "rename",
                "safe": True,
                "edits": [
                    {
                        "span": {"start": 18, "end": 20, "line": 2, "column": 11, "end_line": 2, "end_column": 13},
                        "text": "$a",
                    }
                ],
            }
        ],
        "workflow": "nightly",
        "node": "s2",
    }  # fmt: skip
    assert document["findings"][1]["name"] is None
    assert document["summary"] == {
        "files": 3,
        "files_with_findings": 2,
        "errors": 1,
        "warnings": 0,
        "infos": 1,
    }


@pytest.mark.parametrize("some", [[], FILES[2:], FILES], ids=["no files", "no findings", "findings"])
def test_json_follows_its_schema(some: list[FileFindings]) -> None:
    jsonschema.validate(json.loads(report(some, format="json")), SCHEMA)


def test_schema_is_strict_at_every_level() -> None:
    document = json.loads(report(FILES, format="json"))
    document["findings"][0]["labels"][0]["span"]["colour"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_in_the_docs_is_the_same() -> None:
    assert json.loads((ROOT / "docs" / "lint-json.schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_concise_is_one_line_each() -> None:
    assert report(FILES, format="concise") == (
        "a.dfsql:2:11: error[DF007] no step binds $b\nb.dfsql:1:1: info[DF999] nothing here\n"
    )


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(
        UnknownReportFormatError, match=re.escape("'sarif'; the formats are full, concise, json")
    ):
        report(FILES, format="sarif")
    assert all(report(FILES, format=format) for format in REPORT_FORMATS)


ERROR, WARNING, INFO = (Finding("DF999", severity, "m", Span(0, 0)) for severity in Severity)


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ([], "no findings in 0 files"),
        ([[]], "no findings in 1 file"),
        ([[], []], "no findings in 2 files"),
        ([[ERROR]], "1 error in 1 file"),
        ([[ERROR, ERROR, WARNING], [INFO]], "2 errors, 1 warning, 1 info in 2 files"),
        ([[WARNING, INFO, INFO], [], []], "1 warning, 2 infos in 1 file (3 checked)"),
    ],
)
def test_summary_counts(findings: list[list[Finding]], line: str) -> None:
    files = [FileFindings(Source("", "a"), found) for found in findings]
    assert report(files).splitlines()[-1] == line
    assert line not in report(files, summary=False)


@pytest.mark.parametrize(
    ("char", "columns"),
    [
        ("a", 1), ("\t", 4), ("é", 1), ("日", 2), ("Ａ", 2), ("🙂", 2),
        ("\u0301", 0), ("\u200d", 0), ("\x1b", 1), ("\u202e", 1), ("\udce9", 1),
    ],
)  # fmt: skip
def test_width_of_letters(char: str, columns: int) -> None:
    assert width(char) == columns


@pytest.mark.parametrize(
    ("char", "shown"), [("a", "a"), ("\0", "␀"), ("\x1b", "␛"), ("\x7f", "␡"), ("\x9b", "\ufffd"), ("\u2066", "\ufffd")]
)  # fmt: skip
def test_what_a_terminal_would_obey_is_shown_instead(char: str, shown: str) -> None:
    assert visible(char) == shown


def test_tabs_go_to_the_next_stop() -> None:
    assert expand("a\tb日\tc") == ("a   b日 c", [0, 1, 4, 5, 7, 8, 9])


@pytest.mark.parametrize(
    ("start", "end", "part"),
    [(0, 3, (0, 20)), (15, 20, (0, 20)), (30, 35, (25, 45)), (95, 99, (80, 100)), (100, 100, (80, 100))],
)
def test_window_keeps_the_mark_and_the_beginning_when_it_can(
    start: int, end: int, part: tuple[int, int]
) -> None:
    assert window("x" * 100, start, end, 20, 5) == part
