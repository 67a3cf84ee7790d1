"""DF113: workflow text inside a quoted step is run as SQL."""

from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Severity, is_composer, parse_expression
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule

_STARTS = ("'", "(", "@>", "$", "df.", "e'", "E'")
_SIGNS = ("~>", "|=>", "?>", "!>", "@>", "' & ", "' | ", "df.")


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    sql = node.query or ""
    if node.dynamic or not sql.lstrip().startswith(_STARTS) or not any(sign in sql for sign in _SIGNS):
        return
    tree, _ = parse_expression(sql)
    if tree is None or not is_composer(tree):
        return
    source = workflow.context.script.source.text
    as_written = node.query_map is not None and source.startswith("$", node.span.start)
    fix = Fix("remove the outer quotes", (Edit(node.span, sql.strip()),))
    yield RULE.finding(
        "this quoted text is a workflow, but it will be run as an SQL statement",
        node.span,
        help="remove the outer quotes; only the SQL of each step is quoted",
        fixes=(fix,) if as_written or workflow.fragment.map is None else (),
        node=node,
    )


RULE = Rule(
    code="DF113",
    name="workflow-in-quotes",
    severity=Severity.ERROR,
    aliases=("P-18",),
    summary="A workflow is quoted as a whole.",
    rationale=(
        "df.start takes any text that is no node for one SQL statement, so a quoted workflow is sent to "
        "the server as SQL and fails. df.explain does read such text, which hides the mistake."
    ),
    bad="SELECT df.start($$ 'SELECT 1' ~> 'SELECT 2' $$);",
    good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
