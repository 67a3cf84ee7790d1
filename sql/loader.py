"""The scripts of this package: what creates schema df, and what brings an older one up to date."""

import re
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

SCHEMA_VERSION = 1
"""What schema/010_tables.sql writes; a release that changes the schema counts on and adds upgrade/<version>_*.sql."""

_TOKEN = "@operators_schema@"
_NUMBERED = re.compile(r"(\d+)_\w+\.sql")
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Script(NamedTuple):
    """One numbered file; `name` begins with its folder."""

    number: int
    name: str
    text: str

    def for_operators_in(self, schema: str) -> str:
        """The text with the schema of the operators filled in.

        Raises ValueError for a name that would have to be quoted: it also stands inside literals and settings.
        """
        if not _PLAIN_NAME.fullmatch(schema):
            raise ValueError(f"the schema of the operators must be a plain lower-case name, not {schema!r}")
        return self.text.replace(_TOKEN, schema)


class Release(NamedTuple):
    """What one release of dfsql knows to install: everything at once, or step by step from an older version.

    An upgrade script with number n turns version n - 1 into version n and says so in df._installation.
    """

    version: int
    schema: tuple[Script, ...]
    upgrades: tuple[Script, ...] = ()

    def upgrades_from(self, version: int) -> tuple[Script, ...]:
        """The scripts that are missing at a version, in order. Raises ValueError when there is a gap."""
        found = tuple(script for script in self.upgrades if version < script.number <= self.version)
        if [script.number for script in found] != list(range(version + 1, self.version + 1)):
            raise ValueError(f"the upgrade scripts do not lead from version {version} to {self.version}")
        return found


def _scripts(folder: str) -> tuple[Script, ...]:
    """The numbered SQL files of a folder of this package, in order.

    Raises ValueError when two files have one number, because then their order would be chance.
    """
    entries = (
        (_NUMBERED.fullmatch(entry.name), entry) for entry in files(__package__).joinpath(folder).iterdir()
    )
    found = sorted(
        Script(int(numbered[1]), f"{folder}/{entry.name}", entry.read_text(encoding="utf-8"))
        for numbered, entry in entries
        if numbered
    )
    for before, after in pairwise(found):
        if before.number == after.number:
            raise ValueError(f"{before.name} and {after.name} have the same number")
    return tuple(found)


def this_release() -> Release:
    """The scripts that lie in this package."""
    return Release(SCHEMA_VERSION, _scripts("schema"), _scripts("upgrade"))


def script(operators_schema: str = "public") -> str:
    """The whole install script as one text, for psql or any other client; run it in one transaction.

    The operators are created in `operators_schema`, which must exist and be on the search path of those who use
    them unqualified. Raises ValueError when that is no plain lower-case name.
    """
    return joined(this_release().schema, operators_schema)


def joined(scripts: tuple[Script, ...], operators_schema: str) -> str:
    """Several scripts as one text, each under its name. Raises ValueError as `script`."""
    return "\n".join(f"-- {part.name}\n\n{part.for_operators_in(operators_schema)}" for part in scripts)
