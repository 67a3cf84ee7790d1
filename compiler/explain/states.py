"""The state of the steps of a started workflow, as pictures show it: badges, a legend, and words."""

from collections import Counter
from collections.abc import Iterator, Mapping

from ..graph import Graph, Kind
from .layout_parts import Box, width_of

# In the order of the legend.
STATES = ("completed", "running", "failed", "pending", "skipped")
# Drawn from the middle of the badge: a tick, an hourglass, a cross, nothing, a stroke through it.
_GLYPHS = {
    "completed": (-4, 0, "l3 3l5 -6"),
    "running": (-3, -4, "h6l-6 8h6z"),
    "failed": (-3, -3, "l6 6m0 -6l-6 6"),
    "skipped": (-5, 5, "l10 -10"),
}
RADIUS = 9
_LEGEND_GAP = 18
LEGEND_HEIGHT = 34


def shown_states(graph: Graph, statuses: Mapping[str, str]) -> dict[str, str]:
    """The states of what is drawn: sequences are not, and words that are no state count as pending."""
    return {
        node.id: status if status in STATES else "pending"
        for node in graph.nodes
        if node.kind is not Kind.THEN and (status := statuses.get(node.id)) is not None
    }


def counted(states: Mapping[str, str]) -> list[tuple[str, int]]:
    """How many steps are in which state, without those that none is in."""
    counts = Counter(states.values())
    return [(state, counts[state]) for state in STATES if counts[state]]


def badge(box: Box, state: str) -> Iterator[str]:
    """The sign on the upper right corner of a step; its form says the same as its colour."""
    yield from _sign(box.right - 2, box.y + 2, state)


def legend_width(states: Mapping[str, str]) -> int:
    """The room that the legend takes."""
    return sum(2 * RADIUS + 5 + width_of(words, "label") + _LEGEND_GAP for _, words in _entries(states))


def legend(x: int, y: int, states: Mapping[str, str]) -> Iterator[str]:
    """One row of badges with words, beginning at a point at mid height."""
    for state, words in _entries(states):
        yield f'<g class="st-{state}">'
        yield from _sign(x + RADIUS, y, state)
        x += 2 * RADIUS + 5
        yield f'<text class="label" x="{x}" y="{y + 4}">{words}</text>'
        yield "</g>"
        x += width_of(words, "label") + _LEGEND_GAP


def _entries(states: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for state, count in counted(states):
        yield state, f"{count} {state}"


def _sign(x: int, y: int, state: str) -> Iterator[str]:
    yield f'<circle class="state" cx="{x}" cy="{y}" r="{RADIUS}"/>'
    glyph = _GLYPHS.get(state)
    if glyph is not None:
        dx, dy, drawing = glyph
        yield f'<path class="glyph" d="M{x + dx} {y + dy}{drawing}"/>'
