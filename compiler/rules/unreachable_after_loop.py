"""DF503: steps after a loop that never ends."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import WorkflowContext
from ..graph import Graph, Kind, Node
from .rule import Rule


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for dead in workflow.bindings.dead_code:
        if dead.cause.kind is not Kind.LOOP or _said_already(graph, dead.cause):
            continue
        yield RULE.finding(
            "this is never reached: the loop before it has no end",
            dead.first.span,
            help="give the loop a condition or a df.break() that can be reached, or remove what follows it",
            labels=(Label(dead.cause.span, "this loop never ends"),),
            node=dead.first,
        )


def _said_already(graph: Graph, loop: Node) -> bool:
    """Rules DF104 and DF111 explain `@> a ~> b` and `@> c ?> t !> e` better."""
    text = graph.source.text if graph.source is not None else ""
    bare = text.startswith("@>", loop.span.start) and not text[loop.span.end :].lstrip().startswith(")")
    in_condition = loop.role == "condition"
    return in_condition or (bare and text[loop.span.end :].lstrip().startswith(("~>", "&")))


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
