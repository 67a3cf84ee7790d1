"""dfsql: a compiler, linter and renderer for durable SQL workflows."""

__version__ = "0.1.0"
