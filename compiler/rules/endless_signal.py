"""DF601: a signal is awaited without a timeout."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    if node.dynamic or (node.config or {}).get("timeout_seconds") is not None:
        return
    at = graph.parent(node)
    while at is not None:
        if at.kind is Kind.RACE:
            # something else can end the wait
            return
        at = graph.parent(at)
    name = (node.config or {}).get("signal_name", "")
    yield RULE.finding(
        f"this waits for ever if the signal '{name}' is never sent",
        node.span,
        help=f"give it a timeout in seconds: df.wait_for_signal('{name}', 86400), and look at timed_out after it",
        node=node,
    )


RULE = Rule(
    code="DF601",
    name="endless-signal",
    severity=Severity.WARNING,
    aliases=("S-01",),
    summary="A signal is awaited without a timeout.",
    rationale=(
        "When the signal is lost or its sender dies, the workflow stays for ever. A timeout is a normal "
        "result with timed_out set to true; a race with something that ends does as well."
    ),
    bad="SELECT df.start(df.wait_for_signal('approved') ~> 'SELECT 1');",
    good="SELECT df.start(df.wait_for_signal('approved', 86400) ~> 'SELECT 1');",
    kinds=frozenset({Kind.SIGNAL}),
    node=_check,
)
