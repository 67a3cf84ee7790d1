"""From a mutable tree of drafts to a graph: pre-order table, stable ids, scopes, decoded configs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..grammar import Source, Span
from .graph import Graph, Kind, Node
from .textmap import QueryMap

CONFIG_KINDS = frozenset(
    {Kind.IF_ROWS, Kind.WAIT_SCHEDULE, Kind.SIGNAL, Kind.BREAK, Kind.HTTP, Kind.HTTP_MULTIPART}
)

_NOWHERE = Span(0, 0)

# role -> the part of an id that a child in this role starts with; JOIN and RACE number theirs
_PARTS = {"then": "then", "else": "else", "condition": "cond", "body": "body"}


@dataclass(slots=True, eq=False)
class Draft:
    """A node of the tree while it is being built; `children` in the order of `Node.children`."""

    kind: Kind
    children: dict[str, "Draft"] = field(default_factory=dict)
    query: str | None = None
    name: str | None = None
    span: Span = _NOWHERE
    name_span: Span | None = None
    query_map: QueryMap | None = None
    dynamic: bool = False


def assemble(
    root: Draft,
    *,
    name: str | None = None,
    source: Source | None = None,
    span: Span | None = None,
    label: str | None = None,
    database: str | None = None,
) -> Graph:
    """The graph of a tree. Time is linear in its size, and depth costs no recursion.

    Ids and scopes are those of docs/design.md, section "Ids". `span` is the root's when not given.
    """
    rows = _flatten(root)
    _name_sequences(rows)
    nodes = tuple(_node(index, row) for index, row in enumerate(rows))
    return Graph(nodes, name, source, root.span if span is None else span, label, database)


def decode_config(kind: Kind, query: str | None) -> Mapping[str, Any] | None:
    """The object that `query` holds, for the kinds that keep a config there; None for anything else."""
    if query is None or kind not in CONFIG_KINDS:
        return None
    try:
        value = json.loads(query)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@dataclass(slots=True)
class _Chain:
    """A sequence with its nested THENs flattened: the path before its ids, and steps counted so far."""

    prefix: str  # "" or "s3.then."
    scope: str
    opens: bool  # the chain's outermost node is the root node of its scope
    steps: int = 0


@dataclass(slots=True)
class _Row:
    """What is known of a node before it is frozen."""

    draft: Draft
    chain: _Chain
    parent: int = -1
    role: str = "root"
    children: dict[str, int] = field(default_factory=dict)
    first: int = 0  # number of the first step of the chain that this node covers
    last: int = 0  # number of the last one; the same as `first` for all but THEN
    id: str = ""


def _flatten(root: Draft) -> list[_Row]:
    """All nodes in pre-order; every step has its id, THENs know their first step only."""
    rows: list[_Row] = []
    stack = [_Row(root, _Chain("", "root", True))]
    while stack:
        row = stack.pop()
        index = len(rows)
        rows.append(row)
        if row.parent >= 0:
            rows[row.parent].children[row.role] = index
        chain, children = row.chain, row.draft.children
        row.first = chain.steps + 1
        if row.draft.kind is Kind.THEN:
            below = dict.fromkeys(children, chain)
        else:
            chain.steps = row.last = row.first
            row.id = f"{chain.prefix}s{row.first}"
            below = _branch_chains(row)
        stack.extend(_Row(children[role], below[role], index, role) for role in reversed(children))
    return rows


def _branch_chains(row: _Row) -> dict[str, _Chain]:
    """A fresh chain for each branch of a step, with the scope the branch runs in."""
    kind, chain = row.draft.kind, row.chain
    if kind in (Kind.JOIN, Kind.RACE):
        letter = "j" if kind is Kind.JOIN else "r"
        paths = {role: f"{row.id}.{letter}{role.removeprefix('branch')}" for role in row.draft.children}
        return {role: _Chain(path + ".", path, True) for role, path in paths.items()}
    scope = chain.scope
    if kind is Kind.LOOP and not _is_scope_root(row):
        scope = f"{row.id}.body"
    # Only a LOOP has a condition that is called "while": an IF's is "cond".
    parts = {**_PARTS, "condition": "while"} if kind is Kind.LOOP else _PARTS
    return {role: _Chain(f"{row.id}.{parts[role]}.", scope, False) for role in row.draft.children}


def _is_scope_root(row: _Row) -> bool:
    """Whether a step is the very node its scope starts with, and not one of several inside a THEN."""
    return row.chain.opens and row.role not in ("first", "second")


def _name_sequences(rows: list[_Row]) -> None:
    """Give THENs the ids that need their last step; children come first here."""
    for row in reversed(rows):
        if row.draft.kind is Kind.THEN:
            row.last = rows[row.children["second"]].last
            covered = f"{row.last}" if row.first == 1 else f"{row.first}_{row.last}"
            row.id = f"{row.chain.prefix}t{covered}"


def _node(index: int, row: _Row) -> Node:
    draft = row.draft
    return Node(
        id=row.id,
        index=index,
        kind=draft.kind,
        parent=row.parent,
        role=row.role,
        children=row.children,
        query=draft.query,
        name=draft.name,
        scope=row.chain.scope,
        span=draft.span,
        name_span=draft.name_span,
        query_map=draft.query_map,
        dynamic=draft.dynamic,
        config=decode_config(draft.kind, draft.query),
    )
