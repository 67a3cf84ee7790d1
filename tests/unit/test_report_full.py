"""The report for people: each case is a text, findings in it, and the exact report in tests/data/report.

`python tests/unit/test_report_full.py` writes the reports again; read the difference before you commit it.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from dfsql.compiler.report import FileFindings, report
from dfsql.grammar import Finding, Label, Severity, Source, Span

DATA = Path(__file__).parent.parent / "data" / "report"


@dataclass(frozen=True)
class Case:
    """A text with findings; places are given by the words that stand there."""

    name: str
    text: str
    findings: tuple[Finding, ...]

    def render(self, *, color: bool = False) -> str:
        source = Source(self.text, f"flows/{self.name}.dfsql")
        return report([FileFindings(source, self.findings)], color=color)


def at(text: str, words: str) -> Span:
    start = text.index(words)
    return Span(start, start + len(words))


def case(name: str, text: str, words: str, *labels: tuple[str, str], **fields: object) -> Case:
    found = tuple(Label(at(text, place), said) for place, said in labels)
    values = {"code": "DF007", "severity": Severity.ERROR, "message": f"look at {name}"} | fields
    return Case(name, text, (Finding(span=at(text, words), labels=found, **values),))  # type: ignore[arg-type]


STEPS = "  'one'\n  ~> 'two'\n\n  ~> 'three'\n  ~> 'four'\n  ~> 'five'\n  ~> 'six';\n"
LONG = "'start' ~> 'SELECT " + ", ".join(f"column_{number}" for number in range(30)) + " FROM t' ~> 'end';"

CASES = [
    case("plain", "'SELECT 1' |=> 'a' ~> 'SELECT $b';", "$b", help="did you mean $a?", workflow="nightly", node="s2"),
    case("long_workflow", "'SELECT 1' |=> 'a' ~> 'SELECT $b';", "$b", workflow="a label may be any text " * 5),
    case("labels", "'SELECT 1' |=> 'a' ~> 'SELECT 2' |=> 'a';", "|=> 'a';", ("'a'", "first"), ("'SELECT 2'", "second")),
    case("label_right", "'SELECT 1' |=> 'a' ~> 'SELECT $a';", "'a'", ("$a", "used here")),
    case("label_same_place", "'SELECT 1' ~> 'SELECT 2';", "'SELECT 2'", ("'SELECT 2'", "this step")),
    case("label_above", STEPS, "'three'", ("'two'", "after this"), ("'one'", "and this")),
    case("label_far", STEPS, "'six'", ("'one'", "begins here")),
    case("two_lines", STEPS, "'one'\n  ~> 'two'"),
    case("blank_line_inside", STEPS, "'two'\n\n  ~> 'three'", ("'one'\n  ~> 'two'", "the first two")),
    case("many_lines", STEPS, STEPS.strip(), code="DF999"),
    case("tabs", "\t'SELECT\t1'\t~>\t'SELECT $b';", "$b", ("~>", "then")),
    case("wide_letters", "'SELECT ''日本語'' AS 列' ~> 'SELECT $列 + é';", "$列", ("日本語", "六個")),
    case("combining", "'cafe\u0301' ~> 'SELECT $b';", "$b", ("~>", "then")),
    case("control", "'a\x1b[31mb\x00' ~> '\u202ec' ~> '\udce9' ~> $b", "$b", message="a \x1b[31m name\nhere"),
    case("line_end", "'one' ~>\n", "\n"),
    case("only_spaces", "'one'    ~> 'two'", "    ", severity=Severity.WARNING),
    case("long_line_end", LONG, "'end'"),
    case("long_line_middle", LONG, "column_12", ("column_14", "near"), ("'start'", "far left"), ("'end'", "far right")),
    case("long_mark", LONG, LONG[11:-10]),
    case("crlf", "'one' ~>\r\n  'two' ~> ;\r\n", "~> ;"),
    case("byte_order_mark", "\ufeff'one' ~> ;", "~>"),
    Case("at_end", "'one' ~>", (Finding("DF007", Severity.ERROR, "nothing follows", Span(8, 8)),)),
    Case("past_the_end", "'one'\n", (Finding("DF007", Severity.ERROR, "nothing follows", Span(99, 120)),)),
    Case("empty", "", (Finding("DF020", Severity.INFO, "nothing here", Span(0, 0), help="write something"),)),
    case("hundred", "'x'\n" * 98 + "'y'\n~> 'z'", "~> 'z'", ("'y'", "line 99")),
    Case("several", "'one' ~> $a", tuple(Finding("DF007", level, level.value, Span(9, 11)) for level in Severity)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_report_is_exactly_the_file(case: Case) -> None:
    gold = (DATA / f"{case.name}.out").read_text(encoding="utf-8")
    assert case.render() == gold


def test_there_is_a_case_for_each_file() -> None:
    assert {path.stem for path in DATA.glob("*.out")} == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_colour_adds_nothing_but_colour(case: Case) -> None:
    painted = case.render(color=True)
    bare = "".join(
        piece.split("m", 1)[1] if number else piece for number, piece in enumerate(painted.split("\x1b["))
    )
    assert painted != bare
    assert bare == case.render()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_row_is_wider_than_a_window(case: Case) -> None:
    assert max(map(len, case.render().splitlines())) <= 130


def test_a_line_as_long_as_a_file_is_cut_quickly() -> None:
    text = "'" + "x" * 5_000_000 + "' ~> ;"
    source = Source(text, "big.dfsql")
    rendered = report(
        [FileFindings(source, [Finding("DF007", Severity.ERROR, "wrong", Span(5_000_003, 5_000_005))])]
    )
    assert "...xxx" in rendered
    assert len(rendered) < 600


def write_gold() -> None:
    for path in DATA.glob("*.out"):
        path.unlink()
    for case in CASES:
        (DATA / f"{case.name}.out").write_text(case.render(), encoding="utf-8")


if __name__ == "__main__":
    write_gold()
