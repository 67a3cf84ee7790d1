"""A graph on one line: `THEN(SQL=x(a), b)`, the notation of the tables of tests."""

import json
import re

from dfsql.compiler import Graph, Kind, Node

# Bare letters are written for quoted steps: a stands for 'a'.
_LETTER = re.compile(r"'[^']*'|\b([a-z][0-9]?)\b(?!\()")


def steps(expression: str) -> str:
    """An expression with its letters as quoted steps."""
    return _LETTER.sub(lambda found: f"'{found[1]}'" if found[1] else found[0], expression)


def shape(graph: Graph) -> str:
    """SQL steps without a name are their text alone, everything else is KIND=name(...)."""
    written: dict[int, str] = {}
    for node in reversed(graph.nodes):
        parts = {role: written[at] for role, at in node.children.items()}
        written[node.index] = _one(node, parts)
    return written[0]


def _one(node: Node, parts: dict[str, str]) -> str:
    name = f"={node.name}" if node.name else ""
    if node.kind is Kind.SQL:
        text = f"<{node.query}>" if node.dynamic else str(node.query)
        return f"SQL{name}({text})" if name else text
    return f"{node.kind.value}{name}({_inside(node, parts)})"


def _inside(node: Node, parts: dict[str, str]) -> str:
    if node.kind is Kind.IF:
        return f"{parts['condition']} ? {parts['then']} : {parts['else']}"
    if node.kind is Kind.IF_ROWS:
        return f"{(node.config or {})['result_name']} ? {parts['then']} : {parts['else']}"
    if node.kind is Kind.LOOP:
        return " while ".join(parts.values())
    if parts:
        return ", ".join(parts.values())
    if node.config is not None:
        return ", ".join(json.dumps(value) for value in node.config.values() if value is not None)
    return f"<{node.query}>" if node.dynamic else str(node.query)
