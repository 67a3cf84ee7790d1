"""DF502: an endless loop that never waits."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..results import breaks_of
from .rule import Rule

_WAITS = frozenset({Kind.SLEEP, Kind.WAIT_SCHEDULE, Kind.SIGNAL})


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    if "condition" in node.children or node.role == "condition":
        # an endless loop as a condition is DF111
        return
    reachable = any(workflow.bindings.stopped_by(graph.nodes[at]) is None for at in breaks_of(graph, node))
    after = workflow.bindings.blocks.after[node.index]
    inside = graph.nodes[node.index + 1 : after]
    if reachable or any(at.kind in _WAITS or at.dynamic for at in inside):
        return
    if node.span in workflow.misread.spans:
        return
    yield RULE.finding(
        "this loop runs for ever and never waits",
        node.span,
        help="add df.sleep, df.wait_for_schedule or df.wait_for_signal to its body, or a df.break() within reach",
        node=node,
    )


RULE = Rule(
    code="DF502",
    name="busy-loop",
    severity=Severity.WARNING,
    aliases=("C-02",),
    summary="An endless loop has no wait in its body.",
    rationale=(
        "It repeats as fast as the pacing allows, several times a second, for as long as the server lives."
    ),
    bad="SELECT df.start(@> 'SELECT work()');",
    good="SELECT df.start(@> ('SELECT work()' ~> df.sleep(60)));",
    kinds=frozenset({Kind.LOOP}),
    node=_check,
)
