"""`dfsql compile --format sql` writes nothing that means less than the file."""

from pathlib import Path

import pytest

from dfsql.cli import main

STARTS = [
    ("df.start('SELECT 1', 'l', 'd', 'new')", "its transaction_mode is no part of the graph"),
    ("df.start('SELECT 1', transaction_mode => 'caller')", "its transaction_mode is no part of the graph"),
    ("df.start('SELECT 1', 'l' || now())", "the server computes its label"),
    ("df.start('SELECT 1', database => current_database())", "the server computes its database"),
]


@pytest.mark.parametrize(("start", "reason"), STARTS)
def test_what_a_graph_does_not_hold_is_said(
    start: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "flow.dfsql"
    path.write_text(f"SELECT {start};\n", encoding="utf-8")
    assert main(["compile", str(path), "--format", "sql"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err


def test_a_literal_label_and_database_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flow.dfsql"
    path.write_text("SELECT df.start('SELECT 1', 'l', 'd');\n", encoding="utf-8")
    assert main(["compile", str(path), "--format", "sql"]) == 0
    assert capsys.readouterr().out.endswith("', 'l', database => 'd');\n")
