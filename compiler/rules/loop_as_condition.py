"""DF111: `@> c ?> t !> e` loops over the condition."""

from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Label, Severity, Span
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..results import breaks_of
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    condition = graph.child(node, "condition")
    if condition is None:
        return
    last = graph.sequence(condition)[-1]
    if last.kind is not Kind.LOOP or "condition" in last.children or breaks_of(graph, last):
        return
    fixes: tuple[Fix, ...] = ()
    if workflow.fragment.text.startswith("@>", last.span.start) and workflow.fragment.map is None:
        body = graph.nodes[last.children["body"]]
        edits = (
            Edit(Span(body.span.start, body.span.start), "("),
            Edit(Span(node.span.end, node.span.end), ")"),
        )
        fixes = (Fix("loop over the whole conditional", edits),)
    yield RULE.finding(
        "the condition is an endless loop, so neither branch is ever reached",
        last.span,
        help="write @> ( ... ) around the whole conditional",
        labels=(Label(node.span, "this conditional waits for it"),),
        fixes=fixes,
        node=node,
    )


RULE = Rule(
    code="DF111",
    name="loop-as-condition",
    severity=Severity.ERROR,
    aliases=("P-13",),
    summary="A loop without an end is the condition of a conditional.",
    rationale=(
        "@> binds before ?>, so @> c ?> t !> e repeats c for ever and never decides. The loop was meant "
        "around all of it: @> (c ?> t !> e)."
    ),
    bad="SELECT df.start(@> 'SELECT true' ?> 'SELECT 1' !> 'SELECT 2');",
    good="SELECT df.start(@> ('SELECT true' ?> df.sleep(60) !> df.break()));",
    kinds=frozenset({Kind.IF}),
    node=_check,
)
