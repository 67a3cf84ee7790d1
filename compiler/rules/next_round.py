"""DF313: a loop reads a name that only its previous round binds."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import Use, Why
from ..context import WorkflowContext
from ..graph import Graph, Kind, Node
from .conditional_name import gap_at
from .rule import Rule
from .unbound_name import context_of, name_span, use_span


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        if context_of(use) in ("comment", "dollar_tag"):
            continue
        missed = next((m for m in workflow.bindings.misses(use) if m.why is Why.NEXT_ROUND), None)
        if use.never_bound and missed is not None:
            yield _finding(
                use,
                missed.definition,
                Severity.ERROR,
                "in every round: a loop that is the whole workflow forgets all names",
            )
        gap = gap_at(workflow, use, (Kind.LOOP,))
        if gap is not None:
            yield _finding(use, use.definitions[0].node, Severity.WARNING, "in the first round")


def _finding(use: Use, definition: Node, severity: Severity, when: str) -> Finding:
    return RULE.finding(
        f"${use.name} is bound only further on in the loop, so here it is unbound {when}",
        use_span(use),
        severity=severity,
        help=f"bind ${use.name} before the loop, or read it after the step that binds it",
        labels=(Label(name_span(definition), "bound here"),),
        node=use.node,
    )


RULE = Rule(
    code="DF313",
    name="read-before-bound",
    severity=Severity.WARNING,
    aliases=("N-11",),
    summary="A loop reads a name before the step that binds it.",
    rationale=(
        "In the first round nothing is bound yet. Later rounds see the value of the round before, but not "
        "when the loop is the whole workflow: such a loop begins every round without names, and the "
        "finding is an error."
    ),
    bad="SELECT df.start('SELECT 1' ~> df.loop('SELECT $prev' ~> ('SELECT 2 AS n' |=> 'prev'), 'SELECT false'));",
    good="""SELECT df.start('SELECT 1 AS n' |=> 'prev'
    ~> df.loop('SELECT $prev' ~> ('SELECT 2 AS n' |=> 'prev'), 'SELECT false'));""",
    graph=_check,
)
