"""DF703: `$1` in a step's SQL."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..references import span_of
from .rule import Rule

# Statements that declare parameters.
_HAVE_THEIR_OWN = frozenset({"PREPARE", "CREATE FUNCTION", "CREATE PROCEDURE"})


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if "$" not in (node.query or ""):
        return
    info = workflow.sql(node)
    if info is None or any(statement.kind in _HAVE_THEIR_OWN for statement in info.statements):
        return
    for at in info.parameters:
        sql = node.query or ""
        end = at + 1
        while end < len(sql) and sql[end].isdigit():
            end += 1
        yield RULE.finding(
            f"{sql[at:end]} has no value: no parameters are bound to a step",
            span_of(node, at, end),
            help="name an earlier result with |=> 'name' and write $name, or set a {variable}",
            node=node,
        )


RULE = Rule(
    code="DF703",
    name="sql-parameter",
    severity=Severity.ERROR,
    aliases=("Q-02",),
    summary="A step uses a numbered parameter.",
    rationale=(
        "Steps run without parameters, so $1 fails at run time. Values come from named results and variables."
    ),
    bad="SELECT df.start('SELECT * FROM orders WHERE id = $1');",
    good="SELECT df.start('SELECT 7 AS id' |=> 'it' ~> 'SELECT * FROM orders WHERE id = $it');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
