"""From a graph to its execution: worker, engine, steps, waits, HTTP, embedded PostgreSQL. The door of the room."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .process import serve, work
    from .targets import TargetError, chosen_dsn, control_conninfo

# name -> module: most of what is in here needs libraries that only the extra `run` brings
_LAZY = {
    "TargetError": "targets",
    "chosen_dsn": "targets",
    "control_conninfo": "targets",
    "serve": "process",
    "work": "process",
}

__all__ = ["TargetError", "chosen_dsn", "control_conninfo", "serve", "work"]


def __getattr__(name: str) -> Any:
    """Nothing is loaded before it is asked for."""
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
