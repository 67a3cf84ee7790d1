"""DF314: `IN ($x)` compares with one value only."""

from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Severity, Span
from ..context import WorkflowContext
from ..graph import Graph, Kind
from ..references import span_of
from .rule import Rule


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    bound = {use.node.index: use for use in workflow.bindings.uses if use.definitions}
    for node in graph.nodes:
        if node.index not in bound or node.kind is not Kind.SQL or " in" not in (node.query or "").lower():
            continue
        info = workflow.sql(node)
        for name, start, end in info.in_of if info is not None else ():
            if name not in workflow.names:
                continue
            span = span_of(node, start, end)
            yield RULE.finding(
                f"IN (${name}) compares with the first row's value only",
                span,
                help=f"write = ANY(${name}) to compare with the first column of all rows",
                fixes=_fix(node.query or "", start, end, span, name),
                node=node,
            )


def _fix(sql: str, start: int, end: int, span: Span, name: str) -> tuple[Fix, ...]:
    head = sql[:start].rstrip()
    if (
        span.end - span.start != end - start
        or not head.endswith("(")
        or not head[:-1].rstrip().lower().endswith(" in")
    ):
        return ()
    word = len(head[:-1].rstrip()) - 2
    if head[:word].rstrip().lower().endswith(" not"):
        return ()
    begin = span.start - (start - word)
    return (Fix("compare with all rows", (Edit(Span(begin, span.end), f"= ANY(${name}"),)),)


RULE = Rule(
    code="DF314",
    name="in-list-reference",
    severity=Severity.WARNING,
    aliases=("N-19",),
    summary="IN ($x) looks at one row.",
    rationale=(
        "A bare $x stands for the first column of the first row. = ANY($x) stands for the first column of "
        "all rows."
    ),
    bad="SELECT df.start('SELECT id FROM t' |=> 'ids' ~> 'DELETE FROM u WHERE id IN ($ids)');",
    good="SELECT df.start('SELECT id FROM t' |=> 'ids' ~> 'DELETE FROM u WHERE id = ANY($ids)');",
    graph=_check,
)
