"""DF305: two branches of a join bind the same name."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule
from .unbound_name import name_span


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    first: dict[str, tuple[Node, int]] = {}
    for number, branch in enumerate(graph.branches(node)):
        for definition in workflow.bindings.definitions_in(branch):
            known = first.setdefault(definition.name, (definition.node, number))
            if known[1] == number:
                continue
            yield RULE.finding(
                f"two branches of this join bind ${definition.name}; the later branch wins",
                name_span(definition.node),
                help="give the two results different names",
                labels=(Label(name_span(known[0]), "also bound here, in an earlier branch"),),
                node=definition.node,
            )


RULE = Rule(
    code="DF305",
    name="join-duplicate-name",
    severity=Severity.WARNING,
    aliases=("N-06",),
    summary="Two branches of a join bind the same name.",
    rationale=(
        "After a join the names of its branches are merged in the order of the branches, so the value of "
        "the earlier branch is lost, whichever ended last."
    ),
    bad="SELECT df.start((('SELECT 1 AS n' |=> 'x') & ('SELECT 2 AS n' |=> 'x')) ~> 'SELECT $x');",
    good="SELECT df.start((('SELECT 1 AS n' |=> 'x') & ('SELECT 2 AS n' |=> 'y')) ~> 'SELECT $x + $y');",
    kinds=frozenset({Kind.JOIN}),
    node=_check,
)
