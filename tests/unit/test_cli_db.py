"""`dfsql db` and what the database commands say without a server, without the extra, and about wrong usage."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from dfsql.cli import main
from dfsql.runtime.embedded import EmbeddedError, Status

NO_DATABASE = [
    ("install --dsn host=/nowhere", 5, "no database: .*/nowhere/.s.PGSQL.5432.*No such file"),
    ("uninstall --dsn host=/nowhere", 5, "no database: .*/nowhere"),
    ("worker --dsn host=/nowhere", 5, "no database: .*/nowhere"),
    ("worker --dsn host=/nowhere", 5, "check --dsn, DFSQL_DSN and the PG"),
    ("install --dsn postgresql://ada:geheim@127.0.0.1:1/d", 5, "no database: .*127.0.0.1.*refused"),
    ("install --dsn geheim", 2, "the connection string is not valid"),
    ("install --dsn geheim=1", 2, "the connection string is not valid"),
    ("install --name x", 2, "--name is the name of an extension"),
    ("install --as-extension x --dsn host=y", 2, "writes files only"),
    ("install --as-extension x --dry-run", 2, "writes files only"),
    ("install --as-extension x --name a--b", 2, "'a--b' cannot be the name of an extension"),
    ("install --as-extension x --name ../a", 2, "cannot be the name"),
    ("install --as-extension x --name a-", 2, "cannot be the name"),
    ("install --as-extension /dev/null/x", 2, "cannot write into /dev/null/x"),
    ("install --operators-schema other", 2, "Invalid value for '--operators-schema'"),
    ("worker --concurrency 0", 2, "Invalid value for '--concurrency'"),
    ("db reset", 2, "there is nobody to ask: say --yes"),
    ("db nonsense", 2, "No such command"),
]


@pytest.mark.parametrize(("words", "status", "said"), NO_DATABASE)
def test_what_is_said(
    words: str,
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DFSQL_DATA_DIR", str(tmp_path))
    assert main(words.split()) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(said, err)
    assert "ada:geheim" not in err


@pytest.mark.parametrize("words", ["install", "uninstall", "worker", "db psql"])
@pytest.mark.parametrize("missing", ["psycopg", "libpq"])
def test_without_the_extra(words: str, missing: str, tmp_path: Path) -> None:
    block = {"psycopg": "sys.modules['psycopg'] = None", "libpq": "sys.modules['psycopg.pq'] = None"}[missing]
    code = f"import sys; {block}; from dfsql.cli import main; sys.exit(main({words.split()!r}))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert "pip install 'pg-dfsql[run]' (missing: psycopg)" in run.stderr


def test_an_extension_is_written_without_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sub" / "ext"
    assert main(["install", "--as-extension", str(folder), "--name", "pg_durable"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(folder / "pg_durable.control")
    assert len(list(folder.glob("pg_durable--*.sql"))) >= 1


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DFSQL_DATA_DIR", str(tmp_path))
    return tmp_path / "postgres"


def test_db_on_a_clean_system(look: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        ("path", f"{look}\n"),
        ("status", "no data yet\n"),
        ("stop", "it was not running\n"),
        ("reset --yes", "there were no data\n"),
    ):
        assert main(["db", *words.split()]) == 0
        assert capsys.readouterr().out == said
    assert not look.exists()


STATES = [
    (Status(Path("/x"), 18, True, True, 7), "PostgreSQL 18: runs, process 7, in use\n"),
    (Status(Path("/x"), 15, False, False, None), "PostgreSQL 15: does not run, not in use\n"),
]


@pytest.mark.parametrize(("state", "said"), STATES)
def test_db_status(
    state: Status, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dfsql.runtime.embedded.status", lambda: state)
    assert main(["db", "status"]) == 0
    assert capsys.readouterr().out == said


def refuse(**_: Any) -> bool:
    raise EmbeddedError("the server is in use")


@pytest.mark.parametrize("words", ["stop", "reset --yes"])
def test_db_refuses(
    words: str, look: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dfsql.runtime.embedded.stop", refuse)
    monkeypatch.setattr("dfsql.runtime.embedded.reset", refuse)
    assert main(["db", *words.split()]) == 1
    assert capsys.readouterr() == ("", "dfsql: the server is in use\n")


def interrupt(*_: Any, **__: Any) -> bool:
    raise click.Abort


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (lambda *_, **__: True, 0, "there were no data\n"),
        (lambda *_, **__: False, 1, "dfsql: nothing was deleted\n"),
        (interrupt, 1, "dfsql: nothing was deleted\n"),
    ],
    ids=["yes", "no", "interrupt"],
)
def test_db_reset_asks(
    answer: Callable[..., bool],
    status: int,
    said: str,
    look: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", answer)
    assert main(["db", "reset"]) == status
    assert "".join(capsys.readouterr()) == said
