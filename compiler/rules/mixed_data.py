"""DF704: `data_b64` that mixes a reference with other text."""

import re
from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_WHOLE = re.compile(rf"\s*(?:\${_NAME}(?:\.{_NAME})?\??|\{{{_NAME}\}})\s*\Z")


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    parts = (node.config or {}).get("parts")
    if not isinstance(parts, list) or node.dynamic:
        return
    for number, part in enumerate(parts):
        data = part.get("data_b64") if isinstance(part, dict) else None
        if isinstance(data, str) and ("$" in data or "{" in data) and not _WHOLE.match(data):
            yield RULE.finding(
                f"data_b64 of part {number + 1} mixes a reference with other text",
                node.span,
                help="make the whole value one reference, $name or {name}; build the rest in the step before",
                node=node,
            )


RULE = Rule(
    code="DF704",
    name="mixed-data",
    severity=Severity.ERROR,
    aliases=("Q-09",),
    summary="Base64 data of a multipart request is more than one reference.",
    rationale=(
        "data_b64 is replaced only when the whole value is one reference; anything else with $ or { fails "
        "the step."
    ),
    bad="""SELECT df.start('SELECT 1' |=> 'f' ~> df.http_multipart('https://example.org/',
    parts => '[{"name": "a", "data_b64": "x$f"}]'));""",
    good="""SELECT df.start('SELECT 1' |=> 'f' ~> df.http_multipart('https://example.org/',
    parts => '[{"name": "a", "data_b64": "$f"}]'));""",
    kinds=frozenset({Kind.HTTP_MULTIPART}),
    node=_check,
)
