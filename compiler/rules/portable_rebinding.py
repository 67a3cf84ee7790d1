"""DF906: a name bound again in a branch of a join on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from .rule import Rule
from .unbound_name import name_span


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    for branch in graph.branches(node)[:-1]:
        for definition in workflow.bindings.definitions_in(branch):
            before = workflow.bindings.reaching(node, definition.name)[0]
            if before:
                yield RULE.finding(
                    f"on pg_durable ${definition.name} keeps its old value after this join",
                    name_span(definition.node),
                    help="use a new name inside the branch, or make it the last branch",
                    labels=(Label(name_span(before[0].node), "the old value is bound here"),),
                    node=definition.node,
                )


RULE = Rule(
    code="DF906",
    name="portable-rebinding",
    severity=Severity.ERROR,
    aliases=("N-07",),
    target=REFERENCE_TARGET,
    summary="pg_durable loses a name that an earlier branch of a join binds again.",
    rationale=(
        "Here only the names that a branch bound itself are merged after a join. On pg_durable every "
        "branch hands back all names that it knows, so a later branch restores the old value."
    ),
    bad="SELECT df.start('SELECT 1' |=> 'x' ~> (('SELECT 2' |=> 'x') & 'SELECT 3') ~> 'SELECT $x');",
    good="SELECT df.start('SELECT 1' |=> 'x' ~> ('SELECT 3' & ('SELECT 2' |=> 'x')) ~> 'SELECT $x');",
    kinds=frozenset({Kind.JOIN}),
    node=_check,
)
