"""From text to a syntax tree: lexer, grammar, scripts, formatter. The door of the room."""

from typing import TYPE_CHECKING, Any

from .blocks import literal_map
from .discover import BINARY_OPERATORS, CONSTRUCTORS, LOOP_OPERATOR, is_composer, is_dsl_operator
from .errors import DfsqlError
from .findings import Edit, Finding, Fix, Label, Severity
from .fragment import Fragment
from .mistakes import MISTAKES, Mistake
from .reader import parse, parse_expression
from .script import Region, Script, Statement, Workflow
from .source import Position, Source, Span
from .textmap import TextMap
from .tree import (
    Argument,
    Binary,
    Call,
    Cast,
    Compound,
    Expr,
    Literal,
    Name,
    Param,
    Paren,
    Prefix,
    children,
    strip_parens,
    walk,
)

if TYPE_CHECKING:
    from .format import FormatError, format_text

__all__ = [
    "BINARY_OPERATORS",
    "CONSTRUCTORS",
    "LOOP_OPERATOR",
    "MISTAKES",
    "Argument",
    "Binary",
    "Call",
    "Cast",
    "Compound",
    "DfsqlError",
    "Edit",
    "Expr",
    "Finding",
    "Fix",
    "FormatError",
    "Fragment",
    "Label",
    "Literal",
    "Mistake",
    "Name",
    "Param",
    "Paren",
    "Position",
    "Prefix",
    "Region",
    "Script",
    "Severity",
    "Source",
    "Span",
    "Statement",
    "TextMap",
    "Workflow",
    "children",
    "format_text",
    "is_composer",
    "is_dsl_operator",
    "literal_map",
    "parse",
    "parse_expression",
    "strip_parens",
    "walk",
]


def __getattr__(name: str) -> Any:
    """The formatter is loaded when it is asked for: no other command needs it."""
    if name in ("FormatError", "format_text"):
        from . import format

        return getattr(format, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
