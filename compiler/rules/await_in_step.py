"""DF206: a step waits for another instance with df.await_instance."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..references import span_of
from .helper_in_step import calls_in_code
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    for name, start, end in calls_in_code(node):
        if name in ("await_instance", "wait_for_completion"):
            yield RULE.finding(
                "df.await_instance() cannot be called inside a workflow",
                span_of(node, start, end),
                help="let the other workflow send a signal at its end, and wait with df.wait_for_signal",
                node=node,
            )


RULE = Rule(
    code="DF206",
    name="await-in-step",
    severity=Severity.ERROR,
    aliases=("H-06",),
    summary="A step waits for an instance with df.await_instance.",
    rationale=(
        "df.await_instance blocks its session until the instance ends; inside a workflow it would occupy "
        "a worker, so it is refused there. Signals do the same without blocking."
    ),
    bad="SELECT df.start('SELECT df.await_instance(''a1b2c3d4'')');",
    good="SELECT df.start(df.wait_for_signal('other-is-done', 3600) ~> 'SELECT 1');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
