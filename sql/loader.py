"""The install script: the numbered files of `schema/`, in order, as texts."""

import re
from importlib.resources import files
from typing import NamedTuple

SCHEMA_VERSION = 1
"""Number of the newest script in `upgrade/`; a release that changes the schema adds one."""

_TOKEN = "@operators_schema@"
_NUMBERED = re.compile(r"(\d+)_\w+\.sql")
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Script(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    text: str


def scripts(folder: str) -> list[Script]:
    """The numbered SQL files of a folder of this package (`schema` or `upgrade`), in the order of their numbers.

    Raises ValueError when two files have one number, because then their order would be chance.
    """
    found = []
    for entry in files(__package__).joinpath(folder).iterdir():
        if numbered := _NUMBERED.fullmatch(entry.name):
            text = entry.read_text(encoding="utf-8")
            found.append(Script(int(numbered[1]), f"{folder}/{entry.name}", text))
    found.sort()
    for before, after in zip(found, found[1:], strict=False):
        if before.number == after.number:
            raise ValueError(f"{before.name} and {after.name} have the same number")
    return found


def in_schema(text: str, operators_schema: str) -> str:
    """A script with the schema of the operators filled in.

    Raises ValueError for a name that would have to be quoted: it also stands inside literals and settings.
    """
    if not _PLAIN_NAME.fullmatch(operators_schema):
        raise ValueError(
            f"the schema of the operators must be a plain lower-case name, not {operators_schema!r}"
        )
    return text.replace(_TOKEN, operators_schema)


def script(operators_schema: str = "public") -> str:
    """The whole install script as one text, for psql or any other client; run it in one transaction.

    The operators are created in `operators_schema`, which must exist and be on the search path of those who use
    them unqualified. Raises ValueError as in_schema.
    """
    texts = (f"-- {part.name}\n\n{part.text}" for part in scripts("schema"))
    return in_schema("\n\n".join(texts), operators_schema)
