"""DF702: a step with more than one statement."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..references import span_of
from .adjacent_literals import glued_at
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if ";" not in (node.query or ""):
        return
    info = workflow.sql(node)
    if info is None or len(info.statements) < 2 or any(True for _ in glued_at(workflow, node)):
        return
    first, second = info.statements[:2]
    yield RULE.finding(
        "cannot insert multiple commands into a prepared statement",
        span_of(node, second.start, second.end),
        help="make each statement a step of its own, joined by ~>; or write one statement with WITH",
        labels=(Label(span_of(node, first.start, first.end), "the first statement"),),
        node=node,
    )


RULE = Rule(
    code="DF702",
    name="several-statements",
    severity=Severity.ERROR,
    aliases=("Q-01",),
    summary="A step holds several statements.",
    rationale=(
        "A step is one statement: it is executed, recorded and retried as one. The server refuses more."
    ),
    bad="SELECT df.start('DELETE FROM a; DELETE FROM b');",
    good="SELECT df.start('DELETE FROM a' ~> 'DELETE FROM b');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
