"""How long a worker may still believe that its instances are its own, by the computer's own clock."""

import time

from .errors import FencedError

# The clock that goes on while the computer sleeps; on Linux that is not the usual monotonic one.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """Renewed by every beat that the database has answered; asked in front of every commit.

    The fencing token is what keeps two workers apart. The lease lets a worker that was stopped or cut off find
    out by itself, also when nobody has taken its instances over yet.
    """

    __slots__ = ("_until", "seconds")

    def __init__(self) -> None:
        self.seconds = 15.0  # until the database has said it
        self._until = 0.0

    @staticmethod
    def now() -> float:
        """Seconds by the clock of leases, whose zero means nothing."""
        return time.clock_gettime(_CLOCK)

    def renew(self, asked_at: float, seconds: float) -> None:
        """A beat sent at `asked_at` has been answered: the database has counted `seconds` from a later moment."""
        self.seconds = seconds
        self._until = asked_at + seconds

    def check(self) -> None:
        """Raises FencedError when the lease is over: another worker may have the instances by now."""
        if time.clock_gettime(_CLOCK) > self._until:
            raise FencedError("this worker was silent for longer than its lease")
