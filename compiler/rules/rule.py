"""What a rule is: a record that the command line, the docs, the tests and the checker all read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...grammar import Binary, Finding, Fix, Label, Severity, Span
from ..graph import Graph, Kind, Node

if TYPE_CHECKING:
    from ..context import Context, WorkflowContext

FAMILIES = {
    "0": "syntax",
    "1": "grouping",
    "2": "helpers",
    "3": "names",
    "4": "variables",
    "5": "control flow",
    "6": "waiting",
    "7": "SQL and durability",
    "8": "security",
    "9": "portability and style",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `bad` is a .dfsql text that must report the rule, `good` one that must not.

    A rule has one of the four hooks (`tree`, `node`, `graph`, `script`), or none when an earlier phase (parser or
    lowering) reports it by calling `finding`. Hooks keep no state.
    """

    code: str  # "DF301"
    name: str  # "unbound-name"
    severity: Severity
    summary: str  # one line
    rationale: str  # why it matters and what to do, a paragraph
    bad: str
    good: str
    aliases: tuple[str, ...] = ()  # the ids of the language reference, such as "N-01"
    target: str | None = None  # "pg_durable": reported only with --target pg_durable
    since: str = "0.1.0"
    kinds: frozenset[Kind] = frozenset()  # node kinds that `node` wants to see
    tree: "Callable[[WorkflowContext, Binary], Iterable[Finding]] | None" = (
        None  # every binary operator, top down
    )
    node: "Callable[[WorkflowContext, Node], Iterable[Finding]] | None" = None
    graph: "Callable[[WorkflowContext, Graph], Iterable[Finding]] | None" = None
    script: "Callable[[Context], Iterable[Finding]] | None" = None

    @property
    def family(self) -> str:
        return FAMILIES[self.code[2]]

    def finding(
        self,
        message: str,
        span: Span,
        *,
        help: str | None = None,
        labels: tuple[Label, ...] = (),
        fixes: tuple[Fix, ...] = (),
        node: Node | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule; the checker fills in the workflow's name."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            message=message,
            span=span,
            help=help,
            labels=labels,
            fixes=fixes,
            node=node.id if node else None,
        )
