"""DF309: df.if_rows asks about a name that nothing binds before it."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Graph
from .rule import Rule
from .unbound_name import has_unknown_parts


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    found = {use.node.index: use for use in workflow.bindings.uses if use.reference.form == "if_rows"}
    part = workflow.workflow.kind == "composer"  # it may become part of a workflow that binds the name
    unknown = has_unknown_parts(workflow)
    for node in graph.nodes:
        if node.kind.value != "IF_ROWS" or node.dynamic:
            continue
        name = str((node.config or {}).get("result_name", ""))
        use = found.get(node.index)
        if use is not None and not use.never_bound:
            continue
        if use is None and workflow.bindings.stopped_by(node) is not None:
            continue
        if unknown and not name.startswith("$"):
            continue
        scope = workflow.bindings.names_in_scope(node)
        if name.startswith("$"):
            help = f"write the name without $: df.if_rows('{name[1:]}', ...)"
        else:
            help = "bound here are " + ", ".join(scope) if scope else "name an earlier SQL step with |=>"
        severity = Severity.INFO if part and not name.startswith("$") else None
        message = f"df.if_rows: result '{name}' not found"
        yield RULE.finding(message, node.span, severity=severity, help=help, node=node)


RULE = Rule(
    code="DF309",
    name="if-rows-unbound",
    severity=Severity.ERROR,
    aliases=("N-23",),
    summary="df.if_rows asks about a result that is not bound before it.",
    rationale="df.if_rows runs no query: it looks at a stored result by its name, written without a $.",
    bad="SELECT df.start('SELECT 1' |=> 'x' ~> df.if_rows('$x', 'SELECT 2', 'SELECT 3'));",
    good="SELECT df.start('SELECT 1' |=> 'x' ~> df.if_rows('x', 'SELECT 2', 'SELECT 3'));",
    graph=_check,
)
