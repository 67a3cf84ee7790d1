"""`dfsql run`: on the embedded server and on a named one; interrupted, killed, and gone on with."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from df_calls import as_worker, one
from df_database import OWNER, DfDatabase

from dfsql.cli import main

pytestmark = pytest.mark.needs_postgres

WAITS = "SELECT df.start('SELECT 1' ~> (df.wait_for_signal('go', 60) |=> 'x') ~> 'SELECT $x.data AS said', 'waits');"
SLOW = "SELECT df.start('SELECT pg_sleep(20)' ~> 'SELECT 2', 'slow');"


def dfsql(*words: str) -> list[str]:
    return [sys.executable, "-m", "dfsql", *words]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("DFSQL_DSN", "PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DFSQL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    texts = {
        "sum": "SELECT df.start('SELECT 1 AS n' |=> 'a' ~> 'SELECT $a.n + 1 AS m', 'sum');",
        "fails": "SELECT df.start('SELECT 1' ~> 'SELECT * FROM nowhere', 'fails');",
        "waits": WAITS,
        "slow": SLOW,
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.dfsql").write_text(text, encoding="utf-8")
    try:
        yield tmp_path
    finally:
        subprocess.run(dfsql("db", "stop", "--force"), check=False, capture_output=True)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def call(*words: str) -> tuple[int, str, str]:
    run = subprocess.run(dfsql(*words), capture_output=True, text=True, check=False, timeout=60)
    return run.returncode, run.stdout, run.stderr


def test_on_the_embedded_server(folder: Path) -> None:
    status, out, err = call("run", "sum.dfsql")
    assert (status, out) == (0, '{"rows": [{"m": 2}], "row_count": 1}\n')
    assert re.fullmatch(r"dfsql: instance (\w{8}) started\ndfsql: instance \1 completed\n", err)
    status, out, err = call("run", "fails.dfsql", "--watch")
    assert (status, out) == (1, "")
    assert "dfsql: failed     s2  SQL: SELECT * FROM nowhere\n" in err
    failed = re.findall(r"instance (\w{8}) failed: .*nowhere", err)[0]

    assert call("db", "psql", "-c", "CREATE TABLE nowhere AS SELECT 7 AS seven")[0] == 0
    status, out, err = call("retry", failed)
    assert status == 0
    assert f"dfsql run --attach {out.strip()} goes on" in err
    status, out, _ = call("run", "--attach", out.strip())
    assert (status, json.loads(out)["rows"]) == (0, [{"seven": 7}])

    status, waiting, err = call("run", "waits.dfsql", "--detach")
    assert status == 0
    assert "nobody executes it yet" in err
    waiting = waiting.strip()
    assert call("signal", waiting, "go", "now")[:2] == (0, "OK\n")
    status, out, _ = call("run", "--attach", waiting)
    assert (status, json.loads(out)["rows"]) == (0, [{"said": "now"}])
    cancelled = call("run", "waits.dfsql", "--detach")[1].strip()
    assert call("cancel", cancelled, "--reason", "no")[0] == 0
    assert call("run", "--attach", cancelled)[::2] == (1, f"dfsql: instance {cancelled} was cancelled: no\n")
    assert call("db", "status")[1] == "PostgreSQL 18: does not run, not in use\n"


def on_a_terminal(words: list[str], keys: list[tuple[str, bytes]]) -> tuple[int, str]:
    """Runs a command on a terminal; each time a text has been shown, keys are pressed."""
    child, master = pty.fork()
    if child == 0:
        os.execvp(words[0], words)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if keys and re.search(keys[0][0].encode(), shown):
            os.write(master, keys.pop(0)[1])
        if select.select([master], [], [], 0.1)[0]:
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            shown += more
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode().replace("\r", "")


def test_interrupted_and_killed(folder: Path) -> None:
    status, shown = on_a_terminal(dfsql("run", "waits.dfsql"), [("it waits for the signal 'go'", b"\x03")])
    assert status == 130
    instance = re.findall(r"instance (\w{8}) stays as it is", shown)[0]
    assert f"dfsql run --attach {instance}" in shown
    assert f"dfsql cancel {instance}" in shown
    assert "\x1b[J" in shown
    assert "SIGNAL 'go' (60s) |=> 'x' \x1b[33m⏳" in shown
    assert call("status", instance)[1] == "running\n"

    with subprocess.Popen(dfsql("run", "--attach", instance), stderr=subprocess.PIPE, text=True) as killed:
        assert killed.stderr is not None
        assert "it waits for the signal" in killed.stderr.readline()
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert call("signal", instance, "go", '{"a": 1}')[0] == 0
    status, out, _ = call("run", "--attach", instance)
    assert (status, json.loads(out)["rows"]) == (0, [{"said": '{"a":1}'}])


def test_the_second_interrupt_leaves_the_step(folder: Path) -> None:
    begun = time.monotonic()
    keys = [("pg_sleep\\(20\\) .*⏳", b"\x03"), ("Ctrl-C leaves them", b"\x03")]
    status, shown = on_a_terminal(dfsql("run", "slow.dfsql"), keys)
    assert status == 130
    assert time.monotonic() - begun < 15
    instance = re.findall(r"instance (\w{8}) stays as it is", shown)[0]
    assert call("status", instance)[1] == "running\n"


def test_sigterm_is_an_interrupt(folder: Path) -> None:
    with subprocess.Popen(dfsql("run", "waits.dfsql"), stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        instance = re.findall(r"instance (\w{8}) started", run.stderr.readline())[0]
        run.terminate()
        assert f"interrupted: instance {instance} stays as it is" in run.stderr.read()
    assert run.returncode == 143
    assert call("db", "status")[1] == "PostgreSQL 18: does not run, not in use\n"


def test_on_a_named_server(database18: DfDatabase, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app, owner = database18.dsn(), database18.dsn(OWNER)
    assert main(["run", "sum.dfsql", "--dsn", app]) == 1
    assert capsys.readouterr() == (
        "",
        "dfsql: no worker runs for this database: its owner starts one with dfsql worker; nothing was started\n",
    )
    assert main(["run", "sum.dfsql", "--dsn", owner]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"] == [{"m": 2}]
    assert "this command works until the end" in err
    assert main(["run", "sum.dfsql", "--dsn", app, "--detach"]) == 0  # a worker has been there
    left = capsys.readouterr().out.strip()

    with subprocess.Popen(dfsql("worker", "--dsn", owner), stderr=subprocess.DEVNULL) as worker:
        try:
            until(
                lambda: (
                    as_worker(database18, "SELECT status FROM df.instances WHERE id = %s", left)
                    == [("completed",)]
                )
            )
            assert main(["run", "sum.dfsql", "--dsn", app]) == 0
            out, err = capsys.readouterr()
            assert json.loads(out)["rows"] == [{"m": 2}]
            assert "worker" not in err
            assert main(["run", "sum.dfsql", "--dsn", owner]) == 0
            assert "this command works" not in capsys.readouterr().err
        finally:
            worker.terminate()
    assert main(["run", "--attach", left, "--dsn", app]) == 0


def test_a_worker_that_dies_is_missed(database18: DfDatabase, folder: Path) -> None:
    app, owner = database18.dsn(), database18.dsn(OWNER)
    worker = subprocess.Popen(dfsql("worker", "--dsn", owner), stderr=subprocess.DEVNULL)
    try:
        ready = (
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pg_durable:worker:poll')"
        )
        until(lambda: as_worker(database18, ready) == [(True,)])
        until(
            lambda: (
                as_worker(database18, "SELECT to_regclass('_duroxide._worker_ready') IS NOT NULL")
                == [(True,)]
            )
        )
        with subprocess.Popen(
            dfsql("run", "waits.dfsql", "--dsn", app), stderr=subprocess.PIPE, text=True
        ) as run:
            assert run.stderr is not None
            instance = re.findall(r"instance (\w{8}) started", run.stderr.readline())[0]
            worker.kill()
            worker.wait()
            until(lambda: "its owner starts one with dfsql worker; waiting" in run.stderr.readline())  # type: ignore[union-attr]
            with database18.connect() as connection:
                one(connection, "SELECT df.cancel(%s)", instance)
            assert run.wait(20) == 1
    finally:
        worker.kill()
        worker.wait()


def test_a_database_without_df(
    empty_database: DfDatabase, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["run", "sum.dfsql"], ["run", "sum.dfsql", "--detach"], ["ps"], ["status", "12345678"]):
        assert main([*words, "--dsn", empty_database.dsn(OWNER)]) == 5
        assert "schema df is not installed in this database" in capsys.readouterr().err


def test_what_the_server_refuses(
    database18: DfDatabase, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database18.pretend_ready()
    text = "SELECT df.start('SELECT 1', 'x', database => 'no_such_database');"
    (folder / "away.dfsql").write_text(text, encoding="utf-8")
    assert main(["run", "away.dfsql", "--detach", "--dsn", database18.dsn()]) == 1
    assert capsys.readouterr().err == 'dfsql: database "no_such_database" does not exist\n'
