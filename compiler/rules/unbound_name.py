"""DF301: `$x` that nothing binds before the step."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from ...grammar import Edit, Finding, Fix, Label, Severity, Span
from ..bindings import Use, Why
from ..context import WorkflowContext
from ..graph import Graph, Kind, Node
from ..references import LexicalContext, lexical_context, span_of
from .rule import Rule

_BUILDS_TEXT = re.compile(r"\|\||^\s*\(*\s*(?:format|concat|replace)\s*\(", re.I)
_WORD = re.compile(r"[A-Za-z0-9_$\u0080-\U0010ffff]")
_MANY = 200  # of so many names none is suggested: it would take long, and help little
_QUOTED = frozenset({"literal", "quoted_name", "dollar", "dynamic"})


def use_span(use: Use) -> Span:
    """Where a reference stands in the file."""
    if use.reference.place == "query":
        return span_of(use.node, use.reference.start, use.reference.end)
    return use.node.span


def context_of(use: Use) -> str | None:
    """What the reference stands in: "literal", "comment", ..., or None for code and for raw text.

    "dynamic" in SQL that only the server can put together.
    """
    if use.node.dynamic:
        return "dynamic"
    if use.reference.mode != "sql" or use.node.query is None:
        return None
    return _lexical(use.node.query).at(use.reference.start)


@lru_cache(maxsize=256)
def _lexical(sql: str) -> LexicalContext:
    """Kept, since several rules ask about every reference of a step."""
    return lexical_context(sql)


def has_other_rule(workflow: WorkflowContext, use: Use) -> bool:
    """Whether a more exact rule speaks of this unbound use."""
    from .column_as_name import owners_of
    from .sibling_name import sibling_of

    if sibling_of(workflow, use) is not None:
        return True
    if any(miss.why is Why.NEXT_ROUND for miss in workflow.bindings.misses(use)):
        return True
    return len(owners_of(workflow, use)) == 1


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    if has_unknown_parts(workflow):
        return
    for use in workflow.bindings.uses:
        if not use.never_bound or use.reference.form == "if_rows":
            continue
        context = context_of(use)
        if context in ("dollar_tag", "comment") or (context in _QUOTED and use.name not in workflow.names):
            continue
        if context is None and _within_word(use):
            continue
        if not has_other_rule(workflow, use):
            yield _finding(workflow, use, quoted=context in _QUOTED)


def _within_word(use: Use) -> bool:
    """`a$b` is one identifier, as long as nothing is bound to b."""
    at = use.reference.start
    return use.reference.mode == "sql" and at > 0 and _WORD.match(use.node.query or "", at - 1) is not None


def has_unknown_parts(workflow: WorkflowContext) -> bool:
    """Whether a step is an expression that may turn out a finished node, with names of its own in it.

    Text that is put together by || or format() is SQL.
    """
    graph = workflow.graph
    assert graph is not None
    return any(
        node.dynamic and node.kind is Kind.SQL and not _BUILDS_TEXT.search(node.query or "")
        for node in graph.nodes
    )


def _finding(workflow: WorkflowContext, use: Use, *, quoted: bool) -> Finding:
    scope = workflow.bindings.names_in_scope(use.node) if len(workflow.names) <= _MANY else ()
    # $r3 for $r35 is no guess: names that differ in their number only are different on purpose
    others = [name for name in scope if name.rstrip("0123456789") != use.name.rstrip("0123456789")]
    close = get_close_matches(use.name, others, 1, 0.6)
    span = use_span(use)
    fixes: tuple[Fix, ...] = ()
    if (
        close
        and use.reference.place == "query"
        and span.end - span.start == use.reference.end - use.reference.start
    ):
        name_end = span.start + 1 + len(use.name)
        fixes = (Fix(f"write ${close[0]}", (Edit(Span(span.start + 1, name_end), close[0]),)),)
    severity: Severity | None = None
    outcome = "left in the SQL, which is a syntax error"
    if use.reference.mode == "raw" or quoted:
        severity = Severity.WARNING
        outcome = "left in the text as it stands" if quoted else "sent as it stands"
    if workflow.workflow.kind == "composer":
        severity = Severity.INFO
    return RULE.finding(
        f"${use.name} is not bound before this step, so it is {outcome}",
        span,
        severity=severity,
        help=_help(close, scope),
        labels=tuple(_labels(workflow, use)),
        fixes=fixes,
        node=use.node,
    )


def _help(close: list[str], scope: tuple[str, ...]) -> str:
    if close:
        return f"did you mean ${close[0]}?"
    if scope:
        return "bound here are " + ", ".join(f"${name}" for name in scope[:8])
    return "name the step before this one that gives the value: |=> 'name'"


def _labels(workflow: WorkflowContext, use: Use) -> Iterator[Label]:
    words = {
        Why.LATER: "bound only later",
        Why.OTHER_BRANCH: "bound in the other branch",
        Why.ENCLOSING: "bound when this ends",
        Why.DEAD: "bound by a step that never runs",
    }
    for miss in workflow.bindings.misses(use)[:2]:
        yield Label(name_span(miss.definition), words.get(miss.why, "bound here, but out of reach"))


def name_span(node: Node) -> Span:
    """Where a node is named, or else the node."""
    return node.name_span or node.span


RULE = Rule(
    code="DF301",
    name="unbound-name",
    severity=Severity.ERROR,
    aliases=("N-01", "N-02"),
    summary="A reference names a result that no earlier step binds.",
    rationale=(
        "An unbound $name is not replaced: in SQL it reaches the server and is a syntax error, in an HTTP request "
        "it is sent as it stands, which is a warning here. Names are case-sensitive. A piece of a workflow that is "
        "not started itself may become part of one that binds the name, so there the finding is a note."
    ),
    bad="SELECT df.start('SELECT 1 AS n' |=> 'total' ~> 'SELECT $totl * 2');",
    good="SELECT df.start('SELECT 1 AS n' |=> 'total' ~> 'SELECT $total * 2');",
    graph=_check,
)
