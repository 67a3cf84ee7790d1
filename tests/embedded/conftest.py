"""A folder for an embedded server, and an end of the server whatever the test has done to it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from user_process import User

from dfsql.runtime.embedded import EmbeddedError, stop


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a test has its embedded server; below it only the owner gets, as in a home directory."""
    tmp_path.chmod(0o700)
    path = tmp_path / "pg"
    yield path
    with contextlib.suppress(EmbeddedError):
        stop(path, force=True)


@pytest.fixture
def start_user(folder: Path) -> Iterator[Callable[[], User]]:
    """Starts other processes that use the server of `folder`; they are gone after the test."""
    started: list[User] = []

    def start() -> User:
        started.append(User(folder))
        return started[-1]

    yield start
    for user in started:
        user.kill()
