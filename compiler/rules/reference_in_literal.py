"""DF307: `$x` inside an SQL string literal."""

import re
from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import Use, result_nodes
from ..context import WorkflowContext
from ..graph import Graph
from .rule import Rule
from .unbound_name import context_of, name_span, use_span

_NUMBER = re.compile(
    r"\s*SELECT\s+(?:-?\d+(?:\.\d+)?|count\s*\([^()]*\))(?:\s+(?:AS\s+)?\w+)?\s*(?:\bFROM\b|,|;?\s*\Z)", re.I
)


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        if use.definitions and context_of(use) == "literal":
            written = (use.node.query or "")[use.reference.start : use.reference.end]
            yield RULE.finding(
                f"{written} stands inside a string literal, but its value brings quotes of its own",
                use_span(use),
                severity=Severity.WARNING if _is_number(use, graph) else None,
                help=f"end the literal and join the value: 'text ' || {written} || ' text'",
                labels=(Label(name_span(use.definitions[0].node), "bound here"),),
                node=use.node,
            )


def _is_number(use: Use, graph: Graph) -> bool:
    """Whether the value is plainly a number, which is inserted without quotes."""
    sources = [node for found in use.definitions for node in result_nodes(graph, found.node)]
    return use.reference.form in ("bare", "bare?") and all(
        _NUMBER.match(node.query or "") for node in sources
    )


RULE = Rule(
    code="DF307",
    name="reference-in-literal",
    severity=Severity.ERROR,
    aliases=("N-12",),
    summary="A reference stands inside a string literal of the SQL.",
    rationale=(
        "References are replaced everywhere in a step, also inside quotes. A text value is inserted with "
        "its own quotes and so ends the literal. Only numbers happen to work: where the value is plainly "
        "one, the finding is a warning."
    ),
    bad="SELECT df.start('SELECT name FROM t' |=> 'who' ~> 'SELECT ''hello $who''');",
    good="SELECT df.start('SELECT name FROM t' |=> 'who' ~> 'SELECT ''hello '' || $who');",
    graph=_check,
)
