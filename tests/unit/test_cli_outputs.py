"""Results: formats, `-o`, what is left out, and formatting in place."""

import io
import json
import sys
from pathlib import Path

import pytest

import dfsql
from dfsql.cli import compile as compile_command
from dfsql.cli import explain as explain_command
from dfsql.cli import lint as lint_command
from dfsql.cli import main
from dfsql.cli.products import SUFFIXES
from dfsql.compiler import TARGETS, from_dfgraph
from dfsql.compiler.explain import ENGINES, FORMATS
from dfsql.compiler.report import REPORT_FORMATS

ONE = "'SELECT ''a\\b''' |=> 'a' ~> df.http('http://example.org/$a') ~> 'SELECT $a';\n"
TWO = "SELECT df.start('SELECT 1', 'first');\nSELECT df.start('SELECT 2', 'a/b ü');\n"
MIXED = TWO + "SELECT df.start('SELECT 3' ~> , 'third');\n"
UNBOUND_CRON = (
    "SELECT df.start(df.wait_for_schedule('61 * * * *'), 'bad');\nSELECT df.start('SELECT 1', 'good');\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {"one": ONE, "two": TWO, "mixed": MIXED, "cron": UNBOUND_CRON}.items():
        (tmp_path / f"{name}.dfsql").write_text(text, encoding="utf-8")
    return tmp_path


def run(line: str, capsys: pytest.CaptureFixture[str], status: int = 0) -> str:
    assert main(line.split()) == status
    return capsys.readouterr().out


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_choices_are_those_of_the_compiler() -> None:
    assert explain_command.FORMATS == FORMATS
    assert explain_command.ENGINES == ENGINES
    assert lint_command.FORMATS == REPORT_FORMATS
    assert tuple(TARGETS) == lint_command.TARGETS
    assert set(compile_command.FORMATS) == set(SUFFIXES)
    assert set(explain_command.FORMATS) == set(explain_command.SUFFIXES)


def test_compile_writes_one_document_for_all_files(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run("compile one.dfsql two.dfsql", capsys))
    assert [(flow["source"], flow["name"]) for flow in document["workflows"]] == [
        ("one.dfsql", "one"),
        ("two.dfsql", "first"),
        ("two.dfsql", "a/b ü"),
    ]
    assert document["tool"] == {"name": "dfsql", "version": dfsql.__version__}


def test_compiled_json_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    text = run("compile one.dfsql two.dfsql", capsys)
    assert len(from_dfgraph(json.loads(text))) == 3


def test_compiled_sql_builds_the_same_graphs(capsys: pytest.CaptureFixture[str]) -> None:
    again = dfsql.compile(run("compile one.dfsql two.dfsql --format sql", capsys))
    before = [graph for text in (ONE, TWO) for graph in dfsql.compile(text, name="one").graphs]
    shapes = [
        [[(node.id, node.kind, node.query, node.name) for node in g.nodes] for g in some]
        for some in (before, again.graphs)
    ]
    assert shapes[0] == shapes[1]
    assert [graph.name for graph in again.graphs] == ["one", "first", "a/b ü"]
    assert again.findings == ()


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("df.start('SELECT 1', 'it''s')", "'it''s'"),
        ("df.start('SELECT 1')", "'flow'"),
        ("df.start('SELECT 1', '')", "''"),
        ("df.start('SELECT 1', 'a', 'other')", "'a', database => 'other'"),
    ],
)
def test_compiled_sql_keeps_the_label(
    call: str, arguments: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "flow.dfsql").write_text(f"SELECT {call};")
    printed = run("compile flow.dfsql --format sql", capsys).splitlines()[-1]
    assert printed == f"""SELECT df.start('{{"node_type":"SQL","query":"SELECT 1"}}', {arguments});"""


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("compile one.dfsql -o out.json", ["out.json"]),
        ("compile one.dfsql -o out/", ["out/one.json"]),
        ("compile one.dfsql two.dfsql -o out", ["out/one.json", "out/two.json"]),
        ("compile two.dfsql -o out.json", ["out.json"]),
        ("compile two.dfsql --format sql -o out.sql", ["out.sql"]),
        ("compile two.dfsql --format dot -o out", ["out/two.a_b_ü.dot", "out/two.first.dot"]),
        (
            "compile one.dfsql two.dfsql --format mermaid -o out/deep",
            ["out/deep/one.mmd", "out/deep/two.a_b_ü.mmd", "out/deep/two.first.mmd"],
        ),
        ("explain one.dfsql -o tree.txt", ["tree.txt"]),
        ("explain one.dfsql --format mermaid -o out/", ["out/one.mmd"]),
        ("explain two.dfsql:first --format mermaid -o out/", ["out/two.first.mmd"]),
        ("explain two.dfsql --format json -o out", ["out/two.a_b_ü.json", "out/two.first.json"]),
        ("explain two.dfsql -o out", ["out/two.a_b_ü.txt", "out/two.first.txt"]),
        ("explain one.dfsql --format svg -o one.svg", ["one.svg"]),
    ],
)  # fmt: skip
def test_where_results_go(
    line: str, files: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(folder)
    assert run(line, capsys) == ""
    assert sorted(set(names(folder)) - set(before)) == files
    assert all((folder / name).read_bytes().endswith(b"\n") for name in files)
    assert all(b"\r" not in (folder / name).read_bytes() for name in files)


def test_a_folder_that_exists_is_one_without_a_slash(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "out").mkdir()
    run("compile one.dfsql -o out", capsys)
    assert (folder / "out" / "one.json").is_file()


def test_dash_is_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compile one.dfsql -o -", capsys) == run("compile one.dfsql", capsys)
    assert not (folder / "-").exists()


def test_a_file_is_left_alone_when_there_is_no_result(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.dfsql").write_text("'SELECT 1' ~> ;")
    (folder / "out.json").write_text("before")
    run("compile broken.dfsql -o out.json", capsys, status=1)
    assert (folder / "out.json").read_text() == "before"


def test_what_is_right_is_produced_beside_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "mixed.dfsql"]) == 1
    out, err = capsys.readouterr()
    assert [flow["name"] for flow in json.loads(out)["workflows"]] == ["first", "a/b ü"]
    assert err.startswith(
        "error[DF007] missing-operand: ~> has nothing on its right\n --> mixed.dfsql:3:28\n"
    )
    assert main(["explain", "mixed.dfsql"]) == 1
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if line.startswith("--")] == ["-- first", "-- a/b ü"]
    assert "error[DF007]" in err


