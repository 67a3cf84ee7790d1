"""DF602: a schedule that no day fits."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..cron import CronError, parse
from ..graph import Kind, Node
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    cron = (node.config or {}).get("cron_expr")
    if node.dynamic or not isinstance(cron, str):
        return
    try:
        schedule = parse(cron)
    except CronError:
        return
    if schedule.never_matches():
        yield RULE.finding(
            f"No upcoming schedule found for '{cron}'",
            node.span,
            help="no month that is chosen has such a day; correct the day of month or the month",
            node=node,
        )


RULE = Rule(
    code="DF602",
    name="cron-never-matches",
    severity=Severity.ERROR,
    aliases=("S-07",),
    summary="A schedule never comes.",
    rationale=(
        "The text is valid, but no date fits it, such as 30 February. The run fails when it gets there."
    ),
    bad="SELECT df.start(df.wait_for_schedule('0 0 30 2 *') ~> 'SELECT 1');",
    good="SELECT df.start(df.wait_for_schedule('0 0 28 2 *') ~> 'SELECT 1');",
    kinds=frozenset({Kind.WAIT_SCHEDULE}),
    node=_check,
)
