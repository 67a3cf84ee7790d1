"""DF207: df.explain is given a whole statement instead of an expression."""

import re
from collections.abc import Iterator

from ...grammar import Call, Finding, Literal, Severity, strip_parens, walk
from ..context import Context
from .rule import Rule

_STATEMENT = re.compile(
    r"\s*(?:select|insert|update|delete|with|create|alter|drop|call|do|truncate|grant|revoke|explain)\s", re.I
)
_MARKS = ("~>", "|=>", "?>", "!>", "@>", "df.")


def _check(context: Context) -> Iterator[Finding]:
    if "explain" not in context.script.source.text.lower():
        return
    for region in context.script.regions:
        if region.tree is None:
            continue
        for call in walk(region.tree):
            text = _explained(call) if isinstance(call, Call) else None
            if text is not None and _STATEMENT.match(text.text) and any(mark in text.text for mark in _MARKS):
                yield RULE.finding(
                    "df.explain evaluates this text as an expression, but it is a whole statement",
                    region.fragment.locate(text.start, text.end),
                    help="pass the bare expression: df.explain($$ 'SELECT 1' ~> 'SELECT 2' $$)",
                )


def _explained(call: Call) -> Literal | None:
    if call.name != "explain" or not call.arguments:
        return None
    value = strip_parens(call.arguments[0].value)
    return value if isinstance(value, Literal) and value.kind not in ("number", "null", "boolean") else None


RULE = Rule(
    code="DF207",
    name="explained-statement",
    severity=Severity.ERROR,
    aliases=("H-10",),
    summary="df.explain is given a whole statement with a workflow in it.",
    rationale=(
        "Text with an operator of the language or a call of schema df in it is evaluated as an expression, behind "
        "a SELECT of df.explain's own. A whole statement there is a syntax error, as is SQL that merely contains "
        "such characters."
    ),
    bad="SELECT df.explain('SELECT ''a'' ~> ''b''');",
    good="SELECT df.explain('''SELECT 1'' ~> ''SELECT 2''');",
    script=_check,
)
