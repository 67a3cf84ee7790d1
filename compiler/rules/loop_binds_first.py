"""DF104: `@> a ~> b` loops over `a` alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...grammar import Binary, Call, Edit, Expr, Finding, Fix, Label, Paren, Prefix, Severity, Span, walk
from ..context import WorkflowContext
from .rule import Rule


@dataclass(frozen=True)
class Misread:
    """The loops whose body was probably meant to be longer."""

    by_operator: dict[
        int, tuple[Prefix, Expr]
    ]  # id of the operator behind it -> the loop, the end of its sequence
    spans: frozenset[Span]  # where the loops stand: what follows from the mistake needs no finding of its own


def misread_loops(workflow: WorkflowContext) -> Misread:
    """All loops of a workflow that this rule reports; ask `workflow.misread`, which keeps them."""
    found: dict[int, tuple[Prefix, Expr]] = {}
    sequences: dict[int, Binary] = {}  # id of a ~> -> the last ~> of the same sequence
    for expr in walk(workflow.workflow.expr):
        if not isinstance(expr, Binary):
            continue
        last = sequences.get(id(expr), expr)
        if expr.operator == "~>" and isinstance(expr.left, Binary):
            sequences[id(expr.left)] = last if expr.left.operator == "~>" else expr.left
        loop = _loop(expr)
        if loop is not None:
            found[id(expr)] = (loop, last.right)
    spans = (workflow.locate(loop.start, loop.end) for loop, _ in found.values())
    return Misread(found, frozenset(spans))


def _loop(expr: Binary) -> Prefix | None:
    """A loop on the left side that does not say where its body ends, by parentheses or by a df.break() in it.

    Not one that is raced against what stops it, or runs beside another loop: these are common and sound.
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


def _check(workflow: WorkflowContext, expr: Binary) -> Iterator[Finding]:
    if id(expr) not in workflow.misread.by_operator:
        return
    left, after = workflow.misread.by_operator[id(expr)]
    open_at = workflow.locate(left.operand.start, left.operand.start)
    end = workflow.locate(after.end, after.end)
    yield RULE.finding(
        f"this @> repeats only the one step after it; what follows {expr.operator} is not part of the loop",
        workflow.locate(left.at, left.at_end),
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
