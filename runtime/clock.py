"""The database's time, known without asking it."""

import time


class Clock:
    """Seconds since the epoch by the database clock, carried forward by the local monotonic clock."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def set(self, database_now: float, asked_at: float) -> None:
        """Learn the time from an answer; `asked_at` is the monotonic time at which the question was sent.

        The answer was made somewhere between question and arrival: the middle is the best guess.
        """
        middle = (asked_at + time.monotonic()) / 2
        self._offset = database_now - middle

    def now(self) -> float:
        """The present, in seconds since the epoch."""
        return time.monotonic() + self._offset
