"""DF109: two literals on consecutive lines are one literal."""

import re
from collections.abc import Iterator

from ...grammar import Edit, Expr, Finding, Fix, Label, Literal, Severity, Span
from ..context import WorkflowContext
from .rule import Rule

_KINDS = frozenset({"plain", "escape", "national", "unicode"})
_GAP = re.compile(r"'((?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:\s|--[^\n\r]*(?=[\n\r]))*)'")
# A piece that begins like this is probably meant as a step of its own.
_STATEMENT = re.compile(
    r"\s*(?:select|insert|update|delete|with|call|create|drop|alter|truncate|merge|do|refresh|vacuum|analyze)\b", re.I
)


def _check(workflow: WorkflowContext, expr: Expr) -> Iterator[Finding]:
    if not isinstance(expr, Literal) or expr.kind not in _KINDS:
        return
    text = workflow.fragment.text
    if "\n" not in expr.text and text.count("'", expr.start, expr.end) < 4:
        return
    for gap_start, gap_end in _gaps(text[expr.start : expr.end]):
        second = expr.start + gap_end - 1
        if not _STATEMENT.match(text, second + 1):
            continue
        place = workflow.locate(expr.start + gap_start, expr.start + gap_start)
        yield RULE.finding(
            "these two literals are one: PostgreSQL joins literals across a line break",
            workflow.locate(second, second + 1),
            help="write ~> between them for two steps, or || to show that one text is meant",
            labels=(Label(workflow.locate(expr.start, expr.start + gap_start), "the text before it"),),
            fixes=(Fix("add ~> between the two steps", (Edit(Span(place.start, place.start), " ~>"),)),),
        )


def _gaps(raw: str) -> Iterator[tuple[int, int]]:
    """(end of a piece, start of the next one's text) of a literal as written; doubled quotes are text."""
    at = raw.index("'") + 1
    while True:
        at = raw.find("'", at)
        if at < 0:
            return
        gap = _GAP.match(raw, at)
        if gap is not None:
            yield at + 1, gap.end()
            at = gap.end()
        elif raw.startswith("''", at):
            at += 2
        elif raw[at - 1] == "\\" and raw[:1] in "eE":
            at += 1
        else:
            return


RULE = Rule(
    code="DF109",
    name="adjacent-literals",
    severity=Severity.WARNING,
    aliases=("P-09",),
    summary="Two literals on consecutive lines are glued into one.",
    rationale="By the SQL standard, two quoted texts with nothing but a line break between them are one text. A forgotten ~> "
    "at the end of a line so makes one step of two, and the server sees both statements run together.",
    bad="""SELECT df.start('SELECT 1'
    'SELECT 2' ~> df.sleep(5));""",
    good="""SELECT df.start('SELECT 1'
    ~> 'SELECT 2' ~> df.sleep(5));""",
    tree=_check,
)
