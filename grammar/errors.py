"""The root of dfsql's exceptions: one `except` clause catches everything we raise on purpose."""


class DfsqlError(Exception):
    """Something asked of dfsql cannot be done; the message says what, for people.

    A mistake in a workflow is never an exception but a `Finding`: one text may hold many of them.
    """
