"""From a syntax tree to a graph and answers about it: lowering, checks, renderers. The door of the room."""

from .check import TARGETS, check
from .compilation import Compilation, Unit, compile
from .graph import Graph, Kind, Node

__all__ = ["TARGETS", "Compilation", "Graph", "Kind", "Node", "Unit", "check", "compile"]
