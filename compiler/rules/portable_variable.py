"""DF905: `{var}` inside other braces on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from ..references import scan_variables, scan_variables_of_reference, span_of, texts_of
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if "{" not in (node.query or "") or node.dynamic:
        return
    for place, text, _ in texts_of(node):
        there = {found.start for found in scan_variables_of_reference(text, place)}
        for found in scan_variables(text, place):
            if found.start not in there:
                yield RULE.finding(
                    f"pg_durable does not replace {{{found.name}}} inside other braces",
                    span_of(node, found.start, found.end) if place == "query" else node.span,
                    help="build the JSON in a SQL step before, name it, and write $name",
                    node=node,
                )


RULE = Rule(
    code="DF905",
    name="portable-variable",
    severity=Severity.ERROR,
    aliases=("V-02",),
    target=REFERENCE_TARGET,
    summary="pg_durable does not replace a variable inside other braces.",
    rationale=(
        "Here {var} is replaced wherever it stands. pg_durable takes everything from the first brace to "
        "the next closing one for the name, so a variable inside a JSON object is left as it is."
    ),
    bad="""SELECT df.setvar('city', 'Oslo');
SELECT df.start(df.http('https://example.org/', 'POST', '{"city": "{city}"}'));""",
    good="""SELECT df.setvar('city', 'Oslo');
SELECT df.start(df.http('https://example.org/{city}', 'GET'));""",
    kinds=frozenset({Kind.SQL, Kind.HTTP, Kind.HTTP_MULTIPART}),
    node=_check,
)
