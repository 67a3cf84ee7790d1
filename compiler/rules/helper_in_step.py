"""DF205: a step's SQL calls df.setvar, df.unsetvar or df.clearvars."""

import re
from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..references import lexical_context, span_of
from .rule import Rule

CALL = re.compile(r"\bdf\s*\.\s*(setvar|unsetvar|clearvars|await_instance|wait_for_completion)\s*\(", re.I)
_ADVICE = {
    "setvar": "set variables before starting the workflow",
    "unsetvar": "manage variables before starting the workflow",
    "clearvars": "manage variables before starting the workflow",
}


def calls_in_code(node: Node) -> Iterator[tuple[str, int, int]]:
    """(function, start, end) of helper calls in a step's SQL, outside of literals and comments."""
    sql = node.query or ""
    if node.dynamic or "df" not in sql.lower():
        return
    context = lexical_context(sql)
    for found in CALL.finditer(sql):
        if context.at(found.start()) is None:
            yield found[1].lower(), found.start(), found.end() - 1


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    for name, start, end in calls_in_code(node):
        if name in _ADVICE:
            yield RULE.finding(
                f"df.{name}() cannot be called inside a workflow - {_ADVICE[name]}",
                span_of(node, start, end),
                help="pass values between steps by |=> 'name' and $name",
                node=node,
            )


RULE = Rule(
    code="DF205",
    name="helper-in-step",
    severity=Severity.ERROR,
    aliases=("H-03",),
    summary="A step changes workflow variables.",
    rationale=(
        "Variables are captured when the workflow starts; a step that sets them is refused at run time."
    ),
    bad="SELECT df.start('SELECT df.setvar(''k'', ''v'')');",
    good="SELECT df.start('SELECT 1 AS v' |=> 'k' ~> 'SELECT $k');",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
