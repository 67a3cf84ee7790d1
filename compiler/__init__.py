"""From a syntax tree to a graph and answers about it: lowering, checks, renderers. The door of the room."""

from .compilation import Compilation, Unit, compile
from .graph import Graph, Kind, Node

__all__ = ["Compilation", "Graph", "Kind", "Node", "Unit", "compile"]
