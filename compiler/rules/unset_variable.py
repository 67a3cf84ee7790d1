"""DF401: `{name}` that no df.setvar of the file sets."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from ...grammar import Finding, Severity
from ..bindings import VariableUse
from ..context import WorkflowContext
from ..graph import Graph, Kind
from ..references import SYSTEM_VARIABLES, lexical_context, span_of
from .rule import Rule

# What `'{word}'` stands next to when it is an array or a path into JSON and no variable.
_ARRAY_AFTER = re.compile(r"\s*(?:::|AS\b)\s*[A-Za-z_][\w.]*(?:\([^)]*\))?\s*\[|\s*(?:<@|&&)", re.I)
_ARRAY_BEFORE = re.compile(
    r"(?:\#>>?|\#-|@>|<@|&&|\b(?:ANY|ALL|SOME)\s*\(|\bjsonb_(?:set|set_lax|insert)\s*\([^']*,)\s*\Z", re.I
)


def _check(workflow: WorkflowContext, graph: Graph) -> Iterator[Finding]:
    uses = [use for use in workflow.bindings.variables if not use.placeholder.system]
    known = workflow.context.set_variables if uses else frozenset()
    for use in uses:
        if use.name in known or use.node.dynamic or use.node.kind is Kind.BREAK or _is_array(use):
            continue  # in a break's value nothing is replaced: DF402
        place = use.placeholder
        span = span_of(use.node, place.start, place.end) if place.place == "query" else use.node.span
        close = get_close_matches(use.name, sorted({*known, *SYSTEM_VARIABLES}), 1, 0.75)
        yield RULE.finding(
            f"the variable {{{use.name}}} is not set in this file; unset, it is left as it stands",
            span,
            help=f"did you mean {{{close[0]}}}?"
            if close
            else f"call df.setvar('{use.name}', ...) before df.start",
            node=use.node,
        )


def _is_array(use: VariableUse) -> bool:
    """`'{red}'::color[]` is an array literal, and `body #>> '{name}'` a path into JSON."""
    sql = use.node.query
    if sql is None or use.placeholder.place != "query":
        return False
    start, end = use.placeholder.start, use.placeholder.end
    quoted = sql[start - 1 : start] == sql[end : end + 1] == "'"
    in_literal = quoted and lexical_context(sql).at(start) == "literal"
    if not in_literal:
        return False
    before = sql[max(0, start - 120) : start - 1]
    return _ARRAY_AFTER.match(sql, end + 1) is not None or _ARRAY_BEFORE.search(before) is not None


RULE = Rule(
    code="DF401",
    name="unset-variable",
    severity=Severity.WARNING,
    aliases=("V-01", "V-04"),
    summary="A {variable} is used that the file never sets.",
    rationale=(
        "Variables are captured when the workflow starts, and one that is not set is left in the text: a syntax "
        "error in SQL, a silent literal inside quotes and HTTP texts. One that another script sets is better set "
        "in this one too."
    ),
    bad="SELECT df.start('SELECT * FROM {table}');",
    good="SELECT df.setvar('table', 'orders');\nSELECT df.start('SELECT * FROM {table}');",
    graph=_check,
)
