"""DF503: steps after a loop that never ends."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import WorkflowContext
from ..graph import Graph, Kind
from .rule import Rule


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for dead in workflow.bindings.dead_code:
        if dead.cause.kind is not Kind.LOOP or dead.cause.role == "condition":
            # a loop as a condition is DF111
            continue
        if dead.cause.span in workflow.misread.spans:
            continue
        yield RULE.finding(
            "this is never reached: the loop before it has no end",
            dead.first.span,
            help="give the loop a condition or a df.break() that can be reached, or remove what follows it",
            labels=(Label(dead.cause.span, "this loop never ends"),),
            node=dead.first,
        )


RULE = Rule(
    code="DF503",
    name="unreachable-after-loop",
    severity=Severity.WARNING,
    aliases=("C-04",),
    summary="Steps follow a loop that never ends.",
    rationale=(
        "A loop without a condition ends only by a df.break() inside it. Without one, nothing after it "
        "ever runs."
    ),
    bad="SELECT df.start((@> ('SELECT 1' ~> df.sleep(60))) ~> 'SELECT 2');",
    good="SELECT df.start(df.loop('SELECT 1' ~> df.sleep(60), 'SELECT more()') ~> 'SELECT 2');",
    graph=_check,
)
