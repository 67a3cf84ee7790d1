"""How a node ends."""

from typing import NamedTuple


class Done(NamedTuple):
    """It has a result: JSON text with its key order."""

    text: str


class Broke(NamedTuple):
    """A break unwinds through it; the text is the break's value as JSON."""

    text: str


class Failed(NamedTuple):
    """It failed; the text is for people."""

    text: str


Outcome = Done | Broke | Failed

# jsonb cannot hold it; execution rule R1.11
UNSTORABLE = "Failed to decode text: it contains the character U+0000, which PostgreSQL cannot store"
