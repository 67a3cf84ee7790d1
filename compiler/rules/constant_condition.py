"""DF505: a condition that is not SQL is always true."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..bindings import Shape, shapes
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule

_TRUE = frozenset({Shape.HTTP, Shape.SIGNAL, Shape.ARRAY, Shape.SLEEP, Shape.SCHEDULE})
_WHAT = {
    Shape.HTTP: "an HTTP answer counts as true, whatever its status",
    Shape.SIGNAL: "a signal counts as true, also when it timed out",
    Shape.ARRAY: "the list of a join's results counts as true",
    Shape.SLEEP: "the result of a sleep counts as true",
    Shape.SCHEDULE: "the result of a wait counts as true",
}


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    condition = graph.child(node, "condition")
    if condition is None:
        return
    found = shapes(graph, condition)
    if found and found <= _TRUE:
        what = _WHAT[min(found, key=lambda shape: shape.value)]
        yield RULE.finding(
            f"this condition is always true: {what}",
            condition.span,
            help="name the result with |=> and decide in a SQL step, such as 'SELECT NOT $sig.timed_out'",
            node=node,
        )


RULE = Rule(
    code="DF505",
    name="constant-condition",
    severity=Severity.WARNING,
    aliases=("C-07",),
    summary="A condition is a step whose result is always true.",
    rationale=(
        "Only a SQL step gives a value to decide on. The object that a signal, an HTTP call, a sleep or a "
        "join stores is never empty, so it counts as true, also for timed_out: true or status 404."
    ),
    bad="SELECT df.start(df.wait_for_signal('ok', 60) ?> 'SELECT 1' !> 'SELECT 2');",
    good="""SELECT df.start(df.wait_for_signal('ok', 60) |=> 'sig'
    ~> ('SELECT NOT $sig.timed_out' ?> 'SELECT 1' !> 'SELECT 2'));""",
    kinds=frozenset({Kind.IF, Kind.LOOP}),
    node=_check,
)
