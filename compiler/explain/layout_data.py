"""Data edges: from a binding along lanes beside the sequences to the step that uses the name.

First, before sizes are known, every edge gets its tracks: a lane beside each sequence that it runs along,
and a track above or below the branches where it enters or leaves one that has others to its right. An edge
for which there is no room is not drawn; its name stands on the step that uses it instead. Edges get their
tracks in the order in which they become possible, so that a later step takes none from an earlier one.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from ..graph import Graph
from .layout_parts import DataLine, Point
from .layout_tree import Lane, Sequence, Tree, Unit

LANES = 6  # beside one sequence
TRACKS = 3  # above or below the branches of one frame
CARD_ENTRIES, FRAME_ENTRIES = 4, 2  # lines that end at one card, or at a frame's header
CLIMB = 40  # levels between a binding and its use
LONG = 5  # steps from which on the use says the name
LANE_GAP, LANE = 12, 8
TRACK = 6


@dataclass(slots=True)
class Hop:
    """A way into a branch, or out of one: by a lane beside it and a track of its frame."""

    sequence: Sequence
    lane: int
    frame: Unit
    track: int
    above: bool


@dataclass(slots=True)
class Edge:
    """A data edge and, once planned, its way: hops out from the source, the shared lane, hops in."""

    source: Unit
    target: Unit
    names: list[str]
    out: list[Hop] = field(default_factory=list)
    inward: list[Hop] = field(default_factory=list)  # from the target outwards
    shared: Sequence | None = None
    lane: int = -1
    entry: int = 0

    @property
    def later(self) -> int:
        return max(self.source.order, self.target.order)


def plan(graph: Graph, tree: Tree) -> list[Edge]:
    """The edges that are drawn, in drawing order; a step with a long one, or one not drawn, gets its inputs."""
    found: dict[tuple[int, int], Edge] = {}
    for flow in graph.edges:
        if flow.kind != "data" or flow.name is None:
            continue
        source = tree.unit_of[graph.by_id[flow.source].index]
        target = tree.unit_of[graph.by_id[flow.target].index]
        known = found.setdefault((source.order, target.order), Edge(source, target, []))
        if flow.name not in known.names:
            known.names.append(flow.name)
    edges = sorted(found.values(), key=lambda edge: (edge.later, edge.target.order, edge.source.order))
    drawn, named = [], set()
    for edge in edges:
        entries = FRAME_ENTRIES if edge.target.parts else CARD_ENTRIES
        routed = edge.source is not edge.target and edge.target.entries < entries and _route(edge)
        if routed:
            edge.entry = edge.target.entries
            edge.target.entries += 1
            drawn.append(edge)
        if not routed or abs(edge.target.order - edge.source.order) >= LONG or edge.out or edge.inward:
            named.add(edge.target.order)
    for edge in edges:
        if edge.target.order in named:
            edge.target.inputs += [name for name in edge.names if name not in edge.target.inputs]
    return drawn


def _route(edge: Edge) -> bool:
    """Finds the tracks of an edge and takes them; False, and nothing taken, where there is no room."""
    ways = _climb(edge.source, edge.target)
    if ways is None:
        return False
    shared, out, inward = ways
    claims: list[tuple[Sequence, int, int]] = []
    hops: list[Hop] = []
    start = _claim_hops(edge, out, 2 * edge.source.order, False, claims, hops)
    edge.out, hops = hops, []
    end = _claim_hops(edge, inward, 2 * edge.target.order, True, claims, hops)
    edge.inward = hops
    claims.append((shared, min(start, end), max(start, end)))
    lanes = [_free_lane(sequence, edge.source, low, high) for sequence, low, high in claims]
    full = any(hop.track >= TRACKS for hop in (*edge.out, *edge.inward))
    if full or any(lane >= LANES for lane in lanes):
        edge.out, edge.inward = [], []
        return False
    for (sequence, low, high), lane in zip(claims, lanes, strict=True):
        _take(sequence, lane, edge.source, low, high)
    for hop, lane in zip((*edge.out, *edge.inward), lanes, strict=False):
        hop.lane = lane
        tracks = hop.frame.top_tracks if hop.above else hop.frame.bottom_tracks
        if edge.source not in tracks:
            tracks.append(edge.source)
    edge.shared, edge.lane = shared, lanes[-1]
    return True


def _climb(source: Unit, target: Unit) -> tuple[Sequence, list[Sequence], list[Sequence]] | None:
    """The innermost sequence around both, and the inner ones of each; None when they are too far apart."""
    a, b = source.sequence, target.sequence
    out: list[Sequence] = []
    inward: list[Sequence] = []
    while a is not b:
        if len(out) + len(inward) > CLIMB:
            return None
        if a.level >= b.level:
            out.append(a)
            assert a.owner is not None
            a = a.owner.sequence
        else:
            inward.append(b)
            assert b.owner is not None
            b = b.owner.sequence
    return a, out, inward


def _claim_hops(
    edge: Edge,
    inner: list[Sequence],
    place: int,
    above: bool,
    claims: list[tuple[Sequence, int, int]],
    hops: list[Hop],
) -> int:
    """Adds the hops through inner sequences, from the inside; gives the place on the lane outside."""
    for sequence in inner:
        frame = sequence.owner
        if sequence.outermost or frame is None:
            continue  # nothing stands to the right: the line goes straight through
        if above:
            first = min(unit.order for part in frame.branches for unit in part.units[:1])
            outside, tracks = 2 * first - 1, frame.top_tracks
        else:
            outside, tracks = 2 * frame.last_order + 1, frame.bottom_tracks
        claims.append((sequence, min(place, outside), max(place, outside)))
        known = edge.source in tracks
        hops.append(Hop(sequence, 0, frame, tracks.index(edge.source) if known else len(tracks), above))
        place = outside
    return place


def _free_lane(sequence: Sequence, owner: Unit, low: int, high: int) -> int:
    """The first lane on which nobody else is between two places."""
    for number, lane in enumerate(sequence.lanes):
        if lane.owner is owner:
            if lane.before < min(low, lane.start):
                return number
        elif lane.end < low:
            return number
    return len(sequence.lanes)


def _take(sequence: Sequence, number: int, owner: Unit, low: int, high: int) -> None:
    if number == len(sequence.lanes):
        sequence.lanes.append(Lane(owner, low, high, -1))
        return
    lane = sequence.lanes[number]
    if lane.owner is owner:
        lane.start, lane.end = min(low, lane.start), max(high, lane.end)
    else:
        sequence.lanes[number] = Lane(owner, low, high, lane.end)


def lanes_width(sequence: Sequence) -> int:
    """The room that the lanes of a sequence take beside its units."""
    return LANE_GAP + LANE * len(sequence.lanes) if sequence.lanes else 0


def lanes_of(sequence: Sequence) -> list[int]:
    """Where the lanes of a sequence are, from its axis."""
    return [sequence.units_right + LANE_GAP + LANE * number for number in range(len(sequence.lanes))]


def tracks_height(tracks: list[Unit]) -> int:
    """What a stem must be longer for its tracks; it has room for two as it is."""
    return TRACK * max(0, len(tracks) - 2)


Coverage = dict[tuple[bool, int], list[tuple[int, int]]]


class Pen:
    """Draws edges, each only from where no earlier one with the same source has been."""

    def __init__(self) -> None:
        self.drawn: dict[int, Coverage] = {}  # by the order of the source

    def line(self, edge: Edge) -> DataLine:
        """The line of an edge whose units have their places."""
        covered = self.drawn.setdefault(edge.source.order, {})
        points = _new_part(_points(edge), covered)
        for a, b in pairwise(points):
            upright = a[0] == b[0]
            key = (upright, a[0] if upright else a[1])
            low, high = sorted((a[1], b[1]) if upright else (a[0], b[0]))
            covered.setdefault(key, []).append((low, high))
        return DataLine(tuple(points), edge.source.node, edge.target.node, tuple(edge.names))


def _points(edge: Edge) -> list[Point]:
    """The corners of an edge, from the binding to the use."""
    assert edge.shared is not None
    source, target = edge.source, edge.target
    y = source.y + (source.chips[-1].box.y + source.chips[-1].box.h // 2 if source.chips else 17)
    points = [(source.x + source.right, y)]
    for hop in edge.out:
        x, y = _lane_x(hop.sequence, hop.lane), _track_y(hop)
        points += [(x, points[-1][1]), (x, y)]
    back = [(target.x + target.right, _entry_y(edge))]
    for hop in edge.inward:
        x, y = _lane_x(hop.sequence, hop.lane), _track_y(hop)
        back += [(x, back[-1][1]), (x, y)]
    x = _lane_x(edge.shared, edge.lane)
    points += [(x, points[-1][1]), (x, back[-1][1]), *reversed(back)]
    return points


def _entry_y(edge: Edge) -> int:
    """Where a line ends at a card: from below, each entry above the one before."""
    target = edge.target
    if target.parts:
        return target.y + 24 + 5 * edge.entry
    step = min(8, max(1, (target.height - 36) // 4))
    return target.y + target.height - 15 - step * edge.entry


def _lane_x(sequence: Sequence, lane: int) -> int:
    return sequence.x + lanes_of(sequence)[lane]


def _track_y(hop: Hop) -> int:
    frame = hop.frame
    if hop.above:
        stem = frame.fork - 20 - tracks_height(frame.top_tracks)
        return frame.y + stem + TRACK * (hop.track + 1) - 2
    return frame.y + frame.merge + TRACK * (hop.track + 1)


def _new_part(points: list[Point], covered: Coverage) -> list[Point]:
    """The end of a line, from the last place that is already drawn."""
    for at in range(len(points) - 1, 0, -1):
        a, b = points[at - 1], points[at]
        upright = a[0] == b[0]
        axis = 1 if upright else 0
        low, high = sorted((a[axis], b[axis]))
        meets = [
            min(max(b[axis], start), end)
            for start, end in covered.get((upright, b[1 - axis]), [])
            if start <= high and end >= low
        ]
        if meets:
            nearest = min(meets, key=lambda value: (abs(value - b[axis]), value))
            joint = (b[0], nearest) if upright else (nearest, b[1])
            return [joint, *points[at:]] if joint != b else points[at:]
    return points
