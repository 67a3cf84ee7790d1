"""DF506: a step that is an expression, not a statement."""

from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Severity, Span
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..sqlinfo import inspect
from ..sqlscan import STATEMENT_KEYWORDS, code_start, first_keyword
from .dsl_in_quotes import RULE as IN_QUOTES
from .rule import Rule


def is_expression(workflow: WorkflowContext, node: Node) -> bool:
    """Whether a step's SQL begins like no statement; `{var}` at its beginning may stand for anything."""
    sql = node.query or ""
    start = code_start(sql, parentheses=True)
    if node.dynamic or sql[start : start + 1] in ("", "{", ";") or sql.lstrip().startswith("{"):
        return False
    return (first_keyword(sql) or "").upper() not in STATEMENT_KEYWORDS


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if not is_expression(workflow, node):
        return
    assert IN_QUOTES.node is not None
    if any(True for _ in IN_QUOTES.node(workflow, node)):
        return
    sql = node.query or ""
    role = "condition" if node.role == "condition" else "step"
    word = sql.split(None, 1)[0] if sql.split() else ""
    yield RULE.finding(
        f"this {role} is not an SQL statement: it begins with {word[:30]}",
        node.span,
        help="every step and every condition is a whole statement; write SELECT in front of an expression",
        fixes=_fix(node) if workflow.context.parse_sql else (),
        node=node,
    )


def _fix(node: Node) -> tuple[Fix, ...]:
    """SELECT in front, where that makes a statement of it; PERFORM is PL/pgSQL's word for SELECT."""
    sql = node.query or ""
    word = sql[: len("perform")] if first_keyword(sql) == "PERFORM" else ""
    info = inspect(f"SELECT {sql[len(word) :]}")
    if node.query_map is None or info.error is not None or info.parser is None:
        return ()
    if word:
        return (Fix("write SELECT", (Edit(node.query_map.span(0, len(word)), "SELECT"),)),)
    at = node.query_map.span(0, 0).start
    return (Fix("put SELECT in front", (Edit(Span(at, at), "SELECT "),)),)


RULE = Rule(
    code="DF506",
    name="not-a-statement",
    severity=Severity.ERROR,
    aliases=("C-09",),
    summary="A step or a condition is an expression instead of a statement.",
    rationale="The text is sent to the server as a statement, so an expression alone is a syntax error.",
    bad="SELECT df.start('count(*) > 0' ?> 'SELECT 1' !> 'SELECT 2');",
    good="SELECT df.start('SELECT count(*) > 0 FROM t' ?> 'SELECT 1' !> 'SELECT 2');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
