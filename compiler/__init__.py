"""From a syntax tree to a graph and answers about it: lowering, checks, renderers. The door of the room."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .check import TARGETS, check
from .compilation import Compilation, Unit, compile
from .envelope import EnvelopeError, from_envelope, to_envelope
from .explain import explain
from .graph import Graph, Kind, Node
from .rules import FAMILIES, Rule, find_rule

if TYPE_CHECKING:
    from .dfgraph import dumps, to_dfgraph
    from .dfgraph_read import from_dfgraph

    RULES: dict[str, Rule]

_LAZY = {"dumps": "dfgraph", "to_dfgraph": "dfgraph", "from_dfgraph": "dfgraph_read"}

__all__ = [
    "FAMILIES",
    "RULES",
    "TARGETS",
    "Compilation",
    "EnvelopeError",
    "Graph",
    "Kind",
    "Node",
    "Rule",
    "Unit",
    "check",
    "compile",
    "dumps",
    "explain",
    "find_rule",
    "from_dfgraph",
    "from_envelope",
    "to_dfgraph",
    "to_envelope",
]


def __getattr__(name: str) -> Any:
    """What not every command needs is loaded when it is asked for."""
    if name == "RULES":
        from .rules import all_rules

        return all_rules()
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
