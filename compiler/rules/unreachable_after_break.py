"""DF504: steps after an unconditional break."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import WorkflowContext
from ..graph import Graph, Kind
from .rule import Rule


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for dead in workflow.bindings.dead_code:
        if dead.cause.kind is not Kind.LOOP:
            yield RULE.finding(
                "this is never reached: a df.break() before it always leaves the loop",
                dead.first.span,
                help="make the break conditional, or remove what follows it",
                labels=(Label(dead.cause.span, "the loop is left here"),),
                node=dead.first,
            )


RULE = Rule(
    code="DF504",
    name="unreachable-after-break",
    severity=Severity.WARNING,
    aliases=("C-05",),
    summary="Steps follow a break that is always taken.",
    rationale="df.break() leaves the loop at once, so the steps after it in the same sequence never run.",
    bad="SELECT df.start(@> (df.break() ~> 'SELECT 1'));",
    good="SELECT df.start(@> ('SELECT 1' ~> df.break()));",
    graph=_check,
)
