"""DF106: different operators without parentheses group strictly from the left."""

from collections.abc import Iterator

from ...grammar import Binary, Edit, Expr, Finding, Fix, Label, Severity, Span
from ..context import WorkflowContext
from .rule import Rule

# The levels that pg_durable's documentation promises; the formatter's table is the same.
_LEVELS = {"&": 4, "|": 3, "~>": 2, "!>": 1}


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    if expr.operator not in _LEVELS or expr.operator == "!>":
        return
    left = _under_names(expr.left)
    if not isinstance(left, Binary) or _LEVELS.get(left.operator, 9) >= _LEVELS[expr.operator]:
        return
    if left.operator == "!>" and expr.operator == "~>":
        # a step after a conditional: hardly any workflow does without
        return
    inner = workflow.locate(expr.left.start, expr.left.end)
    show = Fix(
        "show how it is read",
        (Edit(Span(inner.start, inner.start), "("), Edit(Span(inner.end, inner.end), ")")),
        safe=True,
    )
    yield RULE.finding(
        f"{expr.operator} takes everything to its left, the {left.operator} included",
        workflow.locate(expr.at, expr.at_end),
        help=f"put parentheses around what belongs together: {left.operator} and {expr.operator} have one level",
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
        "PostgreSQL gives all seven operators one level and groups from the left: a ~> b & c runs a, then b, "
        "and beside both c. The documentation of pg_durable promises that & binds before | and | before ~>, "
        "which no server can give. Where the two readings differ, parentheses say which one is meant."
    ),
    bad="SELECT df.start('SELECT 1' ~> 'SELECT 2' & 'SELECT 3');",
    good="SELECT df.start('SELECT 1' ~> ('SELECT 2' & 'SELECT 3'));",
    tree=_check,
)
