"""How long a worker may still believe that its instances are its own, by the computer's own clock."""

import time
from typing import TYPE_CHECKING

from .errors import FencedError

if TYPE_CHECKING:
    from .session import Session

# The clock that goes on while the computer sleeps; on Linux that is not the usual monotonic one.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """Renewed by every beat that the database has answered; asked in front of every commit.

    The fencing token is what keeps two workers apart. The lease lets a worker that was stopped or cut off find
    out by itself, also when nobody has taken its instances over yet.

    `epoch` counts how often the worker has registered. It does so again when its lifeline was lost: then the server
    may have crashed, and with synchronous_commit=off forgotten commits that it had acknowledged. Nothing is built
    on what was read in an earlier epoch.
    """

    __slots__ = ("_until", "epoch", "lifeline", "seconds")

    def __init__(self) -> None:
        self.seconds = 15.0  # until the database has said it
        self._until = 0.0
        self.epoch = 0
        self.lifeline: Session | None = None

    @staticmethod
    def now() -> float:
        """Seconds by the clock of leases, whose zero means nothing."""
        return time.clock_gettime(_CLOCK)

    def renew(self, asked_at: float, seconds: float) -> None:
        """A beat sent at `asked_at` has been answered: the database has counted `seconds` from a later moment."""
        self.seconds = seconds
        self._until = asked_at + seconds

    def begin(self, lifeline: "Session", asked_at: float) -> None:
        """The worker has registered on a new session."""
        self.lifeline = lifeline
        self.epoch += 1
        self.renew(asked_at, self.seconds)

    def check(self, epoch: int) -> None:
        """Raises FencedError when another worker may have the instances that were read in that epoch by now."""
        if time.clock_gettime(_CLOCK) > self._until:
            raise FencedError("this worker was silent for longer than its lease")
        if epoch != self.epoch or self.lifeline is None or self.lifeline.lost:
            raise FencedError("the connection that proves that this worker lives was lost")
