"""Named points at which a test may make the process vanish, as a crash would.

`DFSQL_FAILPOINT=name` or `name:n` ends the process without any clean-up when the point is reached for the n-th time.
"""

import os

NAMES = (
    "claim.before",
    "claim.after",
    "statement.before",
    "statement.after",
    "commit.before",
    "commit.sent",
    "commit.after",
    "checkpoint.before",
    "checkpoint.after",
    "alone.before",
    "alone.after",
    "timer.parked",
    "timer.due",
    "signal.received",
    "join.forked",
    "join.ended",
    "race.decided",
    "loop.next",
    "retry.noted",
    "http.sent",
    "finish.before",
    "finish.after",
    "cancel.before",
    "cancel.after",
)

_wanted, _left = "", 1


def arm(text: str) -> None:
    """Vanish at this point from now on; the empty text means nowhere."""
    global _wanted, _left
    _wanted, _, count = text.partition(":")
    _left = int(count or 1)


arm(os.environ.get("DFSQL_FAILPOINT", ""))


def hit(name: str) -> None:
    """Vanish here when the environment asks for it; costs one comparison otherwise."""
    global _left
    if name != _wanted:
        return
    _left -= 1
    if _left <= 0:
        os._exit(137)
