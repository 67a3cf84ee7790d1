"""Exit statuses: one row per command line. The folder holds one file of each sort."""

from pathlib import Path

import pytest

from dfsql.cli import main

GOOD = "'SELECT 1 AS n' |=> 'a' ~> 'SELECT $a.n';\n"
BROKEN = "SELECT df.start('SELECT 1' ~> );\n"
WARNS = "SELECT df.start(('SELECT 1' & 'SELECT 2') ~> 'SELECT 3' & 'SELECT 4');\n"
TWO = "SELECT df.start('SELECT 1', 'first');\nSELECT df.start('SELECT 2', 'second');\n"
MIXED = TWO + "SELECT df.start('SELECT 3' ~> , 'third');\n"
FILES = {
    "good.dfsql": GOOD,
    "broken.dfsql": BROKEN,
    "two.dfsql": TWO,
    "mixed.dfsql": MIXED,
    "empty.dfsql": "",
    "comments.dfsql": "-- nothing\n/* here */\n",
    "plain.sql": "SELECT 1;\n",
    "dynamic.dfsql": "SELECT df.start(body, 'x') FROM t;\n",
    "a:b.dfsql": TWO,
    "sub/good.dfsql": GOOD,
    "sub/.hidden/broken.dfsql": BROKEN,
    "none/readme.txt": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


STATUSES = [
    # fine
    (0, "--version"),
    (0, "-h"),
    (0, "lint good.dfsql"),
    (0, "lint empty.dfsql"),
    (0, "lint comments.dfsql"),
    (0, "lint plain.sql"),
    (0, "lint sub"),
    (0, "lint good.dfsql --format json"),
    (0, "compile good.dfsql"),
    (0, "compile good.dfsql two.dfsql"),
    (0, "compile two.dfsql --format sql"),
    (0, "compile two.dfsql --format dot"),
    (0, "compile good.dfsql empty.dfsql"),
    (0, "compile sub"),
    (0, "explain good.dfsql"),
    (0, "explain two.dfsql"),
    (0, "explain two.dfsql:second --format mermaid"),
    (0, "explain a:b.dfsql"),
    (0, "explain a:b.dfsql:first --format dot"),
    (0, "explain mixed.dfsql:first"),
    (0, "explain good.dfsql --focus s2"),
    (0, "rule"),
    (0, "rule DF007"),
    (0, "rule missing-operand --format json"),
    # findings
    (1, "lint broken.dfsql"),
    (1, "lint broken.dfsql --fail-on error"),
    (1, "lint good.dfsql broken.dfsql"),
    (1, "lint empty.dfsql --fail-on info"),
    (1, "compile broken.dfsql"),
    (1, "compile good.dfsql broken.dfsql"),
    (1, "explain broken.dfsql"),
    (1, "explain mixed.dfsql"),
    (1, "explain mixed.dfsql:third"),
    (1, "fmt broken.dfsql"),
    # usage
    (2, ""),
    (2, "lnt"),
    (2, "lint"),
    (2, "lint --no-such-option good.dfsql"),
    (2, "lint --format xml good.dfsql"),
    (2, "lint --fail-on never good.dfsql"),
    (2, "lint --target oracle good.dfsql"),
    (2, "lint missing.dfsql"),
    (2, "lint missing.dfsql broken.dfsql"),
    (2, "compile missing.dfsql good.dfsql"),
    (2, "compile good.dfsql two.dfsql -o plain.sql"),
    (2, "compile good.dfsql sub/good.dfsql -o out/"),
    (2, "compile two.dfsql --format mermaid"),
    (2, "compile good.dfsql -o plain.sql/deeper.json"),
    (2, "explain sub"),
    (2, "explain missing.dfsql:first"),
    (2, "explain two.dfsql --format svg"),
    (2, "explain two.dfsql --format html"),
    (2, "explain two.dfsql --format json"),
    (2, "explain two.dfsql --format svg -o plain.sql"),
    (2, "explain two.dfsql --focus s1"),
    (2, "explain good.dfsql --engine dot"),
    (2, "explain good.dfsql two.dfsql"),
    (2, "rule DF007 DF008"),
    # nothing matched
    (4, "lint none"),
    (4, "compile none"),
    (4, "fmt none"),
    (4, "compile empty.dfsql"),
    (4, "compile plain.sql empty.dfsql"),
    (4, "explain comments.dfsql"),
    (4, "explain two.dfsql:third"),
    (4, "explain good.dfsql --focus s9"),
    (4, "rule DF000"),
    (4, "rule unbound-nam"),
]


@pytest.mark.parametrize(("status", "line"), STATUSES, ids=[line or "nothing" for _, line in STATUSES])
def test_exit_status(status: int, line: str) -> None:
    assert main(line.split()) == status


def test_an_internal_fault_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError("too\ndeep")

    monkeypatch.setattr("dfsql.cli.analysis.compile", fail)
    assert main(["lint", "good.dfsql"]) == 3
    assert capsys.readouterr() == (
        "",
        "dfsql: internal fault: RecursionError: too deep; this is a bug in dfsql: please report it with the "
        "file, and with what DFSQL_DEBUG=1 prints\n",
    )
    monkeypatch.setenv("DFSQL_DEBUG", "1")
    assert main(["lint", "good.dfsql"]) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dfsql.cli.analysis.compile", interrupt)
    assert main(["lint", "good.dfsql"]) == 130


def test_what_cannot_be_read_is_said_and_the_rest_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.name == "good.dfsql":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert main(["lint", "good.dfsql", "broken.dfsql"]) == 2
    out, err = capsys.readouterr()
    assert err == "dfsql: cannot read good.dfsql: Permission denied\n"
    assert "error[DF007]" in out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lnt", "there is no command 'lnt'; did you mean lint?"),
        ("draw", "there is no command 'draw'; the commands are lint, compile, explain, fmt, rule"),
        ("explain two.dfsql:secnd", "two.dfsql has no workflow called 'secnd'; did you mean second?"),
        ("explain two.dfsql:zzz", "two.dfsql has no workflow called 'zzz'; it has first, second"),
        (
            "explain two.dfsql --format svg",
            "2 workflows need FILE:NAME or -o FOLDER with svg (first, second)",
        ),
        ("explain sub", "sub is a folder: name one file in it"),
        ("explain good.dfsql --focus s9", "has no step 's9'; did you mean"),
        ("rule missing-operant", "there is no rule 'missing-operant'; did you mean missing-operand"),
        ("rule xyz", "there is no rule 'xyz'; `dfsql rule` lists them all"),
        ("lint none", "no *.dfsql file in none"),
        ("compile empty.dfsql", "no workflow in empty.dfsql"),
        ("lint missing.dfsql", "cannot read missing.dfsql: No such file or directory"),
        (
            "compile good.dfsql two.dfsql -o plain.sql",
            "several results need a folder, and plain.sql is a file",
        ),
        (
            "compile good.dfsql two.dfsql -o new.json",
            "several results need a folder, and new.json looks like a file: write -o new.json/ for a folder",
        ),
        ("explain two.dfsql --format svg -o new.svg", "and new.svg looks like a file"),
        ("compile good.dfsql -o no/where.json", "cannot write no/where.json: there is no folder no"),
        ("compile good.dfsql --output=", "Invalid value for '-o' / '--output': the name is empty"),
        ("explain good.dfsql --focus s1 --format json", "--focus does nothing for json"),
        ("rule DF999", "there is no rule 'DF999'; `dfsql rule` lists them all"),
        ("rule busy", "there is no rule 'busy'; did you mean busy-loop?"),
        ("compile good.dfsql sub/good.dfsql -o o/", "two results would both be o/good.json"),
        ("compile dynamic.dfsql --format sql", "the server computes the text of step s1"),
    ],
)
def test_what_is_said(line: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.iterdir())
    assert main(line.split()) != 0
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
    assert sorted(folder.iterdir()) == before
