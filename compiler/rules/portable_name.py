"""DF903: a name on a sleep, a wait or a break on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from .rule import Rule
from .unbound_name import name_span


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if node.name is not None:
        yield RULE.finding(
            f"pg_durable never binds a name on {node.kind.value}, so ${node.name} stays unbound there",
            name_span(node),
            help="name the sequence or the branch around it instead",
            node=node,
        )


RULE = Rule(
    code="DF903",
    name="portable-name",
    severity=Severity.ERROR,
    aliases=("N-10",),
    target=REFERENCE_TARGET,
    summary="pg_durable ignores names on sleeps, waits and breaks.",
    rationale=(
        "Here a name on df.sleep, df.wait_for_schedule or df.break is bound like any other; pg_durable "
        "never stores it."
    ),
    bad="SELECT df.start(df.sleep(5) |=> 'nap' ~> 'SELECT $nap');",
    good="SELECT df.start('SELECT 1' |=> 'x' ~> df.sleep(5) ~> 'SELECT $x');",
    kinds=frozenset({Kind.SLEEP, Kind.WAIT_SCHEDULE, Kind.BREAK}),
    node=_check,
)
