"""DF902: a schedule that means something else on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    cron = (node.config or {}).get("cron_expr")
    if node.dynamic or not isinstance(cron, str):
        return
    # its dialect is only of interest to this rule, and costs time to load
    from ..cron_reference import reference_differs

    difference = reference_differs(cron)
    if difference is not None:
        yield RULE.finding(
            f"'{cron}' is another schedule on pg_durable: {difference}",
            node.span,
            help="write days of the week by name (MON-FRI), and restrict only one of the two day fields",
            node=node,
        )


RULE = Rule(
    code="DF902",
    name="portable-cron",
    severity=Severity.ERROR,
    aliases=("S-05", "S-08"),
    target=REFERENCE_TARGET,
    summary="A schedule means something else on pg_durable.",
    rationale=(
        "pg_durable counts the days of the week from 1 for Sunday, refuses 0, and demands that both day "
        "fields match. Here schedules mean what cron documents."
    ),
    bad="SELECT df.start(df.wait_for_schedule('0 9 * * 1-5') ~> 'SELECT 1');",
    good="SELECT df.start(df.wait_for_schedule('0 9 * * MON-FRI') ~> 'SELECT 1');",
    kinds=frozenset({Kind.WAIT_SCHEDULE}),
    node=_check,
)
