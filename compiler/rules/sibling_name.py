"""DF302: a branch reads a name that its sibling binds."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import Miss, Use, Why
from ..context import WorkflowContext
from ..graph import Graph
from .rule import Rule
from .unbound_name import name_span, use_span


def sibling_of(workflow: WorkflowContext, use: Use) -> Miss | None:
    """The definition in a sibling branch that an unbound use probably means."""
    if not use.never_bound:
        return None
    return next((miss for miss in workflow.bindings.misses(use) if miss.why is Why.SIBLING), None)


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        miss = sibling_of(workflow, use)
        if miss is None:
            continue
        kind = miss.node.kind.value if miss.node is not None else "JOIN"
        yield RULE.finding(
            f"${use.name} is bound in another branch of this {kind}, which this branch never sees",
            use_span(use),
            help=f"read ${use.name} after the {kind}, or bind it before",
            labels=(Label(name_span(miss.definition), "bound in the other branch"),),
            node=use.node,
        )


RULE = Rule(
    code="DF302",
    name="sibling-name",
    severity=Severity.ERROR,
    aliases=("N-05",),
    summary="A parallel branch reads a name that its sibling binds.",
    rationale=(
        "Branches of & and | start with a copy of the names bound before, and run at the same time: none "
        "sees what another binds. The name is visible after the join."
    ),
    bad="SELECT df.start(('SELECT 1 AS n' |=> 'x') & 'SELECT $x');",
    good="SELECT df.start((('SELECT 1 AS n' |=> 'x') & 'SELECT 2') ~> 'SELECT $x');",
    graph=_check,
)
