"""DF306: a reference to the result of a statement that returns no rows."""

from collections.abc import Iterator

from ...grammar import Finding, Label, Severity
from ..bindings import result_nodes
from ..context import WorkflowContext
from ..graph import Graph, Kind, Node
from .rule import Rule
from .unbound_name import context_of, name_span, use_span

_ADVICE = {"INSERT", "UPDATE", "DELETE", "MERGE"}


def rowless_statement(workflow: WorkflowContext, node: Node) -> str | None:
    """The kind of the only statement of a step, if it returns no rows; None otherwise or where not known."""
    info = workflow.sql(node)
    if info is None or len(info.statements) != 1 or info.statements[0].returns_rows:
        return None
    return info.statements[0].kind


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        if use.reference.form not in ("bare", "col") or not use.definitions or context_of(use) == "comment":
            continue
        for definition in use.definitions:
            sources = result_nodes(graph, definition.node)
            kinds = [rowless_statement(workflow, at) if at.kind is Kind.SQL else None for at in sources]
            if not kinds or None in kinds:
                continue
            kind = str(kinds[0])
            advice = f"add RETURNING to the {kind}" if kind in _ADVICE else "name a step that returns rows"
            yield RULE.finding(
                f"${use.name} is the result of {kind}, which returns no rows, so this step fails",
                use_span(use),
                help=advice,
                labels=(Label(name_span(definition.node), f"${use.name} is bound to the {kind} here"),),
                node=use.node,
            )
            break


RULE = Rule(
    code="DF306",
    name="name-without-rows",
    severity=Severity.WARNING,
    aliases=("N-13",),
    summary="A reference reads the result of a statement that returns no rows.",
    rationale=(
        "INSERT, UPDATE and DELETE without RETURNING, and DDL, have no rows to take a value from. The run "
        "stops with: $x has no rows — query returned zero results."
    ),
    bad="SELECT df.start('INSERT INTO t VALUES (1)' |=> 'row' ~> 'SELECT $row');",
    good="SELECT df.start('INSERT INTO t VALUES (1) RETURNING id' |=> 'row' ~> 'SELECT $row');",
    graph=_check,
)
