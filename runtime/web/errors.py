"""The two ways in which an HTTP step fails: before anything is sent, and at an attempt to send it."""


class NodeError(Exception):
    """The step cannot be tried at all; str() is the text the node fails with, and trying again would not help."""

    def __init__(self, text: str) -> None:
        super().__init__(_storable(text))


class HttpFailure(Exception):  # noqa: N818 - a failure of the step, not a fault of the program
    """One attempt failed; str() is the text the node fails with if no further attempt is made.

    `retryable` is true for answers of 500 to 599, network errors and timeouts. The texts name no cause of a network
    error, as pg_durable's do not; `detail` has it, for a log.
    """

    def __init__(self, text: str, *, retryable: bool, detail: str = "") -> None:
        super().__init__(_storable(text))
        self.retryable = retryable
        self.detail = detail


def _storable(text: str) -> str:
    """Failures quote what authors wrote; PostgreSQL has no U+0000 and no half of a surrogate pair in its texts."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
