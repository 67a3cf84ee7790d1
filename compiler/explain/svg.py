"""The picture as SVG: one element per line, the same bytes for the same workflow everywhere.

It names no font file, runs no script and needs nothing from outside, so it works in `<img>`. Everything
stands in the order of execution, so a change of a step alters its own lines and those behind them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...grammar import Finding
from ..graph import Graph, Kind
from . import states
from .layout import MARGIN, lay_out
from .layout_parts import Box, Card, Chip, DataLine, Frame, Item, Layout, Mark, Text, Wire
from .svg_shapes import ICONS, border, header, outline, path, place, stripe
from .svg_text import description, escaped, marked, step_title, uses_by_step
from .theme import style_sheet


@dataclass(slots=True)
class _Context:
    """What the writer knows beside the layout."""

    uses: dict[str, list[str]]
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    dim: frozenset[str] = frozenset()
    states: Mapping[str, str] = field(default_factory=dict)


def render(
    graph: Graph,
    *,
    title: str | None = None,
    full: bool = False,
    findings: Sequence[Finding] = (),
    dim: frozenset[str] = frozenset(),
    statuses: Mapping[str, str] | None = None,
) -> str:
    """The workflow as an SVG document.

    `title` replaces the workflow's name as the heading. `full` shows all SQL uncut. Steps that `findings`
    are about get a badge, and those whose ids are in `dim` are drawn faintly.
    `statuses` (step id -> state) puts a badge on every step, and a legend below.
    """
    heading = title or graph.name or graph.label
    layout = lay_out(graph, title=heading, full=full)
    shown = states.shown_states(graph, statuses or {})
    context = _Context(uses_by_step(graph), findings_by_step(graph, findings), dim, shown)
    x, y = layout.box.x + MARGIN, layout.box.bottom - MARGIN // 2
    if shown:
        layout.box = _with_legend(layout.box, shown)
    lines = [*_head(graph, layout, heading or "Workflow", shown)]
    for item in layout.items:
        lines.extend(_item(item, context))
    lines.extend(states.legend(x, y + states.RADIUS, shown))
    lines.append("</svg>\n")
    return "\n".join(lines)


def findings_by_step(graph: Graph, findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings about this workflow by the id of the step that shows them: a sequence's last one for it."""
    by_step: dict[str, list[Finding]] = {}
    for found in findings:
        node = graph.by_id.get(found.node or "")
        if node is None or found.workflow not in (None, graph.name):
            continue
        while node.kind is Kind.THEN:
            node = graph.nodes[node.children["second"]]
        by_step.setdefault(node.id, []).append(found)
    return by_step


def _with_legend(box: Box, shown: Mapping[str, str]) -> Box:
    """The room of a picture and its legend below."""
    width = max(box.w, states.legend_width(shown) + 2 * MARGIN)
    return Box(box.x, box.y, width, box.h + states.LEGEND_HEIGHT)


def _head(graph: Graph, layout: Layout, heading: str, shown: Mapping[str, str]) -> Iterator[str]:
    box = layout.box
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="dfsql" width="{box.w}" height="{box.h}"'
        f' viewBox="{box.x} {box.y} {box.w} {box.h}" role="graphics-document document"'
        ' aria-roledescription="workflow" aria-labelledby="df-title" aria-describedby="df-desc">'
    )
    yield f'<title id="df-title">{escaped(" ".join(heading.split()))}</title>'
    yield f'<desc id="df-desc">{escaped(description(graph, layout, states.counted(shown)))}</desc>'
    yield f"<style>\n{style_sheet(states=bool(shown))}</style>"
    yield "<defs>"
    for name, drawing in ICONS.items():
        yield f'<path id="df-{name}" d="{drawing}"/>'
    for name, size in (("flow", 9), ("data", 7)):
        yield (
            f'<marker id="df-to-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}"'
            f' markerHeight="{size}" markerUnits="userSpaceOnUse" orient="auto">'
        )
        yield f'<path class="head-{name}" d="M0 1L10 5L0 9z"/>'
        yield "</marker>"
    yield "</defs>"
    yield f'<rect class="canvas" x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}"/>'


