"""Exit statuses."""

from enum import IntEnum


class Status(IntEnum):
    """What the process's status says; scripts rely on it."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    FAULT = 3
    NOTHING = 4
    NO_DATABASE = 5


# When several apply, the first of these is it.
_ORDER = (Status.FAULT, Status.USAGE, Status.NO_DATABASE, Status.FINDINGS, Status.NOTHING, Status.OK)


def worst(*statuses: Status) -> Status:
    """The one that weighs most: what could not be done before what was found."""
    return min(statuses, key=_ORDER.index, default=Status.OK)