def test_a_workflow_with_an_error_is_left_out_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    out = run("compile cron.dfsql", capsys, status=1)
    assert [flow["name"] for flow in json.loads(out)["workflows"]] == ["good"]
    assert main(["explain", "cron.dfsql:good"]) == 0
    assert capsys.readouterr().err == ""


def test_explain_heads_workflows_only_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    alone = run("explain two.dfsql:first", capsys)
    assert alone.rstrip() == "SQL: SELECT 1"
    assert run("explain two.dfsql", capsys).startswith(f"-- first\n{alone}\n-- a/b ü\n")


def test_rules_are_listed_by_family_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    listed = run("rule", capsys)
    codes = [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
    assert codes == sorted(codes)
    assert [rule["code"] for rule in json.loads(run("rule --format json", capsys))] == codes
    assert json.loads(run("rule df007 --format json", capsys))["name"] == "missing-operand"


def test_every_rule_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for rule in json.loads(run("rule --format json", capsys)):
        page = run(f"rule {rule['name']}", capsys)
        assert page.startswith(f"{rule['code']} {rule['name']} (")
        assert max(map(len, page.splitlines())) < 200
        assert "\0" not in page


class TestFormatting:
    """`dfsql fmt`."""

    UGLY = "'SELECT 1'~>'SELECT 2'   ~>   'SELECT 3' -- end\n"

    @pytest.fixture
    def ugly(self, folder: Path) -> Path:
        path = folder / "ugly.dfsql"
        path.write_bytes(self.UGLY.encode())
        return path

    def test_writes_in_place_and_is_stable(self, ugly: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["fmt", "ugly.dfsql"]) == 0
        assert capsys.readouterr() == ("", "dfsql: 1 file changed\n")
        once = ugly.read_bytes()
        assert once != self.UGLY.encode()
        assert main(["fmt", "ugly.dfsql"]) == 0
        assert capsys.readouterr().err == "dfsql: 1 file unchanged\n"
        assert ugly.read_bytes() == once

    def test_check_and_diff_write_nothing(self, ugly: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["fmt", "--check", "ugly.dfsql"]) == 1
        assert capsys.readouterr() == ("would change ugly.dfsql\n", "dfsql: 1 file would change\n")
        assert main(["fmt", "--diff", "ugly.dfsql"]) == 1
        out, err = capsys.readouterr()
        assert out.startswith("--- ugly.dfsql (now)\n+++ ugly.dfsql (formatted)\n@@ ")
        assert err == ""
        assert ugly.read_bytes() == self.UGLY.encode()
        main(["fmt", "ugly.dfsql"])
        assert main(["fmt", "--check", "--diff", "ugly.dfsql"]) == 0

    def test_standard_input_goes_to_standard_output(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ugly: Path
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(self.UGLY.encode())))
        assert main(["fmt", "-"]) == 0
        printed, said = capsys.readouterr()
        assert said == ""  # an editor would show it, or take it for text
        main(["fmt", "ugly.dfsql"])
        assert printed.encode() == ugly.read_bytes()

    def test_a_broken_file_is_left_alone_and_the_rest_is_done(
        self, folder: Path, ugly: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        broken = folder / "broken.dfsql"
        broken.write_text("'SELECT 1'   ~> ;")
        assert main(["fmt", "broken.dfsql", "ugly.dfsql"]) == 1
        assert "error[DF007]" in capsys.readouterr().err
        assert broken.read_text() == "'SELECT 1'   ~> ;"
        assert ugly.read_bytes() != self.UGLY.encode()

    def test_byte_order_mark_is_kept(self, ugly: Path) -> None:
        plain = ugly.read_bytes()
        assert main(["fmt", "ugly.dfsql"]) == 0
        formatted = ugly.read_bytes()
        ugly.write_bytes(b"\xef\xbb\xbf" + plain)
        assert main(["fmt", "ugly.dfsql"]) == 0
        assert ugly.read_bytes() == b"\xef\xbb\xbf" + formatted

    def test_line_ends_are_kept(self, ugly: Path) -> None:
        ugly.write_bytes(self.UGLY.replace("\n", "\r\n").encode())
        assert main(["fmt", "ugly.dfsql"]) == 0
        assert ugly.read_bytes().count(b"\n") == ugly.read_bytes().count(b"\r\n") > 0
