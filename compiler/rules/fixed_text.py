"""DF402: `{var}` or `$name` where nothing is ever replaced."""

import re
from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule

_VARIABLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_REFERENCE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_MEMBER = {Kind.SIGNAL: ("signal_name", "a signal's name"), Kind.BREAK: ("break_value", "a break's value")}


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    member, what = _MEMBER[node.kind]
    value = (node.config or {}).get(member)
    if not isinstance(value, str) or node.dynamic:
        return
    found = _VARIABLE.search(value)
    if found is None and node.kind is Kind.SIGNAL:
        # references in a break's value are replaced
        found = _REFERENCE.search(value)
    if found is not None:
        yield RULE.finding(
            f"{found[0]} is not replaced in {what}",
            node.span,
            help="build the text in SQL when the workflow is started: df.wait_for_signal('go_' || ...)"
            if node.kind is Kind.SIGNAL
            else "select the value in a step before, name it, and write df.break('$name')",
            node=node,
        )


RULE = Rule(
    code="DF402",
    name="fixed-text",
    severity=Severity.ERROR,
    aliases=("V-08", "N-25"),
    summary="A variable stands where texts are never replaced.",
    rationale=(
        "Signal names, schedules, sleeps and timeouts are fixed when the workflow is built. A {variable} "
        "there stays as it is, so the signal is never received."
    ),
    bad="SELECT df.setvar('id', '7');\nSELECT df.start(df.wait_for_signal('go_{id}', 60));",
    good="SELECT df.start(df.wait_for_signal('go', 60));",
    kinds=frozenset(_MEMBER),
    node=_check,
)
