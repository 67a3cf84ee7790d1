"""A folder for an embedded server, and an end of the server whatever the test has done to it."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from user_process import User

from dfsql.runtime.embedded import Embedded, EmbeddedError, stop


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cluster that nobody uses: copying is quicker than making one."""
    folder = tmp_path_factory.mktemp("template") / "pg"
    with Embedded(folder):
        pass
    return folder


@pytest.fixture
def new_folder(tmp_path: Path) -> Iterator[Path]:
    """Where a test has its embedded server; below it only the owner gets, as in a home directory."""
    tmp_path.chmod(0o700)
    path = tmp_path / "pg"
    yield path
    with contextlib.suppress(EmbeddedError):
        stop(path, force=True)


@pytest.fixture
def folder(new_folder: Path, template: Path) -> Path:
    """The same with a cluster in it."""
    subprocess.run(["cp", "-Rp", template, new_folder], check=True)
    return new_folder


@pytest.fixture
def start_user(new_folder: Path) -> Iterator[Callable[[], User]]:
    """Starts other processes that use the server of that folder; they are gone after the test."""
    started: list[User] = []

    def start() -> User:
        started.append(User(new_folder))
        return started[-1]

    yield start
    for user in started:
        user.kill()
