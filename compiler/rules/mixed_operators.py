"""DF106: different operators without parentheses group strictly from the left."""

from collections.abc import Iterator

from ...grammar import Binary, Edit, Expr, Finding, Fix, Label, Severity, Span
from ..context import WorkflowContext
from .rule import Rule

_MIXED = ("~>", "&", "|")


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    if expr.operator not in _MIXED:
        return
    left = _under_names(expr.left)
    conditional = isinstance(left, Binary) and left.operator == "!>"
    if not isinstance(left, Binary) or (left.operator not in _MIXED and not conditional):
        return
    if left.operator == expr.operator or (conditional and expr.operator == "~>"):
        return
    inner = workflow.locate(expr.left.start, expr.left.end)
    show = Fix(
        "show how it is read",
        (Edit(Span(inner.start, inner.start), "("), Edit(Span(inner.end, inner.end), ")")),
        safe=True,
    )
    yield RULE.finding(
        f"{left.operator} and {expr.operator} have one level: {expr.operator} takes everything to its left",
        workflow.locate(expr.at, expr.at_end),
        help="put parentheses around the steps that belong together",
        labels=(Label(inner, f"all of this is the left side of {expr.operator}"),),
        fixes=(show,),
    )


def _under_names(expr: Expr) -> Expr:
    """The expression under any |=> names."""
    while isinstance(expr, Binary) and expr.operator == "|=>":
        expr = expr.left
    return expr


RULE = Rule(
    code="DF106",
    name="mixed-operators",
    severity=Severity.WARNING,
    aliases=("P-06",),
    summary="Different operators stand side by side without parentheses.",
    rationale=(
        "PostgreSQL gives all seven operators one level and groups from the left: a ~> b & c runs a, then "
        "b, and beside both c. The published precedence table promises another grouping, which no server "
        "can give. Parentheses make the reading plain."
    ),
    bad="SELECT df.start('SELECT 1' ~> 'SELECT 2' & 'SELECT 3');",
    good="SELECT df.start('SELECT 1' ~> ('SELECT 2' & 'SELECT 3'));",
    tree=_check,
)
