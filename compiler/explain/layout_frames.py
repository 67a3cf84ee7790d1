"""Frames: how large a LOOP, JOIN, RACE or IF is, where its parts stand, and the lines inside of it."""

from collections.abc import Iterator

from ..graph import Kind
from .layout_cards import HEADER, tag_box
from .layout_data import lanes_of, lanes_width, tracks_height
from .layout_parts import Box, Chip, Frame, Item, Mark, Point, Text, Wire, width_of
from .layout_tree import Sequence, Unit

GAP = 30  # between units of a sequence: room for an arrow
SIDE = 18  # between a frame and what it holds
BETWEEN = 26  # between branches
BACK = 26  # for a loop's way back
STEM = 20
DROP = 34  # from the fork to a branch: room for an arrow and its label
MERGE = 18
CHOICE = 8  # half the height of the sign at an IF's fork
BAR = 20  # how far a bar reaches beyond the outer branches


def size_sequence(sequence: Sequence) -> None:
    """Sets the size of a sequence whose units have theirs."""
    units = sequence.units
    sequence.left = max(unit.left for unit in units)
    sequence.units_right = max(unit.right for unit in units)
    sequence.right = sequence.units_right + lanes_width(sequence)
    sequence.height = sum(unit.height for unit in units) + GAP * (len(units) - 1)


def size_frame(unit: Unit, least: int) -> None:
    """Sets the size of a frame whose parts have theirs; its header takes `least`."""
    if unit.node.kind is Kind.LOOP:
        _size_loop(unit)
    else:
        _size_fork(unit)
    missing = least - unit.left - unit.right
    if missing > 0:
        unit.left += (missing + 1) // 2
        unit.right += missing // 2


def _size_loop(unit: Unit) -> None:
    parts = unit.parts.values()
    unit.left = max(part.left for part in parts) + SIDE + BACK
    unit.right = max(part.right for part in parts) + SIDE
    unit.fork = HEADER + 12
    y = HEADER + GAP
    for part in parts:
        part.y = y
        y += part.height + GAP
    last = next(reversed(unit.parts.values()))
    tested = "condition" in unit.parts
    unit.merge = y - GAP + (24 if tested else 16)
    if not (unit.parts["body"].ends if not tested else last.ends):
        unit.merge = y - GAP
    unit.height = unit.merge + (26 if tested and last.ends else SIDE)


def _size_fork(unit: Unit) -> None:
    """A fork, branches side by side with their upper edges aligned, and where they meet again."""
    stem, condition = HEADER, unit.parts.get("condition")
    if condition is not None:
        condition.y = HEADER + STEM + 4
        stem = condition.y + condition.height
    unit.fork = stem + STEM + tracks_height(unit.top_tracks)
    branches = unit.branches
    for part in branches:
        part.y = unit.fork + DROP
    _spread(branches)
    for _ in range(8):
        near = _lane_near_axis(branches, unit)
        if near is None:
            break
        near.units_right += 6
        near.right += 6
        _spread(branches)
    unit.left = branches[0].left - branches[0].x + SIDE
    unit.right = branches[-1].right + branches[-1].x + SIDE
    if condition is not None:
        unit.left = max(unit.left, condition.left + SIDE)
        unit.right = max(unit.right, condition.right + SIDE)
    unit.merge = max(part.y + part.height for part in branches) + MERGE
    unit.height = unit.merge + (MERGE if unit.ends else 4) + tracks_height(unit.bottom_tracks)


