"""The text tree of a workflow: the layout of the database's `df.explain`, byte for byte."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ..graph import Graph, Kind, Node
from .words import bound, config_of, cut, header, member, timeout_of

MARKS = {"completed": "✓", "failed": "✗", "running": "⏳", "pending": "○", "skipped": "⊘"}

# White space as Unicode has it; Python's str.rstrip would also take U+001C to U+001F.
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BREAK = re.compile(r"\r?\n")
_FRAMES = frozenset({Kind.LOOP, Kind.IF, Kind.IF_ROWS, Kind.JOIN, Kind.RACE})


def render(
    graph: Graph,
    *,
    full: bool = False,
    statuses: Mapping[str, str] | None = None,
    hide: frozenset[str] = frozenset(),
) -> str:
    """The tree as text: every line padded to the same width, no final newline.

    `full` shows SQL, URLs and break values uncut. `statuses` maps node ids to the status of a live
    instance, shown as a mark. Steps whose ids are in `hide` are left out and counted.
    """
    lines = _tree(_Wording(graph, full, statuses or {}), _hidden(graph, hide))
    lines = _BREAK.split("\n".join(lines).rstrip(_BLANKS))
    width = max(map(len, lines))
    return "\n".join(line.ljust(width + 4) for line in lines) if width else ""


def node_text(graph: Graph, node: Node, *, full: bool = False) -> str:
    """One node in words, as the tree shows it; THEN has none."""
    shorten = _uncut if full else cut
    if node.kind in _FRAMES:
        # A race never shows its name.
        return header(graph, node) + ("" if node.kind is Kind.RACE else bound(node.name))
    return _leaf_text(node, shorten) + bound(node.name)


def _leaf_text(node: Node, shorten: Callable[[str, int, int], str]) -> str:
    readable = config_of(node)
    config = readable or {}
    match node.kind:
        case Kind.SQL:
            return "SQL: " + ("?" if node.query is None else shorten(node.query, 50, 47))
        case Kind.SLEEP:
            return f"SLEEP {'?' if node.query is None else node.query}s"
        case Kind.WAIT_SCHEDULE:
            return f"WAIT '{member(config, 'cron_expr', '?')}'"
        case Kind.SIGNAL:
            seconds = timeout_of(config)
            within = "" if seconds is None else f" ({seconds}s)"
            return f"SIGNAL '{member(config, 'signal_name', '?')}'{within}"
        case Kind.BREAK:
            value = config.get("break_value")
            return f"BREAK '{shorten(value, 20, 17)}'" if isinstance(value, str) else "BREAK"
        case Kind.HTTP | Kind.HTTP_MULTIPART:
            # A readable config without a method is a POST; of an unreadable one nothing is known.
            method = member(config, "method", "POST") if readable is not None else "?"
            return f"{node.kind.value} {method} {shorten(member(config, 'url', '?'), 40, 37)}"
        case _:
            return ""


def _uncut(text: str, limit: int, keep: int) -> str:
    return text


class _Wording(NamedTuple):
    """Everything that the text of a node depends on."""

    graph: Graph
    full: bool
    statuses: Mapping[str, str]

    def line(self, node: Node) -> str:
        mark = MARKS.get(self.statuses.get(node.id, ""))
        return node_text(self.graph, node, full=self.full) + (f" {mark}" if mark else "")


class _Place(NamedTuple):
    """Where a node is to be written."""

    node: Node
    prefix: str
    last: bool

    @property
    def connector(self) -> str:
        return "" if not self.prefix else "└─" if self.last else "├─"

    @property
    def below(self) -> str:
        """The prefix of what hangs under a node that stands here alone."""
        return self.prefix + ("    " if self.last or not self.prefix else "│   ")


def _tree(wording: _Wording, hidden: Mapping[int, int]) -> list[str]:
    """The lines of the tree. The stack holds lines that are ready and nodes that are not."""
    graph = wording.graph
    lines: list[str] = []
    stack: list[str | _Place] = [_Place(graph.root, "", True)]
    while stack:
        place = stack.pop()
        if isinstance(place, str):
            lines.append(place)
        elif place.node.index in hidden:
            lines.append(f"{place.prefix}{place.connector}{_gap(hidden[place.node.index])}")
        elif place.node.kind is Kind.THEN:
            stack.extend(reversed(list(_sequence(wording, place, hidden))))
        else:
            lines.append(f"{place.prefix}{place.connector}{wording.line(place.node)}")
            stack.extend(reversed(list(_sections(graph, place.node, place.below))))
    return lines


def _sequence(wording: _Wording, place: _Place, hidden: Mapping[int, int]) -> Iterator[str | _Place]:
    """The steps of a sequence, each with its sections; a run of hidden steps is one line."""
    lead, skipped = place.connector, 0
    for step in wording.graph.sequence(place.node):
        if step.index in hidden:
            skipped += hidden[step.index]
            continue
        if skipped:
            yield f"{place.prefix}{lead}{_gap(skipped)}"
            lead, skipped = "→ ", 0
        yield f"{place.prefix}{lead}{wording.line(step)}"
        yield from _sections(wording.graph, step, place.prefix + "    ")
        lead = "→ "
    if skipped:
        yield f"{place.prefix}{lead}{_gap(skipped)}"


def _sections(graph: Graph, node: Node, prefix: str) -> Iterator[str | _Place]:
    """The labelled children of a node."""
    if node.kind in (Kind.JOIN, Kind.RACE):
        branches = graph.branches(node)
        for number, branch in enumerate(branches, 1):
            yield f"{prefix}║ branch {number}:"
            yield _Place(branch, prefix + "  ", number == len(branches))
        return
    for role, label in _LABELS.get(node.kind, ()):
        child = graph.child(node, role)
        if child is not None:
            yield prefix + label
            yield _Place(child, prefix + "  ", True)


_LABELS = {
    Kind.LOOP: (("body", "↻ body:"), ("condition", "? while:")),
    Kind.IF: (("condition", "? condition:"), ("then", "✓ then:"), ("else", "✗ else:")),
    Kind.IF_ROWS: (("then", "✓ then:"), ("else", "✗ else:")),
}


def _hidden(graph: Graph, hide: frozenset[str]) -> dict[int, int]:
    """Index of every subtree that is hidden as a whole, with the number of steps it holds."""
    if not hide:
        return {}
    seen: set[int] = set()
    steps = [0] * len(graph.nodes)
    for node in reversed(graph.nodes):
        steps[node.index] += node.kind is not Kind.THEN
        if node.kind is not Kind.THEN and node.id not in hide:
            seen.add(node.index)
        if node.parent >= 0:
            steps[node.parent] += steps[node.index]
            if node.index in seen:
                seen.add(node.parent)
    return {node.index: steps[node.index] for node in graph.nodes if node.index not in seen}


def _gap(count: int) -> str:
    return f"… {count} step{'' if count == 1 else 's'} hidden"
