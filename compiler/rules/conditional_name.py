"""DF303: a name that only one branch of a conditional binds."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import Gap, Use
from ..context import WorkflowContext
from ..graph import Graph, Kind
from .rule import Rule
from .unbound_name import context_of, name_span, use_span


def gap_at(workflow: WorkflowContext, use: Use, kinds: tuple[Kind, ...]) -> Gap | None:
    """The way past the definitions of a use that goes through a node of some kind."""
    if not use.sometimes_bound or context_of(use) in ("comment", "dollar_tag"):
        return None
    gaps = workflow.bindings.gaps(use)
    # only the first gap decides which rule speaks
    return gaps[0] if gaps and gaps[0].node.kind in kinds else None


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        gap = gap_at(workflow, use, (Kind.IF, Kind.IF_ROWS, Kind.BREAK))
        if gap is None:
            continue
        branch = graph.child(gap.node, gap.role)
        where = branch.span if branch is not None else gap.node.span
        missing = (
            "the loop may be left here before it is bound"
            if gap.role == "break"
            else "this branch does not bind it"
        )
        yield RULE.finding(
            f"${use.name} is bound on one way only; on the other this step fails",
            use_span(use),
            help=f"bind ${use.name} in both branches, or read it inside the branch that binds it",
            labels=(
                Label(where, missing),
                *(Label(name_span(d.node), "bound here") for d in use.definitions[:1]),
            ),
            node=use.node,
        )


RULE = Rule(
    code="DF303",
    name="conditional-name",
    severity=Severity.WARNING,
    aliases=("N-03",),
    summary="A name is bound in one branch of a conditional and read after it.",
    rationale=(
        "After a conditional only the names of the branch that ran are bound. When the other branch ran, "
        "the reference is left in the SQL, and the step fails with a syntax error."
    ),
    bad="SELECT df.start(df.if('SELECT true', 'SELECT 1 AS n' |=> 'x', 'SELECT 2') ~> 'SELECT $x');",
    good="SELECT df.start(df.if('SELECT true', 'SELECT 1 AS n', 'SELECT 2 AS n') |=> 'x' ~> 'SELECT $x');",
    graph=_check,
)
