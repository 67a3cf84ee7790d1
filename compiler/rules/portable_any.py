"""DF901: `= ANY($x)` on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from ..references import span_of
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if "$" not in (node.query or ""):
        return
    info = workflow.sql(node)
    for name, start, end in info.any_of if info is not None else ():
        if name in workflow.names:
            yield RULE.finding(
                f"pg_durable inserts the first row's value for ${name} here, which is no array",
                span_of(node, start, end),
                help=f"write = ANY(SELECT id FROM ${name}.*), naming the column",
                node=node,
            )


RULE = Rule(
    code="DF901",
    name="portable-any",
    severity=Severity.ERROR,
    aliases=("N-19",),
    target=REFERENCE_TARGET,
    summary="ANY($x) fails on pg_durable.",
    rationale=(
        "Here a bare $x alone inside ANY() or ALL() stands for the first column of all rows. pg_durable "
        "inserts the first row's value, which is an error unless that is an array literal."
    ),
    bad="SELECT df.start('SELECT id FROM t' |=> 'batch' ~> 'DELETE FROM t WHERE id = ANY($batch)');",
    good="SELECT df.start('SELECT id FROM t' |=> 'batch' ~> 'DELETE FROM t WHERE id = ANY(SELECT id FROM $batch.*)');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
