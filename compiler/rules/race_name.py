"""DF304: a name that only one branch of a race binds."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import WorkflowContext
from ..graph import Graph, Kind
from .conditional_name import gap_at
from .rule import Rule
from .unbound_name import name_span, use_span


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        gap = gap_at(workflow, use, (Kind.RACE,))
        if gap is None:
            continue
        branch = graph.child(gap.node, gap.role) or gap.node
        yield RULE.finding(
            f"${use.name} is bound only if one branch of the race wins; else this step fails",
            use_span(use),
            help=f"name the whole race: ( ... | ... ) |=> '{use.name}'",
            labels=(
                Label(branch.span, "if this branch wins, it is not bound"),
                *(Label(name_span(found.node), "bound here") for found in use.definitions[:1]),
            ),
            node=use.node,
        )


RULE = Rule(
    code="DF304",
    name="race-name",
    severity=Severity.WARNING,
    aliases=("N-04",),
    summary="A name is bound in one branch of a race and read after it.",
    rationale=(
        "Only the winner's names are visible after a race. When the other branch wins, the reference "
        "stays in the SQL and the step fails. A name on the race itself is always bound."
    ),
    bad="SELECT df.start((('SELECT 1 AS n' |=> 'x') | df.sleep(30)) ~> 'SELECT $x');",
    good="SELECT df.start((('SELECT 1 AS n' | 'SELECT 2 AS n') |=> 'x') ~> 'SELECT $x');",
    graph=_check,
)
