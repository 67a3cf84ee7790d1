"""From a syntax tree to a graph and answers about it: lowering, checks, renderers. The door of the room."""

from typing import TYPE_CHECKING, Any

from .check import TARGETS, check
from .compilation import Compilation, Unit, compile
from .dfgraph import dumps, to_dfgraph
from .dfgraph_read import from_dfgraph
from .envelope import EnvelopeError, from_envelope, to_envelope
from .explain import explain
from .graph import Graph, Kind, Node
from .rules import FAMILIES, Rule, find_rule

if TYPE_CHECKING:
    RULES: dict[str, Rule]

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
    """`RULES` is loaded when it is asked for: lint needs all rules, compile only a few."""
    if name == "RULES":
        from .rules import all_rules

        return all_rules()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
