"""DF904: a reference in a break's value on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    for use in workflow.bindings.uses_at(node):
        if use.definitions:
            yield RULE.finding(
                f"pg_durable does not replace ${use.name} in a break's value",
                node.span,
                help="end the body with the step that gives the value, and leave the loop by its condition",
                node=node,
            )


RULE = Rule(
    code="DF904",
    name="portable-break",
    severity=Severity.ERROR,
    aliases=("N-25",),
    target=REFERENCE_TARGET,
    summary="pg_durable keeps references in a break's value as text.",
    rationale=(
        "Here references in df.break('$x') are replaced, as documented; pg_durable returns the literal text."
    ),
    bad="SELECT df.start(@> ('SELECT 1 AS n' |=> 'x' ~> df.break('$x')));",
    good="SELECT df.start(df.loop('SELECT 1 AS n' |=> 'x', 'SELECT false'));",
    kinds=frozenset({Kind.BREAK}),
    node=_check,
)