def _spread(branches: list[Sequence]) -> None:
    """Sets the axes of branches side by side, the frame's own in the middle of the middle ones being 0."""
    axes, x = [], 0
    for part in branches:
        axes.append(x + part.left)
        x += part.left + part.right + BETWEEN
    middle = (axes[(len(axes) - 1) // 2] + axes[len(axes) // 2]) // 2
    for part, at in zip(branches, axes, strict=True):
        part.x = at - middle


def _lane_near_axis(branches: list[Sequence], unit: Unit) -> Sequence | None:
    """A branch with a lane so near to the frame's axis that its line would run along the flow's."""
    room = 7 if unit.node.kind in (Kind.JOIN, Kind.RACE) else CHOICE + 5
    for part in branches:
        lanes = lanes_of(part)
        if lanes and part.x + lanes[0] - room < 0 < part.x + lanes[-1] + room:
            return part
    return None


def place_parts(unit: Unit) -> None:
    """Turns the places of a frame's parts, relative until now, into those of the picture."""
    for part in unit.parts.values():
        part.x += unit.x
        part.y += unit.y


def draw_frame(unit: Unit) -> Iterator[Item]:
    """The frame and its lines. Its parts are drawn afterwards, on top."""
    x, y = unit.x - unit.left, unit.y
    box = Box(x, y, unit.left + unit.right, unit.height)
    tag = tag_box(unit)
    right = box.right - 8
    offset = right - unit.chips[-1].box.right if unit.chips else 0
    chips: tuple[Chip, ...] = tuple(chip.moved(offset, y) for chip in unit.chips)
    texts = tuple(text.moved(x, y) for text in unit.texts)
    yield Frame(
        unit.node,
        unit.order,
        box,
        Box(x, y, box.w, HEADER),
        Box(x + tag.x, y + tag.y, tag.w, tag.h),
        texts,
        chips,
        unit.sequence.level,
        unit.names,
    )
    if unit.node.kind is Kind.LOOP:
        yield from _loop_lines(unit)
    else:
        yield from _fork_lines(unit)


def _loop_lines(unit: Unit) -> Iterator[Item]:
    body, test = unit.parts["body"], unit.parts.get("condition")
    yield Wire(((unit.x, unit.y + HEADER), (unit.x, body.y)), arrow=True)
    if test is not None:
        yield Wire(((unit.x, body.bottom), (unit.x, test.y)), "flow" if body.ends else "dead", arrow=True)
    last = body if test is None else test
    if not last.ends:
        return
    top, turn, left = unit.y + unit.fork, unit.y + unit.merge, unit.x - unit.left + SIDE - 2
    if test is None:
        yield Wire(
            ((unit.x, last.bottom), (unit.x, turn), (left, turn), (left, top), (unit.x, top)), arrow=True
        )
        return
    yield Wire(((unit.x, last.bottom), (unit.x, turn - CHOICE)))
    yield Wire(((unit.x - CHOICE, turn), (left, turn), (left, top), (unit.x, top)), arrow=True)
    yield Wire(((unit.x, turn + CHOICE), (unit.x, unit.y + unit.height)))
    yield Mark("choice", unit.x, turn)
    yield Text(unit.x - 14 - width_of("true", "label"), turn - 5, "true", "label")
    yield Text(unit.x + 7, turn + 19, "false", "label")


def _fork_lines(unit: Unit) -> Iterator[Item]:
    x, fork = unit.x, unit.y + unit.fork
    condition = unit.parts.get("condition")
    choice = unit.node.kind in (Kind.IF, Kind.IF_ROWS)
    kind = "flow"
    stem = unit.y + HEADER
    if condition is not None:
        yield Wire(((x, stem), (x, condition.y)), arrow=True)
        stem, kind = condition.bottom, "flow" if condition.ends else "dead"
    yield Wire(((x, stem), (x, fork - CHOICE if choice else fork)), kind)
    for number, part in enumerate(unit.branches, 1):
        label = part.role if choice else f"branch {number}"
        yield from _branch_lines(unit, part, label, kind, choice)
    if unit.node.kind is Kind.JOIN:
        yield _bar(unit, fork)
    if choice:
        yield Mark("choice", x, fork)
    if unit.ends:
        merge = unit.y + unit.merge
        if unit.node.kind is Kind.JOIN:
            yield _bar(unit, merge)
        yield Wire(((x, merge), (x, unit.y + unit.height)))


def _branch_lines(unit: Unit, part: Sequence, label: str, kind: str, choice: bool) -> Iterator[Item]:
    """The way into a branch and out of it."""
    fork, merge = unit.y + unit.fork, unit.y + unit.merge
    start = unit.x
    if choice and part.x != unit.x:
        start += CHOICE if part.x > unit.x else -CHOICE
    straight = part.x == unit.x or unit.node.kind is Kind.JOIN
    into: tuple[Point, ...] = ((part.x, fork), (part.x, part.y))
    yield Wire(into if straight else ((start, fork), *into), kind, arrow=True)
    yield Text(part.x + 8, fork + 19, label, "label")
    if part.ends and unit.ends:
        out: tuple[Point, ...] = ((part.x, part.bottom), (part.x, merge))
        yield Wire(out if straight else (*out, (unit.x, merge)))


def _bar(unit: Unit, y: int) -> Wire:
    first, last = unit.branches[0], unit.branches[-1]
    return Wire(((min(first.x, unit.x) - BAR, y), (max(last.x, unit.x) + BAR, y)), "bar")
