"""Words around a picture: XML escaping, titles of steps, and the description that screen readers read."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ...grammar import Finding
from ..graph import Graph, Kind, Node
from .fonts import visible
from .layout_cards import duration, kind_words
from .layout_parts import Card, Frame, Layout
from .words import config_of, detail, member

MENTIONED = 5  # things of one sort that a description names
_NEEDS_ESCAPE = re.compile(r"[&<>\"'\n\t\r]|[^ -~]")
_ESCAPES = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("'"): "&#39;",
    0x0A: "&#10;",
    0x09: "&#9;",
    0x0D: "&#13;",
}
# `$name`, `$name.column`, `$name.*` and `{variable}`, but not the tag of a dollar quote
_REFERENCE = re.compile(
    r"\$(?![A-Za-z_0-9]*\$)[A-Za-z_][A-Za-z0-9_]*(?:\.\*|\.[A-Za-z_][A-Za-z0-9_]*)?|\{[A-Za-z_][A-Za-z0-9_]*\}"
)


def escaped(text: str) -> str:
    """A text as XML content or attribute value, on one line; lines and tabs survive as references."""
    if not _NEEDS_ESCAPE.search(text):
        return text
    lines = [visible(part) for part in re.split(r"([\n\t\r])", text)[::2]]
    breaks = re.findall(r"[\n\t\r]", text)
    whole = lines[0] + "".join(mark + line for mark, line in zip(breaks, lines[1:], strict=True))
    return whole.translate(_ESCAPES)


def marked(text: str) -> str:
    """SQL as the content of a text element, what it takes from elsewhere marked."""
    line = escaped(text)
    if "$" not in line and "{" not in line:
        return line
    return _REFERENCE.sub(lambda found: f'<tspan class="ref">{found[0]}</tspan>', line)


def step_title(
    item: Card | Frame, uses: Sequence[str], findings: Iterable[Finding] = (), state: str | None = None
) -> str:
    """What a step is, in full: its number, id, state, kind, names, SQL, and what was found."""
    node = item.node
    if isinstance(item, Card):
        kind, words = kind_words(node), full_text(node)
    else:
        kind, words = " ".join(text.text for text in item.texts), ""
    said = [f"step {item.number} ({node.id})", *([state] if state else []), kind]
    if item.names:
        said.append("binds " + ", ".join(f"${name}" for name in item.names))
    if uses:
        said.append("uses " + ", ".join(f"${name}" for name in uses))
    lines = [", ".join(said) + (f": {words}" if words else "")]
    lines += [f"{found.severity.value} {found.code}: {found.message}" for found in findings]
    return "\n".join(lines)


def full_text(node: Node) -> str:
    """What a step does, in full, times also as people say them."""
    words = detail(node)
    query = node.query or ""
    if node.kind is Kind.SLEEP and query.isascii() and query.isdigit() and len(query) < 16:
        spoken = duration(int(query))
        return words if spoken == words else f"{spoken} ({words})"
    return words


def uses_by_step(graph: Graph) -> dict[str, list[str]]:
    """The names that reach a step, by its id, in the order of the edges."""
    uses: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind == "data" and edge.name is not None:
            names = uses.setdefault(edge.target, [])
            if edge.name not in names:
                names.append(edge.name)
    return uses


def description(graph: Graph, layout: Layout, states: Sequence[tuple[str, int]] = ()) -> str:
    """What the picture shows, in a few sentences: how many steps of which kinds, how deep, what it waits for.

    `states` says how many steps of a started workflow are in which state.
    """
    counts: Counter[Kind] = Counter(node.kind for node in graph.nodes if node.kind is not Kind.THEN)
    kinds = ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])
    levels = max((item.level + 1 for item in layout.items if isinstance(item, Frame)), default=0)
    sentences = [f"A workflow of {layout.steps} step{'s' * (layout.steps != 1)}: {kinds}."]
    if levels:
        sentences.append(f"Constructs are nested {levels} deep.")
    if states:
        sentences.append(f"Its steps: {_listed([f'{count} {state}' for state, count in states])}.")
    waits = _waits(graph)
    if waits:
        sentences.append(f"It waits for {_listed(waits)}.")
    names = dict.fromkeys(f"${node.name}" for node in graph.nodes if node.name)
    if names:
        sentences.append(f"It binds {_listed(list(names))}.")
    return " ".join(sentences)


def _waits(graph: Graph) -> list[str]:
    waits = []
    for node in graph.nodes:
        config: Mapping[str, object] = config_of(node) or {}
        if node.kind is Kind.SIGNAL:
            waits.append(f"the signal '{member(config, 'signal_name', '?')}'")
        elif node.kind is Kind.WAIT_SCHEDULE:
            waits.append(f"the schedule '{member(config, 'cron_expr', '?')}'")
        elif node.kind is Kind.SLEEP:
            waits.append(full_text(node))
    return list(dict.fromkeys(waits))


def _listed(words: list[str]) -> str:
    more = len(words) - MENTIONED
    return ", ".join(words[:MENTIONED]) + (f" and {more} more" if more > 0 else "")
