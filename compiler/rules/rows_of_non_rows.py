"""DF308: `$x.*` where x is no SQL result."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import Shape, shapes
from ..context import WorkflowContext
from ..graph import Graph
from .rule import Rule
from .unbound_name import name_span, use_span

_WHAT = {
    Shape.HTTP: "an HTTP call",
    Shape.SIGNAL: "a signal",
    Shape.ARRAY: "a join",
    Shape.SLEEP: "a sleep",
    Shape.SCHEDULE: "a wait",
    Shape.BREAK: "a break",
}
_ROWS = frozenset({Shape.ROWS, Shape.UNKNOWN})


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        if use.reference.form != "rows":
            continue
        wrong = [found for found in use.definitions if not shapes(graph, found.node) & _ROWS]
        if wrong:
            found = shapes(graph, wrong[0].node)
            what = next((words for shape, words in _WHAT.items() if shape in found), "another step")
            yield RULE.finding(
                f"${use.name}.* needs rows, but ${use.name} is the result of {what}",
                use_span(use),
                help="only the result of a SQL step has rows; take a member with $name.member instead",
                labels=(Label(name_span(wrong[0].node), "bound here"),),
                node=use.node,
            )


RULE = Rule(
    code="DF308",
    name="rows-of-other-result",
    severity=Severity.ERROR,
    aliases=("N-17",),
    summary="All rows are asked of a result that has none.",
    rationale=(
        "$x.* stands for the rows of a SQL result. HTTP calls, signals and joins store a JSON value; the "
        "run stops with: $x.* — invalid result format."
    ),
    bad="SELECT df.start(df.wait_for_signal('go', 60) |=> 'sig' ~> 'SELECT * FROM $sig.*');",
    good="SELECT df.start(df.wait_for_signal('go', 60) |=> 'sig' ~> 'SELECT $sig.data');",
    graph=_check,
)
