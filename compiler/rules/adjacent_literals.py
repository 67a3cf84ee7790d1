"""DF109: two literals on consecutive lines are one literal."""

import re
from collections.abc import Iterator

from ...grammar import Edit, Finding, Fix, Label, Severity, Span
from ..context import WorkflowContext
from ..graph import Kind, Node
from ..sqlscan import STATEMENT_KEYWORDS, first_keyword
from .rule import Rule

_GAP = re.compile(r"'((?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:\s|--[^\n\r]*(?=[\n\r]))*)'")
_OPENING = re.compile(r"\s*(?:[eEnN]|[uU]&)?'")


def glued_at(workflow: WorkflowContext, node: Node) -> Iterator[tuple[int, Span]]:
    """(end of a piece, the next piece) in the file, where the second begins like a statement.

    Nothing when the glued text is one valid statement: then the author broke a long line. Without a parser a
    blank at the seam says so.
    """
    graph = workflow.graph
    source = graph.source.text if graph is not None and graph.source is not None else ""
    opening = _OPENING.match(source, node.span.start)
    if node.dynamic or opening is None or node.query_map is None or not _as_written(workflow):
        return
    gaps = list(_gaps(source, opening.end(), node.span.end))
    if not gaps:
        return
    info = workflow.sql(node)
    parsed = info is not None and info.parser is not None
    if info is not None and parsed and info.error is None and len(info.statements) == 1:
        return
    ends = [end for end, _ in gaps[1:]] + [node.span.end]
    for (end, quote), stop in zip(gaps, ends, strict=True):
        word = first_keyword(source[quote + 1 : quote + 80])
        if word is None or word.upper() not in STATEMENT_KEYWORDS:
            continue
        if parsed or not (source[end - 2].isspace() or source[quote + 1].isspace()):
            yield end, Span(quote, stop)


def _as_written(workflow: WorkflowContext) -> bool:
    """Whether the workflow's text stands in the file as it is: not so where its quotes are doubled."""
    fragment = workflow.fragment
    whole = fragment.locate(0, len(fragment.text))
    return whole.end - whole.start == len(fragment.text)


def _gaps(text: str, at: int, stop: int) -> Iterator[tuple[int, int]]:
    """The places where a literal as written goes on behind a line break; doubled quotes are text."""
    while True:
        at = text.find("'", at, stop)
        if at < 0:
            return
        gap = _GAP.match(text, at, stop)
        if gap is not None:
            yield at + 1, gap.end() - 1
            at = gap.end()
        elif text.startswith("''", at):
            at += 2
        else:
            return


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    for end, second in glued_at(workflow, node):
        yield RULE.finding(
            "this literal and the one before are one: PostgreSQL joins literals across a line break",
            second,
            help="write ~> between them for two steps, or || to show that one text is meant",
            labels=(Label(Span(end - 1, end), "the text before it ends here"),),
            fixes=(Fix("add ~> between the two steps", (Edit(Span(end, end), " ~>"),)),),
            node=node,
        )


RULE = Rule(
    code="DF109",
    name="adjacent-literals",
    severity=Severity.WARNING,
    aliases=("P-09",),
    summary="Two literals on consecutive lines are glued into one.",
    rationale=(
        "By the SQL standard, two quoted texts with nothing but a line break between them are one text. A "
        "forgotten ~> at the end of a line so makes one step of two, and the server sees both statements "
        "run together."
    ),
    bad="""SELECT df.start('SELECT 1'
    'SELECT 2' ~> df.sleep(5));""",
    good="""SELECT df.start('SELECT 1'
    ~> 'SELECT 2' ~> df.sleep(5));""",
    kinds=frozenset({Kind.SQL}),
    node=_check,
)
