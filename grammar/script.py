"""What `parse` returns: statements, the regions of a script that hold workflows, and syntax findings."""

from dataclasses import dataclass
from typing import NamedTuple

from .findings import Finding
from .fragment import Fragment
from .source import Source, Span
from .tree import Call, Expr


class Region(NamedTuple):
    """An expression with DSL in it. `tree` is None when it could not be parsed."""

    fragment: Fragment
    start: int  # offsets in the fragment
    end: int
    statement: int  # index of the top-level statement that holds it
    tree: Expr | None
    message: int = 0  # statements sent in one message (a DO block, a body) share a number

    @property
    def span(self) -> Span:
        """Where it stands in the file."""
        return self.fragment.locate(self.start, self.end)


class Statement(NamedTuple):
    """A top-level statement as psql would send it; `bare` marks a bare workflow expression."""

    start: int
    end: int
    keyword: str  # first word, lower case, or ""
    bare: bool


class Workflow(NamedTuple):
    """An expression that builds a graph.

    `kind`: start (argument of df.start), explain (argument of df.explain), bare (a bare expression), or composer
    (built and stored somewhere). `given_name` comes from `-- dfsql: name=...`.
    """

    kind: str
    expr: Expr
    fragment: Fragment
    statement: int
    region: int  # index in Script.regions
    call: Call | None = None
    given_name: str | None = None

    @property
    def span(self) -> Span:
        """Where the expression stands in the file."""
        return self.fragment.locate(self.expr.start, self.expr.end)


@dataclass(frozen=True)
class Script:
    """A parsed text."""

    source: Source
    statements: tuple[Statement, ...]
    regions: tuple[Region, ...]
    workflows: tuple[Workflow, ...]
    comments: tuple[Span, ...]
    findings: tuple[Finding, ...]
