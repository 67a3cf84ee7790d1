"""`check`: all findings of a compilation. One walk over each workflow feeds every rule."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..grammar import Binary, Finding, walk
from .compilation import Compilation
from .context import REFERENCE_TARGET, TARGETS, Context, WorkflowContext
from .graph import Kind
from .rules import all_rules
from .rules.rule import Rule


def check(compilation: Compilation, *, target: str = "dfsql", parse_sql: bool = True) -> list[Finding]:
    """The findings of compiling and of every rule, in the order of the text.

    `target="pg_durable"` adds what works here and not there. Raises ValueError for another target.
    """
    if target not in TARGETS:
        raise ValueError(f"unknown target {target!r}: choose {' or '.join(TARGETS)}")
    context = Context(compilation, target, parse_sql)
    rules = [rule for rule in all_rules().values() if rule.target in (None, target)]
    found = [*compilation.findings, *_script(context, rules)]
    tree_rules = [rule for rule in rules if rule.tree is not None]
    graph_rules = [rule for rule in rules if rule.graph is not None]
    node_rules = _by_kind(rules)
    for workflow in context.workflows:
        told = _workflow(workflow, tree_rules, graph_rules, node_rules)
        found.extend(replace(finding, workflow=workflow.unit.name) for finding in told)
    return _sorted(found)


def _script(context: Context, rules: list[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.script is not None:
            yield from rule.script(context)


def _by_kind(rules: list[Rule]) -> dict[Kind, list[Rule]]:
    table: dict[Kind, list[Rule]] = {kind: [] for kind in Kind}
    for rule in rules:
        if rule.node is not None:
            for kind in rule.kinds or Kind:
                table[kind].append(rule)
    return table


def _workflow(
    workflow: WorkflowContext,
    tree_rules: list[Rule],
    graph_rules: list[Rule],
    node_rules: dict[Kind, list[Rule]],
) -> Iterator[Finding]:
    for expr in walk(workflow.workflow.expr):
        if isinstance(expr, Binary):
            for rule in tree_rules:
                assert rule.tree is not None
                yield from rule.tree(workflow, expr)
    if workflow.graph is None:
        return
    for node in workflow.graph.nodes:
        for rule in node_rules[node.kind]:
            assert rule.node is not None
            yield from rule.node(workflow, node)
    for rule in graph_rules:
        assert rule.graph is not None
        yield from rule.graph(workflow, workflow.graph)


def _sorted(found: Iterable[Finding]) -> list[Finding]:
    """In the order of the text; the same thing said of two overlapping workflows once."""
    unique: dict[tuple[object, ...], Finding] = {}
    for finding in found:
        unique.setdefault((finding.span, finding.code, finding.message), finding)
    return sorted(unique.values(), key=lambda finding: (finding.span, finding.code))


__all__ = ["REFERENCE_TARGET", "TARGETS", "check"]
