"""From a syntax tree to a graph and answers about it: lowering, checks, renderers. The door of the room."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..grammar import DfsqlError
from .check import TARGETS, check
from .compilation import Compilation, Unit, compile
from .envelope import EnvelopeError, from_envelope, to_envelope
from .explain import ExplainError, UnknownStepError, explain, explain_step
from .graph import Graph, Kind, Node
from .report import REPORT_FORMATS, FileFindings, report
from .rules import FAMILIES, Rule, find_rule

if TYPE_CHECKING:
    from .cron import Schedule
    from .cron import parse as parse_schedule
    from .cron_fields import CronError
    from .dfgraph import dumps, to_dfgraph
    from .dfgraph_forms import GraphFormatError
    from .dfgraph_read import from_dfgraph
    from .references import Reference, lexical_context, scan_results, scan_variables
    from .sqlinfo import available as sql_parser
    from .sqlmask import placeholders as placeholders_in_code

    RULES: dict[str, Rule]

# name -> (module, name there)
_LAZY = {
    "CronError": ("cron_fields", "CronError"),
    "GraphFormatError": ("dfgraph_forms", "GraphFormatError"),
    "Reference": ("references", "Reference"),
    "Schedule": ("cron", "Schedule"),
    "dumps": ("dfgraph", "dumps"),
    "from_dfgraph": ("dfgraph_read", "from_dfgraph"),
    "lexical_context": ("references", "lexical_context"),
    "parse_schedule": ("cron", "parse"),
    "placeholders_in_code": ("sqlmask", "placeholders"),
    "scan_results": ("references", "scan_results"),
    "scan_variables": ("references", "scan_variables"),
    "sql_parser": ("sqlinfo", "available"),
    "to_dfgraph": ("dfgraph", "to_dfgraph"),
}

__all__ = [
    "FAMILIES",
    "REPORT_FORMATS",
    "RULES",
    "TARGETS",
    "Compilation",
    "CronError",
    "DfsqlError",
    "EnvelopeError",
    "ExplainError",
    "FileFindings",
    "Graph",
    "GraphFormatError",
    "Kind",
    "Node",
    "Reference",
    "Rule",
    "Schedule",
    "Unit",
    "UnknownStepError",
    "check",
    "compile",
    "dumps",
    "explain",
    "explain_step",
    "find_rule",
    "from_dfgraph",
    "from_envelope",
    "lexical_context",
    "parse_schedule",
    "placeholders_in_code",
    "report",
    "scan_results",
    "scan_variables",
    "sql_parser",
    "to_dfgraph",
    "to_envelope",
]


def __getattr__(name: str) -> Any:
    """What not every command needs is loaded when it is asked for."""
    if name == "RULES":
        from .rules import all_rules

        return all_rules()
    if name in _LAZY:
        module, there = _LAZY[name]
        return getattr(import_module(f"{__name__}.{module}"), there)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