def _item(item: Item, context: _Context) -> Iterator[str]:
    match item:
        case Card():
            yield from _card(item, context)
        case Frame():
            yield from _frame(item, context)
        case Wire():
            kind = "wire" if item.kind == "flow" else f"wire {item.kind}"
            arrow = ' marker-end="url(#df-to-flow)"' if item.arrow else ""
            yield f'<path class="{kind}" d="{path(item.points)}"{arrow}/>'
        case DataLine():
            names = ", ".join(f"${name}" for name in item.names)
            yield f'<g class="lines" data-from="{escaped(item.source.id)}" data-to="{escaped(item.target.id)}">'
            yield f"<title>{escaped(names)}, from {escaped(item.source.id)} to {escaped(item.target.id)}</title>"
            yield f'<path class="data" d="{path(item.points)}" marker-end="url(#df-to-data)"/>'
            yield "</g>"
        case Mark():
            yield from _mark(item)
        case Text():
            yield _text(item)


def _card(card: Card, context: _Context) -> Iterator[str]:
    kind, x, y = card.icon
    yield from _open(card, kind, context)
    yield outline(kind, card.box)
    if kind in ("sql", "http"):
        yield f'<path class="stripe" d="{stripe(card.box)}"/>'
    yield f'<use class="icon" href="#df-{kind}" x="{x}" y="{y}"/>'
    yield from map(_text, card.texts)
    for chip in card.chips:
        yield from _chip(chip)
    yield from _signs(card, context)
    yield "</g>"


def _frame(frame: Frame, context: _Context) -> Iterator[str]:
    kind = "if" if frame.node.kind.value == "IF_ROWS" else frame.node.kind.value.lower()
    yield from _open(frame, kind, context)
    box, band = frame.box, frame.band
    odd = "" if frame.level % 2 else " odd"
    yield f'<rect class="inside{odd}" {place(box)} rx="10"/>'
    yield f'<path class="band" d="{header(band)}"/>'
    yield f'<path class="frame" d="{border(box, band)}"/>'
    yield f'<rect class="stripe" {place(frame.tag)} rx="4"/>'
    yield from map(_text, frame.texts)
    for chip in frame.chips:
        yield from _chip(chip)
    yield from _signs(frame, context)
    yield "</g>"


def _open(item: Card | Frame, kind: str, context: _Context) -> Iterator[str]:
    node = item.node
    state = context.states.get(node.id)
    more = (" dim" if node.id in context.dim else "") + (f" st-{state}" if state else "")
    yield f'<g id="df-n-{escaped(node.id)}" class="step k-{kind}{more}" data-id="{escaped(node.id)}">'
    found = context.findings.get(node.id, ())
    yield f"<title>{escaped(step_title(item, context.uses.get(node.id, ()), found, state))}</title>"


def _signs(item: Card | Frame, context: _Context) -> Iterator[str]:
    """What stands on the corners: findings on the left, the state on the right."""
    yield from _badge(item.box, context.findings.get(item.node.id, ()))
    state = context.states.get(item.node.id)
    if state is not None:
        yield from states.badge(item.box, state)


def _text(text: Text) -> str:
    words = marked(text.text) if text.role in ("sql", "strong") else escaped(text.text)
    return f'<text class="{text.role}" x="{text.x}" y="{text.y}">{words}</text>'


def _chip(chip: Chip) -> Iterator[str]:
    yield f'<rect class="chipbox" {place(chip.box)} rx="9"/>'
    yield _text(chip.text)


def _mark(mark: Mark) -> Iterator[str]:
    x, y = mark.x, mark.y
    if mark.kind == "choice":
        yield f'<path class="mark" d="M{x - 8} {y}L{x} {y - 8}L{x + 8} {y}L{x} {y + 8}z"/>'
    elif mark.kind == "start":
        yield f'<circle class="mark solid" cx="{x}" cy="{y}" r="6"/>'
    else:
        yield f'<circle class="mark" cx="{x}" cy="{y}" r="6"/>'
        yield f'<circle class="solid" cx="{x}" cy="{y}" r="3"/>'


def _badge(box: Box, findings: Sequence[Finding]) -> Iterator[str]:
    """A sign on the upper left corner: its shape and letter say how bad the worst finding is."""
    if not findings:
        return
    worst = max(findings, key=lambda found: found.severity.rank).severity.value
    x, y = box.x + 2, box.y + 2
    if worst == "warning":
        yield f'<path class="{worst}" d="M{x} {y - 11}L{x + 11} {y + 8}L{x - 11} {y + 8}z"/>'
    else:
        yield f'<circle class="{worst}" cx="{x}" cy="{y}" r="9"/>'
    yield f'<text class="badge" x="{x - 2}" y="{y + 5}">{"i" if worst == "info" else "!"}</text>'
