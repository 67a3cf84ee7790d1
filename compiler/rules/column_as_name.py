"""DF312: `$col` where only a column of an earlier result has that name."""

from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Label, Severity, Span
from ..bindings import Definition, Use, result_nodes
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Graph, Kind
from .rule import Rule
from .unbound_name import context_of, name_span, use_span


def owners_of(workflow: WorkflowContext, use: Use) -> list[Definition]:
    """The bound results before a use that have a column of its name; in code only."""
    if not use.never_bound or use.reference.mode != "sql" or context_of(use) is not None:
        return []
    owners: dict[str, Definition] = {}
    for known in workflow.results_by_column.get(use.name, ()):
        if known in workflow.bindings.reaching(use.node, known.name)[0]:
            owners.setdefault(known.name, known)
    return list(owners.values())


def results_by_column(workflow: WorkflowContext) -> dict[str, list[Definition]]:
    """The definitions whose result has a column, by its name; ask `workflow.results_by_column`, which keeps them."""
    found: dict[str, list[Definition]] = {}
    for definition in workflow.bindings.definitions:
        for column in sorted(_columns(workflow, definition)):
            found.setdefault(column, []).append(definition)
    return found


def _columns(workflow: WorkflowContext, definition: Definition) -> set[str]:
    graph = workflow.graph
    assert graph is not None
    columns: set[str] = set()
    for node in result_nodes(graph, definition.node):
        info = workflow.sql(node) if node.kind is Kind.SQL else None
        if info is not None and len(info.statements) == 1:
            columns.update(column for column in info.statements[0].target_columns if column is not None)
    return columns


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    for use in workflow.bindings.uses:
        owners = owners_of(workflow, use)
        if len(owners) != 1:
            continue
        better = f"${owners[0].name}.{use.name}"
        span = use_span(use)
        exact = span.end - span.start == use.reference.end - use.reference.start
        name = Span(span.start, span.start + 1 + len(use.name))
        portable = workflow.context.target == REFERENCE_TARGET
        yield RULE.finding(
            f"${use.name} is no bound name but a column of ${owners[0].name}; write {better}",
            span,
            severity=Severity.ERROR if portable else None,
            help="name the result too: pg_durable leaves a bare column in the SQL, which fails"
            if portable
            else f"name the result too: another result with a column {use.name} would break the short form",
            labels=(Label(name_span(owners[0].node), f"the result with the column {use.name}"),),
            fixes=(Fix(f"write {better}", (Edit(name, better),), safe=True),) if exact else (),
            node=use.node,
        )


RULE = Rule(
    code="DF312",
    name="column-as-name",
    severity=Severity.WARNING,
    summary="A column of an earlier result is referenced without the result's name.",
    rationale=(
        "A bare $column is resolved when exactly one earlier result has that column, but it breaks as "
        "soon as another result gets a column of the same name, and pg_durable does not resolve it at "
        "all. Write $result.column."
    ),
    bad="""SELECT df.start('SELECT order_id FROM orders' |=> 'order'
    ~> 'UPDATE orders SET ok = true WHERE id = $order_id');""",
    good="""SELECT df.start('SELECT order_id FROM orders' |=> 'order'
    ~> 'UPDATE orders SET ok = true WHERE id = $order.order_id');""",
    graph=_check,
)
