"""`dfsql run` and the commands about instances, as far as no server is needed; how progress is painted."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docs_modules import load

from dfsql import runtime
from dfsql.cli import main, progress, ps
from dfsql.compiler import compile
from dfsql.runtime import Instance, LiveGraph
from dfsql.runtime.live_graph import Row

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWO = "SELECT df.start('SELECT 1', 'first');\nSELECT df.start('SELECT 2', 'second');\n"

SAID = [
    ("run", 2, "name a workflow: FILE or FILE:NAME, or --attach ID"),
    ("run one.dfsql --attach 12345678", 2, "name a workflow: FILE"),
    ("run --attach 12345678 --detach", 2, "--attach follows an instance to its end"),
    ("run nothing.dfsql", 2, "cannot read nothing.dfsql"),
    ("run .", 2, r"\. is a folder: name one file in it"),
    ("run two.dfsql", 2, "two.dfsql has 2 workflows, name one: two.dfsql:first, two.dfsql:second"),
    ("run two.dfsql:secnd", 4, "no workflow called 'secnd'; did you mean second"),
    ("run none.dfsql", 4, "no workflow in none.dfsql"),
    ("run wrong.dfsql", 1, "DF301"),
    ("run broken.dfsql", 1, "error"),
    (
        "run server.dfsql",
        1,
        "the server computes the text of step s1, so the whole script has to run: psql -f",
    ),
    ("run one.dfsql --dsn host=/nowhere", 5, "no database: .*/nowhere"),
    ("run one.dfsql --dsn geheim", 2, "the connection string is not valid"),
    ("run one.dfsql --detach --dsn host=/nowhere", 5, "no database: .*/nowhere"),
    ("run --attach 12345678 --dsn host=/nowhere", 5, "no database: .*/nowhere"),
    ("ps --dsn host=/nowhere", 5, "no database"),
    ("ps --all --status failed", 2, "leave out one"),
    ("ps --status done", 2, "'done' is not one of 'pending', 'running'"),
    ("ps --limit 0", 2, "0 is not in the range"),
    ("status", 2, "Missing argument 'ID'"),
    ("status 12345678 --dsn host=/nowhere", 5, "no database"),
    ("result 12345678 --dsn host=/nowhere", 5, "no database"),
    ("signal 12345678", 2, "Missing argument 'NAME'"),
    ("signal 12345678 go --dsn host=/nowhere", 5, "no database"),
    ("cancel 12345678 --dsn host=/nowhere", 5, "no database"),
    ("retry 12345678 --dsn host=/nowhere", 5, "no database"),
    ("explain", 2, "name a workflow: FILE or FILE:NAME, or --instance ID"),
    ("explain one.dfsql --instance 12345678", 2, "name a workflow"),
    ("explain one.dfsql --dsn x", 2, "a file needs no database"),
    ("explain --instance 12345678 --dsn host=/nowhere", 5, "no database"),
    ("explain --instance 12345678 --focus s1 --format json", 2, "--focus does nothing for json"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    texts = {
        "one": "'SELECT 1'",
        "two": TWO,
        "none": "SELECT 1;",
        "wrong": "'SELECT $b.n'",
        "broken": "'SELECT 1' ~> ;",
        "server": "SELECT df.start(format('SELECT %s', 1) ~> 'SELECT 2', 'x');",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.dfsql").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DFSQL_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.mark.parametrize(("words", "status", "said"), SAID)
def test_what_is_said(
    words: str, status: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(said, err)
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    "words",
    [
        "run one.dfsql",
        "ps",
        "status 1",
        "result 1",
        "signal 1 a",
        "cancel 1",
        "retry 1",
        "explain --instance 1",
    ],
)
def test_without_the_extra(words: str, folder: Path) -> None:
    code = f"import sys; sys.modules['psycopg'] = None; from dfsql.cli import main; sys.exit(main({words.split()!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert "pip install 'pg-dfsql[run]' (missing: psycopg)" in run.stderr


def test_states_are_those_of_the_runtime() -> None:
    assert ps.STATUSES == runtime.STATUSES
    assert set(runtime.LIVE) < set(runtime.STATUSES)


def instance(id: str = "0000000a", role: str = "ada", label: str | None = "nightly\nrun") -> Instance:
    return Instance(id, label, "failed", role, None, NOW, NOW, None, 1, "no such table")


def test_the_table_shows_roles_only_where_there_are_several() -> None:
    alone = ps._table([instance()]).splitlines()
    assert alone[0].split() == ["ID", "STATUS", "STARTED", "LABEL"]
    assert alone[1].endswith("  nightly run")
    both = ps._table([instance(), instance("0000000b", "robert", None)]).splitlines()
    assert both[0].split() == ["ID", "STATUS", "STARTED", "ROLE", "LABEL"]
    assert both[0].index("LABEL") == both[1].index("nightly")
    assert [line == line.rstrip() for line in both] == [True] * 3


def test_facts() -> None:
    facts = ps.facts(instance())
    assert (facts["result"], facts["error"]) == (None, "no such table")
    assert facts["created_at"] == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("line", "width", "shown"),
    [
        ("SQL: SELECT 1 ✓", 20, "SQL: SELECT 1 ✓"),
        ("SQL: SELECT 1 ✓", 15, "SQL: SELECT 1 ✓"),
        ("SQL: SELECT 1 ✓", 14, "SQL: SELEC… ✓"),
        ("SQL: SELECT 1", 8, "SQL: SE…"),
        ("SQL: 日本語日本語 ⏳", 14, "SQL: 日本… ⏳"),
    ],
)
def test_lines_are_cut_to_the_terminal(line: str, width: int, shown: str) -> None:
    assert progress._cut(line, width) == shown
    assert sum(map(progress._width, shown)) <= width + 1  # of the mark some fonts make two columns


def test_a_tall_tree_is_shown_around_what_runs() -> None:
    lines = [f"step {number} {'⏳' if number == 50 else '✓'}" for number in range(100)]
    shown = progress._window(lines, 12)
    assert len(shown) == 12
    assert "step 50 ⏳" in shown
    assert shown[0] == "… 45 lines above"
    assert shown[-1] == "… 45 lines below"
    assert progress._window(lines[:5], 12) == lines[:5]


def live(*states: str) -> LiveGraph:
    graph = compile("'SELECT 1' ~> df.wait_for_signal('go on', 5)").graphs[0]
    rows = (Row(str(at), "", None, None, None, None, state, NOW, None) for at, state in enumerate(states))
    return LiveGraph(graph, tuple(rows))


def test_lines_tell_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.Lines()
    for states in (("running", "pending", "pending"), *[("running", "completed", "running")] * 2):
        lines.paint(instance(), live(*states))
    assert capsys.readouterr().err == (
        "dfsql: completed  s1  SQL: SELECT 1\ndfsql: running    s2  SIGNAL 'go on' (5s)\n"
    )


def test_a_tree_is_painted_in_one_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    tree = progress.Tree()
    tree.paint(instance(), live("running", "running", "pending"))
    first = capsys.readouterr().err
    assert first == "0000000a  failed  0 s\nSQL: SELECT 1 ⏳\n→ SIGNAL 'go on' (5s) ○\n"
    tree.paint(instance(), live("running", "completed", "running"))
    assert capsys.readouterr().err.startswith("\x1b[3A\x1b[J0000000a")
    tree.note("hello")
    said = capsys.readouterr().err
    assert said.startswith("\x1b[3A\x1b[Jdfsql: hello\n0000000a")
    assert said.endswith("→ SIGNAL 'go on' (5s) ⏳\n")


def test_the_picture_of_the_page_is_current() -> None:
    module = load("live_picture")
    assert module.PICTURE.read_text(encoding="utf-8") == module.draw()
