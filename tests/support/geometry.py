"""What may be wrong with a picture: reads a layout and names every fault it finds."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from dfsql.compiler.explain.layout_parts import Box, Card, DataLine, Frame, Layout, Mark, Point, Text, Wire
from dfsql.compiler.graph import Graph, Kind

Segment = tuple[Point, Point]


def faults(graph: Graph, layout: Layout) -> list[str]:
    """Every overlap, crossing, stray label or misplaced line of a picture."""
    return [
        *_boxes(graph, layout),
        *_texts(layout),
        *_control(layout),
        *_data(layout),
        *_bounds(layout),
    ]


def cards(layout: Layout) -> list[Card]:
    return [item for item in layout.items if isinstance(item, Card)]


def frames(layout: Layout) -> list[Frame]:
    return [item for item in layout.items if isinstance(item, Frame)]


def wires(layout: Layout) -> list[Wire]:
    return [item for item in layout.items if isinstance(item, Wire)]


def data_lines(layout: Layout) -> list[DataLine]:
    return [item for item in layout.items if isinstance(item, DataLine)]


def labels(layout: Layout) -> list[Text]:
    return [item for item in layout.items if isinstance(item, Text)]


def through(segment: Segment, box: Box) -> bool:
    """Whether a segment runs through the inside of a box."""
    (x1, y1), (x2, y2) = segment
    return (
        min(x1, x2) < box.right and max(x1, x2) > box.x and min(y1, y2) < box.bottom and max(y1, y2) > box.y
    )


def cross(a: Segment, b: Segment) -> bool:
    """Whether two segments cross in the inside of both."""
    (ax, ay), (bx, by) = a
    (cx, cy), (dx, dy) = b
    if (ax == bx) == (cx == dx):
        return False
    if ax != bx:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (cx, cy), (dx, dy), (ax, ay), (bx, by)
    return min(cx, dx) < ax < max(cx, dx) and min(ay, by) < cy < max(ay, by)


def run_along(a: Segment, b: Segment) -> bool:
    """Whether two segments share more than a point."""
    for axis in (0, 1):
        across = 1 - axis
        if a[0][across] == a[1][across] == b[0][across] == b[1][across]:
            low = max(min(a[0][axis], a[1][axis]), min(b[0][axis], b[1][axis]))
            high = min(max(a[0][axis], a[1][axis]), max(b[0][axis], b[1][axis]))
            if low < high:
                return True
    return False


def _boxes(graph: Graph, layout: Layout) -> Iterator[str]:
    for a, b in combinations(cards(layout), 2):
        if a.box.overlaps(b.box):
            yield f"cards {a.node.id} and {b.node.id} overlap"
    around: dict[int, set[str]] = {}
    for node in graph.nodes:
        above = graph.parent(node)
        inside = set() if above is None else set(around[above.index])
        if above is not None and above.kind is not Kind.THEN:
            inside.add(above.id)
        around[node.index] = inside
    for frame in frames(layout):
        room = Box(frame.box.x, frame.band.bottom, frame.box.w, frame.box.h - frame.band.h)
        for item in layout.items:
            if not isinstance(item, Card | Frame) or item is frame:
                continue
            if frame.node.id in around[item.node.index]:
                if not room.holds(item.box):
                    yield f"{item.node.id} is not inside of {frame.node.id}"
            elif item.node.id not in around[frame.node.index] and item.box.overlaps(frame.box):
                yield f"{item.node.id} overlaps {frame.node.id}"


def _texts(layout: Layout) -> Iterator[str]:
    for item in layout.items:
        if not isinstance(item, Card | Frame):
            continue
        room = item.box if isinstance(item, Card) else item.band
        boxes = [text.box for text in item.texts] + [chip.box for chip in item.chips]
        for box in boxes:
            if not room.holds(box):
                yield f"{item.node.id}: {box} leaves {room}"
        for a, b in combinations(boxes, 2):
            if a.overlaps(b):
                yield f"{item.node.id}: {a} and {b} overlap"
        for chip in item.chips:
            if not chip.box.holds(chip.text.box):
                yield f"{item.node.id}: the name leaves its chip"
        if isinstance(item, Frame) and not item.tag.holds(item.texts[0].box):
            yield f"{item.node.id}: the kind leaves its tag"
    for a_text, b_text in combinations(labels(layout), 2):
        if a_text.box.overlaps(b_text.box):
            yield f"labels {a_text} and {b_text} overlap"
    for text in labels(layout):
        yield from (f"{text} lies on {card.node.id}" for card in cards(layout) if card.box.overlaps(text.box))
        yield from (
            f"{text} lies on {frame.node.id}" for frame in frames(layout) if frame.band.overlaps(text.box)
        )


def _control(layout: Layout) -> Iterator[str]:
    lines = wires(layout)
    for a, b in combinations(lines, 2):
        together = {a.points[0], a.points[-1]} & {b.points[0], b.points[-1]} or "bar" in (a.kind, b.kind)
        fork = _bends_at(a, b)
        for first in pairwise(a.points):
            for second in pairwise(b.points):
                if cross(first, second) and not fork:
                    yield f"control lines {first} and {second} cross"
                if run_along(first, second) and not (together or fork):
                    yield f"control lines {first} and {second} run along each other"
    yield from _obstacles([wire.points for wire in lines], layout, "control")


def _bends_at(a: Wire, b: Wire) -> bool:
    """Whether two lines are ways of one fork or meeting: they start, or end, on one horizontal line."""
    return len(a.points) == len(b.points) == 3 and (
        (a.points[0][1] == a.points[1][1] == b.points[0][1] == b.points[1][1])
        or (a.points[-1] == b.points[-1])
    )


def _obstacles(lines: Sequence[Sequence[Point]], layout: Layout, sort: str) -> Iterator[str]:
    for points in lines:
        for segment in pairwise(points):
            if segment[0][0] != segment[1][0] and segment[0][1] != segment[1][1]:
                yield f"{sort} line {segment} is not straight"
            for card in cards(layout):
                if through(segment, card.box):
                    yield f"{sort} line {segment} runs through {card.node.id}"
            for frame in frames(layout):
                if sort == "control" and through(segment, frame.band):
                    yield f"control line {segment} runs through the header of {frame.node.id}"
                for part in (*frame.texts, *(chip.text for chip in frame.chips)):
                    if through(segment, part.box):
                        yield f"{sort} line {segment} runs through the header of {frame.node.id}"
            for text in labels(layout):
                if through(segment, text.box):
                    yield f"{sort} line {segment} runs through {text}"


def _data(layout: Layout) -> Iterator[str]:
    lines = data_lines(layout)
    yield from _obstacles([line.points for line in lines], layout, "data")
    for a, b in combinations(lines, 2):
        if a.source.id != b.source.id:
            for first in pairwise(a.points):
                for second in pairwise(b.points):
                    if run_along(first, second):
                        yield f"data lines {first} and {second} run along each other"
    boxes = {item.node.id: item.box for item in layout.items if isinstance(item, Card | Frame)}
    for at, line in enumerate(lines):
        (x, y), (end_x, end_y) = line.points[0], line.points[-1]
        source, target = boxes[line.source.id], boxes[line.target.id]
        before = [
            seg for other in lines[:at] if other.source.id == line.source.id for seg in pairwise(other.points)
        ]
        starts = x == source.right and source.y <= y <= source.bottom
        if not starts and not any(_on((x, y), segment) for segment in before):
            yield f"the data line to {line.target.id} begins nowhere"
        if end_x != target.right or not target.y <= end_y <= target.bottom:
            yield f"the data line to {line.target.id} ends elsewhere"


def _on(point: Point, segment: Segment) -> bool:
    (x1, y1), (x2, y2) = segment
    return min(x1, x2) <= point[0] <= max(x1, x2) and min(y1, y2) <= point[1] <= max(y1, y2)


def _bounds(layout: Layout) -> Iterator[str]:
    for item in layout.items:
        if isinstance(item, Card | Frame) and not layout.box.holds(item.box):
            yield f"{item.node.id} leaves the picture"
        if isinstance(item, Text) and not layout.box.holds(item.box):
            yield f"{item} leaves the picture"
        points: Sequence[Point] = ()
        if isinstance(item, Wire | DataLine):
            points = item.points
        elif isinstance(item, Mark):
            points = ((item.x - 8, item.y - 8), (item.x + 8, item.y + 8))
        box = layout.box
        for x, y in points:
            if not (box.x < x < box.right and box.y < y < box.bottom):
                yield f"{item} leaves the picture"
