"""DF104: `@> a ~> b` loops over `a` alone."""

from collections.abc import Iterator

from ...grammar import Binary, Edit, Finding, Fix, Label, Prefix, Severity, Span
from ..context import WorkflowContext
from .rule import Rule


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    if expr.operator not in ("~>", "&", "|"):
        return
    left = expr.left
    if not isinstance(left, Prefix) or left.operator != "@>":
        return
    if expr.operator == "|":
        # a loop raced against something that stops it is a common and sound form
        return
    operand, after = left.operand, expr.right
    loop = workflow.locate(left.at, left.at_end)
    open_at = workflow.locate(operand.start, operand.start)
    end = workflow.locate(after.end, after.end)
    yield RULE.finding(
        f"this @> repeats only the one step after it; what follows {expr.operator} is not part of the loop",
        loop,
        help="write @> ( ... ) around the whole body",
        labels=(Label(workflow.locate(after.start, after.end), "outside of the loop"),),
        fixes=(
            Fix(
                "put the whole sequence into the loop",
                (Edit(open_at, "("), Edit(Span(end.end, end.end), ")")),
            ),
        ),
    )


RULE = Rule(
    code="DF104",
    name="loop-binds-first",
    severity=Severity.WARNING,
    aliases=("P-03",),
    summary="A loop covers only its first step.",
    rationale=(
        "A prefix operator binds before the operators between steps: @> a ~> b is (@> a) ~> b, so the "
        "loop never gets to b. Published precedence tables say otherwise. Put the body in parentheses."
    ),
    bad="SELECT df.start(@> df.sleep(60) ~> 'SELECT work()');",
    good="SELECT df.start(@> (df.sleep(60) ~> 'SELECT work()'));",
    tree=_check,
)
