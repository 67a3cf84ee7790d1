"""One server for all: first in starts it, last out stops it, and nobody who is killed can break that."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from user_process import User

from dfsql.runtime.embedded import Embedded, EmbeddedError, reset, status, stop

pytestmark = pytest.mark.needs_postgres

Start = Callable[[], User]


def count(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM t").fetchone()
    assert row
    return int(row[0])


def fill(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (a int)")
        connection.execute("INSERT INTO t VALUES (1)")


def pid(folder: Path) -> int:
    found = status(folder).pid
    assert found is not None
    return found


def await_end(number: int) -> None:
    """Waits until a process that is dying is gone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail(f"process {number} still lives")


def test_data_stay_between_uses_and_the_last_one_out_stops(folder: Path) -> None:
    for expected in (1, 2):
        with Embedded(folder) as server:
            fill(server.dsn)
            assert count(server.dsn) == expected
            assert status(folder).running
            assert status(folder).in_use
        assert (status(folder).running, status(folder).in_use) == (False, False)
        assert not (folder / "data" / "postmaster.pid").exists()


def test_two_processes_share_one_server(new_folder: Path, start_user: Start) -> None:
    first, second = start_user(), start_user()  # both find nothing there, and one of them makes it
    assert first.begin() == second.begin() != ""
    number = pid(new_folder)
    assert first.end() == 0
    assert pid(new_folder) == number
    assert second.end() == 0
    assert not status(new_folder).running


def test_threads_of_one_process_share_too(folder: Path) -> None:
    with Embedded(folder) as server:
        number = pid(folder)
        found = []

        def use() -> None:
            with Embedded(folder) as other:
                found.append((other.dsn, pid(folder)))

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert found == [(server.dsn, number)]
        assert pid(folder) == number


def test_a_killed_user_leaves_a_server_that_the_next_one_uses_and_stops(
    folder: Path, start_user: Start
) -> None:
    user = start_user()
    fill(user.begin())
    number = pid(folder)
    user.kill()
    assert (status(folder).running, status(folder).in_use) == (True, False)
    with Embedded(folder) as server:
        assert pid(folder) == number
        assert count(server.dsn) == 1
    assert not status(folder).running


def test_a_killed_server_recovers(folder: Path, start_user: Start) -> None:
    user = start_user()
    fill(user.begin())
    number = pid(folder)
    os.kill(number, signal.SIGKILL)
    await_end(number)
    with Embedded(folder) as server:
        assert pid(folder) != number
        assert count(server.dsn) == 1
    assert status(folder).running  # the first user has not left yet
    assert user.end() == 0
    assert not status(folder).running


@pytest.mark.parametrize("whose", ["ours", "nobody's", "garbage"])
def test_a_stale_pid_file_is_healed(folder: Path, whose: str) -> None:
    with Embedded(folder):
        text = (folder / "data" / "postmaster.pid").read_text()
    lines = text.splitlines()
    lines[0] = {"ours": str(os.getpid()), "nobody's": "4194303", "garbage": "?"}[whose]
    stale = folder / "data" / "postmaster.pid"
    stale.write_text("\n".join(lines) + "\n")
    assert not status(folder).running
    assert status(folder).pid is None
    with Embedded(folder) as server:
        fill(server.dsn)
        assert pid(folder) != os.getpid()
    assert not stale.exists()


def test_stop_spares_a_server_in_use(folder: Path, start_user: Start) -> None:
    user = start_user()
    user.begin()
    for refused in (stop, reset):
        with pytest.raises(EmbeddedError, match="in use by another dfsql"):
            refused(folder)
    assert status(folder).running
    assert stop(folder, force=True) is True
    assert stop(folder, force=True) is False
    assert not status(folder).running
    assert user.end() == 0  # its server is gone, which is no fault at its end


def test_keep_running_and_stop(folder: Path) -> None:
    with Embedded(folder, keep_running=True):
        number = pid(folder)
    assert status(folder).pid == number
    assert stop(folder) is True
    assert status(folder) == status(folder).__class__(folder, 18, False, False, None)
    await_end(number)


def test_reset_forgets_everything(new_folder: Path) -> None:
    assert reset(new_folder) is False
    with Embedded(new_folder) as server:
        fill(server.dsn)
    assert reset(new_folder) is True
    assert status(new_folder).major is None
    assert {path.suffix for path in new_folder.iterdir()} == {".lock"}
    with Embedded(new_folder) as server, pytest.raises(psycopg.errors.UndefinedTable):
        count(server.dsn)


def test_a_failure_on_the_way_in_leaves_nothing_running(
    new_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dfsql.runtime.embedded.cluster.prepare", fail)
    with pytest.raises(KeyboardInterrupt):
        Embedded(new_folder).share()
    assert (status(new_folder).running, status(new_folder).in_use) == (False, False)
    monkeypatch.undo()
    with Embedded(new_folder) as server:  # what was half done is finished
        fill(server.dsn)


def test_the_server_takes_no_connections_from_the_network(folder: Path) -> None:
    with Embedded(folder) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", 5432)) == 0:
                pytest.fail("something listens on port 5432")


def test_a_start_takes_little_time_when_the_data_are_there(folder: Path) -> None:
    with Embedded(folder):
        pass
    begin = time.monotonic()
    with Embedded(folder):
        pass
    assert time.monotonic() - begin < 10
