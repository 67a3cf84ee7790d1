"""Where the embedded server keeps its files."""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedError

HOW_TO_MOVE = "set DFSQL_DATA_DIR to a folder of your own"


def data_directory() -> Path:
    """Where dfsql keeps data of the user: DFSQL_DATA_DIR, else the platform's place for such data."""
    own = os.environ.get("DFSQL_DATA_DIR")
    if own:
        return Path(own).absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dfsql"
    base = os.environ.get("XDG_DATA_HOME", "")
    # The XDG rules: a path that is not absolute counts as not set.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "dfsql"


@dataclass(frozen=True)
class Layout:
    """The files of one embedded server."""

    folder: Path

    @classmethod
    def of(cls, folder: Path | str | None) -> "Layout":
        """The layout of a folder; None is the user's own."""
        return cls(data_directory() / "postgres" if folder is None else Path(folder).absolute())

    @property
    def data(self) -> Path:
        """The cluster, in PostgreSQL's own format; it also holds the socket."""
        return self.folder / "data"

    @property
    def unfinished(self) -> Path:
        """A cluster that is being created; it gets its name when it is whole."""
        return self.folder / "data.new"

    @property
    def discarded(self) -> Path:
        """A cluster that is being deleted."""
        return self.folder / "data.old"

    @property
    def prepared(self) -> Path:
        """There when roles, database and access rules are as they should be."""
        return self.folder / "prepared"

    @property
    def passfile(self) -> Path:
        """The superuser's password, as libpq reads it."""
        return self.folder / "superuser.pgpass"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    @property
    def pid_file(self) -> Path:
        """PostgreSQL's own lock file."""
        return self.data / "postmaster.pid"

    def lock(self, name: str) -> Path:
        """A lock file; sharing.py and server.py say what each is for."""
        return self.folder / f"{name}.lock"

    def create(self) -> None:
        """Makes the folder. Raises EmbeddedError where it cannot be made, or others may write into it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(f"cannot make {self.folder}: {error.strerror}; {HOW_TO_MOVE}") from None
        self.check_owner()

    def check_owner(self) -> None:
        """Raises EmbeddedError where another user could put files under our feet."""
        found = self.folder.stat()
        if found.st_uid != os.geteuid():
            raise EmbeddedError(f"{self.folder} belongs to another user; {HOW_TO_MOVE}")
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise EmbeddedError(f"other users may write into {self.folder}: chmod go-w {self.folder}")
