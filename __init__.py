"""dfsql: reads, checks and draws durable SQL workflows.

    import dfsql

    compilation = dfsql.compile("'SELECT 1' |=> 'a' ~> 'SELECT $a';")
    for finding in dfsql.check(compilation):
        print(finding.code, finding.message)
    print(dfsql.explain(compilation.graphs[0], format="text"))

Names are loaded when they are first used: `import dfsql` alone loads neither the parser nor the compiler.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # mypy takes the modules `compiler.check` and `compiler.explain` for a first definition of the functions
    from .compiler import Compilation, Graph, Kind, Node, check, compile, explain  # type: ignore[no-redef]
    from .grammar import DfsqlError, Finding, Script, Severity, Span, parse

__version__ = "0.1.0"

__all__ = [
    "Compilation",
    "DfsqlError",
    "Finding",
    "Graph",
    "Kind",
    "Node",
    "Script",
    "Severity",
    "Span",
    "check",
    "compile",
    "explain",
    "parse",
]

# Public name -> the room behind whose door it lives.
_ROOMS = {
    "Compilation": "compiler",
    "DfsqlError": "grammar",
    "Finding": "grammar",
    "Graph": "compiler",
    "Kind": "compiler",
    "Node": "compiler",
    "Script": "grammar",
    "Severity": "grammar",
    "Span": "grammar",
    "check": "compiler",
    "compile": "compiler",
    "explain": "compiler",
    "parse": "grammar",
}


def __getattr__(name: str) -> object:
    """Loads a public name from its room on first use (PEP 562)."""
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{room}", __name__), name)
    globals()[name] = value  # the next use does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
