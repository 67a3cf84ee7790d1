"""DF105: `a & b |=> 'y'` names the whole join or race, not `b`."""

from collections.abc import Iterator

from ...grammar import Binary, Edit, Finding, Fix, Label, Severity, Span
from ..context import WorkflowContext
from .rule import Rule

_WHAT = {"&": ("join", "the list of all branches' results"), "|": ("race", "the winner's result")}


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    if expr.operator != "|=>":
        return
    left = expr.left
    if not isinstance(left, Binary) or left.operator not in _WHAT:
        return
    what, value = _WHAT[left.operator]
    last = workflow.locate(left.right.start, left.right.end)
    name = workflow.locate(expr.right.start, expr.right.end)
    title = "name the last branch only"
    fix = Fix(title, (Edit(Span(last.start, last.start), "("), Edit(Span(name.end, name.end), ")")))
    whole = workflow.locate(left.start, left.end)
    keep = Fix(
        f"show that the whole {what} is named",
        (Edit(Span(whole.start, whole.start), "("), Edit(Span(whole.end, whole.end), ")")),
        safe=True,
    )
    yield RULE.finding(
        f"this names the whole {what}, {value}, and not the last branch",
        workflow.locate(expr.at, expr.right.end),
        help=f"put parentheses around the {what}, or around the branch that is meant",
        labels=(Label(whole, "all of this is named"),),
        fixes=(keep, fix),
    )


RULE = Rule(
    code="DF105",
    name="name-covers-all",
    severity=Severity.WARNING,
    aliases=("P-04",),
    summary="A name after & or | names the whole join or race.",
    rationale=(
        "|=> applies to everything to its left: a & b |=> 'y' binds y to the JSON list of both results. "
        "Parentheses say which reading is meant, and silence this rule."
    ),
    bad="SELECT df.start('SELECT 1' & 'SELECT 2' |=> 'y');",
    good="SELECT df.start('SELECT 1' & ('SELECT 2' |=> 'y'));",
    tree=_check,
)
