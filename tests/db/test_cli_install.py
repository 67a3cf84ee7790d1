"""`dfsql install` and `dfsql uninstall` on a server, and the embedded one behind them."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from df_database import OWNER, DfDatabase

from dfsql.cli import main
from dfsql.sql import installed_version

pytestmark = pytest.mark.needs_postgres

WAITING = """
    INSERT INTO df.instances (id, root_node, submitted_by) VALUES ('00000001', '00000002', 'app'::regrole);
    INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by)
        VALUES ('00000002', '00000001', 'SQL', 'SELECT 1', 'app'::regrole)"""


def version(database: DfDatabase) -> int | None:
    with database.connect(OWNER) as connection:
        return installed_version(connection)


def test_install_and_uninstall(empty_database: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    dsn, name = empty_database.dsn(OWNER), empty_database.name
    assert main(["install", "--dsn", dsn, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f'schema df in database "{name}": version 1 would be installed\n  schema/')
    assert version(empty_database) is None
    assert main(["install", "--dsn", dsn, "--operators-schema", "df"]) == 0
    assert capsys.readouterr().out == f'schema df in database "{name}": version 1 installed\n'
    assert version(empty_database) == 1
    assert main(["install", "--dsn", dsn]) == 0
    assert capsys.readouterr().out == f'schema df in database "{name}": version 1 is up to date\n'
    assert main(["uninstall", "--dsn", dsn]) == 0
    assert capsys.readouterr().out == f'schema df in database "{name}": version 1 removed\n'
    assert version(empty_database) is None
    assert main(["uninstall", "--dsn", dsn]) == 1
    assert capsys.readouterr() == ("", f'dfsql: there is no schema df in database "{name}"\n')


def test_uninstall_spares_what_runs(database18: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    with database18.connect(OWNER) as connection:
        connection.execute(WAITING)
    assert main(["uninstall", "--dsn", database18.dsn(OWNER)]) == 1
    assert "1 instances that are pending or running" in capsys.readouterr().err
    assert version(database18) == 1
    assert main(["uninstall", "--dsn", database18.dsn(OWNER), "--force"]) == 0
    assert version(database18) is None


def test_one_who_may_not(database18: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--dsn", database18.dsn("app")]) == 1
    assert 'belongs to role "dfowner"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"), [("dbname=nowhere", "nowhere"), ("user=nobody_here", "nobody_here")]
)
def test_a_server_that_refuses(
    change: str, said: str, database18: DfDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "--dsn", f"{database18.dsn(OWNER)} {change}"]) == 5
    err = capsys.readouterr().err
    assert "no database: " in err
    assert said in err


def dfsql(folder: Path, *words: str) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "dfsql", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "DFSQL_DATA_DIR": str(folder)},
    )
    return run.returncode, run.stdout + run.stderr


def test_without_a_server_it_is_the_embedded_one(tmp_path: Path) -> None:
    try:
        assert dfsql(tmp_path, "install") == (0, 'schema df in database "dfsql": version 1 installed\n')
        ask = "SELECT current_user, to_regnamespace('df') IS NOT NULL"
        assert dfsql(tmp_path, "db", "psql", "-XAtc", ask) == (0, "dfsql|t\n")
        assert dfsql(tmp_path, "db", "psql", "--superuser", "-XAtc", "SELECT current_user") == (
            0,
            "postgres\n",
        )
        assert dfsql(tmp_path, "db", "psql", "-Xc", "SELECT nonsense")[0] == 1
        assert dfsql(tmp_path, "db", "status") == (0, "PostgreSQL 18: does not run, not in use\n")
        assert dfsql(tmp_path, "db", "reset", "--yes") == (0, "deleted\n")
        assert dfsql(tmp_path, "db", "status") == (0, "no data yet\n")
    finally:
        dfsql(tmp_path, "db", "stop", "--force")


def test_a_database_that_holds_no_df(empty_database: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    import click

    from dfsql.cli import database as commands

    for question in ("SELECT df.version()", "SELECT FROM df.instances", "SELECT FROM _duroxide.runs"):
        with (
            pytest.raises(click.exceptions.Exit) as end,
            commands.server(empty_database.dsn(OWNER)) as server,
            commands.connect(server.conninfo) as connection,
        ):
            connection.execute(question)
        assert end.value.exit_code == 5
        assert "run `dfsql install`" in capsys.readouterr().err
    with (
        pytest.raises(psycopg.errors.UndefinedTable),
        commands.server(empty_database.dsn(OWNER)) as server,
        commands.connect(server.conninfo) as connection,
    ):
        connection.execute("SELECT FROM dfx")
