"""Who runs the server, who may log in, and who may not."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

import dfsql.runtime.embedded.accounts as accounts
from dfsql.runtime.embedded import Embedded, EmbeddedError, status
from dfsql.runtime.embedded.accounts import Account

pytestmark = pytest.mark.needs_postgres

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root has accounts to choose from")


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def test_workflows_run_as_an_ordinary_role_that_owns_its_database(folder: Path) -> None:
    with Embedded(folder) as server:
        powers = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        assert ask(server.dsn, f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") is False
        assert ask(server.dsn, "SELECT session_user || current_database()") == "dfsqldfsql"
        assert (
            ask(server.dsn, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'dfsql'")
            == "dfsql"
        )
        assert ask(server.superuser_dsn, "SELECT usesuper FROM pg_user WHERE usename = current_user") is True
        assert ask(server.dsn, "SELECT extname FROM pg_extension WHERE extname = 'dblink'") == "dblink"


def test_the_ordinary_role_cannot_become_superuser_over_a_loopback(folder: Path) -> None:
    with Embedded(folder) as server:
        open_as = "SELECT dblink_connect_u('dbname=dfsql user={}')"
        assert ask(server.dsn, open_as.format("dfsql")) == "OK"
        with pytest.raises(psycopg.OperationalError, match="fe_sendauth: no password supplied"):
            ask(server.dsn, open_as.format("postgres"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(server.dsn, f"SELECT pg_read_file('{folder}/superuser.pgpass')")


def test_no_secret_is_shown(new_folder: Path) -> None:
    with Embedded(new_folder) as server:
        secret = (new_folder / "superuser.pgpass").read_text().strip().rpartition(":")[2]
        assert len(secret) > 20
        assert secret not in server.superuser_dsn
        assert secret not in (new_folder / "log").read_text()


def test_other_users_of_the_system_stay_out(new_folder: Path) -> None:
    with Embedded(new_folder):
        for path in (new_folder, new_folder / "data"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert stat.S_IMODE((new_folder / "superuser.pgpass").stat().st_mode) == 0o600
        assert stat.S_IMODE((new_folder / "data" / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_a_folder_where_others_may_write_is_refused(new_folder: Path) -> None:
    new_folder.mkdir()
    new_folder.chmod(0o777)
    with pytest.raises(EmbeddedError, match="chmod go-w"):
        Embedded(new_folder).share()


def process_of(folder: Path) -> tuple[int, str]:
    """The server's user, and its powers as the kernel says."""
    found = status(folder).pid
    text = Path(f"/proc/{found}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    return int(fields["Uid"].split()[0]), fields["CapEff"]


@as_root
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("way", ["nobody", "namespace"])
def test_root_has_it_run_without_powers(new_folder: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = pwd.getpwnam("nobody")
    account = {
        "nobody": Account(user=nobody.pw_uid, group=nobody.pw_gid),
        "namespace": Account(namespace=nobody.pw_uid),
    }[way]
    if way == "namespace" and subprocess.run(["unshare", "--user", "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    monkeypatch.setattr("dfsql.runtime.embedded.cluster.candidates", lambda: iter([account]))
    for _ in range(2):  # a new cluster, and one that is there
        with Embedded(new_folder) as server:
            assert ask(server.dsn, "SELECT 1") == 1
            user, powers = process_of(new_folder)
            assert user == (nobody.pw_uid if way == "nobody" else 0)
            assert int(powers, 16) == 0
    assert accounts.account_of(new_folder / "data") == account


@as_root
def test_the_next_account_is_tried_when_one_cannot(new_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = next(account for account in accounts.candidates() if account.user is not None)
    monkeypatch.setattr("dfsql.runtime.embedded.cluster.candidates", lambda: iter([Account(), good]))
    with Embedded(new_folder) as server:  # the first one is root itself
        assert ask(server.dsn, "SELECT 1") == 1


@as_root
def test_an_error_that_says_what_root_needs(new_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsql.runtime.embedded.cluster.candidates", lambda: iter([Account()]))
    with pytest.raises(EmbeddedError, match=r"cannot be run as root(.|\n)*accounts postgres and nobody"):
        Embedded(new_folder).share()
    assert status(new_folder).major is None


def interpreter_for(words: list[str]) -> str:
    """A Python of our version that another user may run: ours can be in a private folder. Else the test is skipped."""
    ask_version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        run = subprocess.run(
            [*words, python, "-I", "-c", ask_version], capture_output=True, check=False, cwd="/"
        )
        real = subprocess.run([*words, "test", "-x", python], check=False)
        if run.returncode == 0 and real.returncode == 0:
            return python
    pytest.skip("no Python that an ordinary user may run")


@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv")
def test_an_ordinary_user_runs_it_as_itself_and_root_leaves_it_alone() -> None:
    nobody = pwd.getpwnam("nobody")
    words = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    python = interpreter_for(words)
    home = Path(tempfile.mkdtemp(prefix="dfsql-test-", dir="/tmp"))  # of mode 0700
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    packages = str(Path(psycopg.__file__).parents[1])
    program = (
        f"import os, site; site.addsitedir({packages!r}); from dfsql.runtime.embedded import Embedded, status\n"
        f"with Embedded('{home}/pg'):\n"
        f"    print(os.geteuid(), os.stat('/proc/%d' % status('{home}/pg').pid).st_uid)\n"
    )
    try:
        run = subprocess.run(
            [*words, python, "-c", program], capture_output=True, text=True, check=False, cwd="/"
        )
        assert (run.stdout, run.stderr) == (f"{nobody.pw_uid} {nobody.pw_uid}\n", "")
        with pytest.raises(EmbeddedError, match="belongs to another user"):
            Embedded(home / "pg").share()
    finally:
        shutil.rmtree(home)
