"""From a graph to its execution: worker, engine, steps, waits, HTTP, embedded PostgreSQL. The door of the room."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .background import BackgroundWorker
    from .instances import (
        LIVE,
        STATUSES,
        Instance,
        cancel,
        find,
        newest,
        result_of,
        retry,
        send_signal,
        tree_of,
    )
    from .live_graph import LiveGraph, LiveGraphError, read_live_graph, read_rows
    from .process import serve, work
    from .submit import start_instance
    from .targets import TargetError, chosen_dsn, control_conninfo
    from .watch import Connections, has_worker, is_ready, may_work, states

# module -> its names: most of what is in here needs libraries that only the extra `run` brings
_MODULES = {
    "background": ("BackgroundWorker",),
    "instances": (
        "LIVE",
        "STATUSES",
        "Instance",
        "cancel",
        "find",
        "newest",
        "result_of",
        "retry",
        "send_signal",
        "tree_of",
    ),
    "live_graph": ("LiveGraph", "LiveGraphError", "read_live_graph", "read_rows"),
    "process": ("serve", "work"),
    "submit": ("start_instance",),
    "targets": ("TargetError", "chosen_dsn", "control_conninfo"),
    "watch": ("Connections", "has_worker", "is_ready", "may_work", "states"),
}
_LAZY = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "LIVE",
    "STATUSES",
    "BackgroundWorker",
    "Connections",
    "Instance",
    "LiveGraph",
    "LiveGraphError",
    "TargetError",
    "cancel",
    "chosen_dsn",
    "control_conninfo",
    "find",
    "has_worker",
    "is_ready",
    "may_work",
    "newest",
    "read_live_graph",
    "read_rows",
    "result_of",
    "retry",
    "send_signal",
    "serve",
    "start_instance",
    "states",
    "tree_of",
    "work",
]


def __getattr__(name: str) -> Any:
    """Nothing is loaded before it is asked for."""
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
