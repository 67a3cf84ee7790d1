"""DF310: df.if_rows asks about a result that has no rows."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import Shape, shapes
from ..context import WorkflowContext
from ..graph import Graph
from .rule import Rule
from .unbound_name import name_span

_ROWS = frozenset({Shape.ROWS, Shape.UNKNOWN, Shape.BREAK})


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        if use.reference.form != "if_rows":
            continue
        wrong = [found for found in use.definitions if not shapes(graph, found.node) & _ROWS]
        if wrong:
            yield RULE.finding(
                f"df.if_rows: result '{use.name}' is not a SQL result (missing row_count)",
                use.node.span,
                help="branch on a SQL step instead: df.if('SELECT ...', ...)",
                labels=(Label(name_span(wrong[0].node), "bound here, to a result without rows"),),
                node=use.node,
            )


RULE = Rule(
    code="DF310",
    name="if-rows-other-result",
    severity=Severity.ERROR,
    aliases=("N-24",),
    summary="df.if_rows asks about a result that has no rows.",
    rationale=(
        "Only the result of a SQL step counts rows. HTTP calls, signals, joins and sleeps store a JSON "
        "value of another form."
    ),
    bad="SELECT df.start(df.wait_for_signal('go', 60) |=> 'sig' ~> df.if_rows('sig', 'SELECT 1', 'SELECT 2'));",
    good="SELECT df.start('SELECT 1' |=> 'found' ~> df.if_rows('found', 'SELECT 1', 'SELECT 2'));",
    graph=_check,
)
