"""DF314: `IN ($x)` compares with one value only."""

import re
from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Severity, Span
from ..context import WorkflowContext
from ..graph import Graph, Kind
from ..references import span_of
from .rule import Rule

_OPENING = re.compile(r"(?:\b(NOT)\s+)?\bIN\s*\(\s*\Z", re.I)


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
            sql = node.query or ""
            is_not = _OPENING.search(sql, max(0, start - 40), start)
            better = f"<> ALL(${name}" if is_not and is_not[1] else f"= ANY(${name}"
            yield RULE.finding(
                f"{'NOT IN' if is_not and is_not[1] else 'IN'} (${name}) compares with the first row's value only",
                span,
                help=f"write {better}) to compare with the first column of all rows",
                fixes=_fix(is_not, span, start, end, better),
                node=node,
            )


def _fix(opening: re.Match[str] | None, span: Span, start: int, end: int, better: str) -> tuple[Fix, ...]:
    if opening is None or span.end - span.start != end - start:
        return ()
    begin = span.start - (start - opening.start())
    return (Fix("compare with all rows", (Edit(Span(begin, span.end), better),)),)


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
