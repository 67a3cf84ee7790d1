"""What a caller is told when the embedded server cannot be had."""


class EmbeddedError(Exception):
    """No embedded PostgreSQL can be had here; the text says why and what to do."""
