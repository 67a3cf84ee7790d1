"""DF104: `@> a ~> b` loops over `a` alone."""

from collections.abc import Iterator

from ...grammar import Binary, Call, Edit, Expr, Finding, Fix, Label, Paren, Prefix, Severity, Span, walk
from ..context import WorkflowContext
from .rule import Rule


def misread_loop(expr: Binary) -> Prefix | None:
    """The loop on the left side whose body was probably meant to be longer.

    Not one that says where its body ends, by parentheses or by a df.break() inside it. A loop that is raced against
    what stops it, or runs beside another loop, is a common and sound form.
    """
    loop = expr.left
    if expr.operator == "~>" and isinstance(loop, Binary):
        loop = loop.right  # a ~> @> b ~> c
    if expr.operator not in ("~>", "&") or not isinstance(loop, Prefix) or loop.operator != "@>":
        return None
    if isinstance(loop.operand, Paren) or (expr.operator == "&" and isinstance(expr.right, Prefix)):
        return None
    breaks = any(isinstance(part, Call) and part.name == "break" for part in walk(loop.operand))
    return None if breaks else loop


def misread_loops(workflow: WorkflowContext) -> frozenset[Span]:
    """Where the loops stand that this rule reports; what follows from the mistake needs no finding of its own."""
    found = (misread_loop(expr) for expr in walk(workflow.workflow.expr) if isinstance(expr, Binary))
    return frozenset(workflow.locate(loop.start, loop.end) for loop in found if loop is not None)


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    left = misread_loop(expr)
    if left is None:
        return
    operand, after = left.operand, _end_of_sequence(workflow, expr)
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


def _end_of_sequence(workflow: WorkflowContext, expr: Binary) -> Expr:
    """The last step of the sequence that begins with an operator and its operands."""
    last = expr
    for above in walk(workflow.workflow.expr):
        at: Expr = above
        while isinstance(at, Binary) and at.operator == "~>" and at is not expr:
            at = at.left
        if at is expr and isinstance(above, Binary):
            last = above
            break
    return last.right


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
