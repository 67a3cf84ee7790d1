"""DF701: the SQL of a step is not valid."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..references import span_of
from .adjacent_literals import glued_at
from .not_a_statement import is_expression
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    info = workflow.sql(node)
    if info is None or info.error is None or info.uncertain or is_expression(workflow, node):
        return
    sql = node.query or ""
    if sql.lstrip().startswith("{"):
        # a half-built conditional or a broken envelope: other rules say so
        return
    at = info.error.offset
    if any(True for _ in glued_at(workflow, node)):
        # two steps without an operator: DF109 says so
        return
    if _unbound_reference(workflow, node, at):
        return
    end = at
    while end < len(sql) and (sql[end].isalnum() or sql[end] == "_"):
        end += 1
    yield RULE.finding(
        info.error.message,
        span_of(node, at, max(end, at + 1) if at < len(sql) else at),
        help="correct the SQL of this step; the server would refuse it in the middle of the run",
        node=node,
    )


def _unbound_reference(workflow: WorkflowContext, node: Node, at: int) -> bool:
    """Whether the error is at a reference that another rule reports as unbound."""
    return any(
        use.never_bound and use.reference.start <= at <= use.reference.end
        for use in workflow.bindings.uses_at(node)
    )


RULE = Rule(
    code="DF701",
    name="sql-syntax",
    severity=Severity.ERROR,
    summary="The SQL of a step has a syntax error.",
    rationale=(
        "The text of each step is checked by PostgreSQL's own parser, with references and variables as "
        "placeholders. The server would refuse it in the middle of the run."
    ),
    bad="SELECT df.start('SELECT * FORM orders');",
    good="SELECT df.start('SELECT * FROM orders');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
