"""DF107: `c1 ?> t !> c2 ?> u !> e` is no else-if chain."""

from collections.abc import Iterator

from ...grammar import Binary, Edit, Expr, Finding, Fix, Label, Severity, Span
from ..context import WorkflowContext
from .rule import Rule


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    # expr is `(c1 ?> t !> c2) ?> u`, perhaps the left side of a second !>
    if expr.operator != "?>":
        return
    first = expr.left
    if not isinstance(first, Binary) or first.operator != "!>":
        return
    second = workflow.locate(first.right.start, first.right.end)
    end = workflow.locate(workflow.workflow.expr.end, workflow.workflow.expr.end).start
    yield RULE.finding(
        "the whole first conditional is the condition of this ?>",
        workflow.locate(expr.at, expr.at_end),
        help="write the else-if in parentheses: c1 ?> a !> (c2 ?> b !> c)",
        labels=(
            Label(workflow.locate(first.start, first.end), "this is run as a condition, its branches too"),
            Label(second, "the second condition that was meant begins here"),
        ),
        fixes=_fix(second, end) if _is_tail(workflow, expr) else (),
    )


def _is_tail(workflow: WorkflowContext, expr: Expr) -> bool:
    """Whether the chain is the whole workflow: then the closing parenthesis belongs at its end."""
    root = workflow.workflow.expr
    return isinstance(root, Binary) and root.operator == "!>" and root.left is expr


def _fix(second: Span, end: int) -> tuple[Fix, ...]:
    edits = (Edit(Span(second.start, second.start), "("), Edit(Span(end, end), ")"))
    return (Fix("make it an else-if", edits),)


RULE = Rule(
    code="DF107",
    name="else-if-chain",
    severity=Severity.WARNING,
    aliases=("P-07",),
    summary="A chain of conditionals makes the first one the condition of the second.",
    rationale=(
        "Grouping goes from the left, so c1 ?> t !> c2 ?> u !> e runs c1 with its branches t and c2, and "
        "takes the outcome for the condition of u and e. An else-if needs parentheses."
    ),
    bad="SELECT df.start('SELECT true' ?> 'SELECT 1' !> 'SELECT false' ?> 'SELECT 2' !> 'SELECT 3');",
    good="SELECT df.start('SELECT true' ?> 'SELECT 1' !> ('SELECT false' ?> 'SELECT 2' !> 'SELECT 3'));",
    tree=_check,
)
