"""Forms of the picture as SVG paths: outlines of cards and frames, icons, lines with rounded bends."""

from collections.abc import Sequence

from .layout_cards import SIGNAL_NOTCH
from .layout_parts import Box, Point

ROUND = 8  # radius of a card's corners
BEND = 6  # radius of a line's bends
CHAMFER = 10

# 14 by 14 pixels each: a drum, a globe, an hourglass, a clock, a bell, a door with an arrow out of it.
ICONS = {
    "sql": "M2 3.5c0-3 10-3 10 0v7c0 3-10 3-10 0zc0 3 10 3 10 0M2 7c0 3 10 3 10 0",
    "http": "M7 1a6 6 0 1 0 0 12a6 6 0 1 0 0-12M1 7h12M7 1c-4 3-4 9 0 12c4-3 4-9 0-12",
    "sleep": "M3 1h8M3 13h8M4 1v2.5l3 3.5l3-3.5V1M4 13v-2.5l3-3.5l3 3.5V13",
    "wait": "M7 1a6 6 0 1 0 0 12a6 6 0 1 0 0-12M7 3.5V7l2.5 2",
    "signal": "M2 10.5h10c-1.5-1.5-1.5-3-1.5-4.5a3.5 3.5 0 0 0-7 0c0 1.5 0 3-1.5 4.5zM6 12.8h2",
    "break": "M8 1.5H2v11h6M5.5 7H13M10.5 4.5L13 7l-2.5 2.5",
}


def place(box: Box) -> str:
    return f'x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}"'


def outline(kind: str, box: Box) -> str:
    """The border of a card; its form tells the kind apart from others, beside colour, icon and word."""
    x, y, right, bottom = box.x, box.y, box.right, box.bottom
    if kind in ("sleep", "wait"):
        return f'<rect class="box soft" {place(box)} rx="{min(20, box.h // 2)}"/>'
    if kind == "break":
        c = CHAMFER
        upper = f"M{x + c} {y}H{right - c}L{right} {y + c}V{bottom - c}"
        return f'<path class="box soft" d="{upper}L{right - c} {bottom}H{x + c}L{x} {bottom - c}V{y + c}z"/>'
    if kind == "signal":
        r = ROUND
        upper = f"M{x} {y}H{right - r}Q{right} {y} {right} {y + r}V{bottom - r}Q{right} {bottom} {right - r} {bottom}"
        return f'<path class="box soft" d="{upper}H{x}L{x + SIGNAL_NOTCH} {(y + bottom) // 2}z"/>'
    return f'<rect class="box" {place(box)} rx="{ROUND}"/>'


def stripe(box: Box) -> str:
    """The left edge of a card, rounded as the card is."""
    x, y, bottom, r = box.x, box.y, box.bottom, ROUND
    return f"M{x + 5} {y}V{bottom}Q{x} {bottom} {x} {bottom - r}V{y + r}Q{x} {y} {x + 5} {y}z"


def header(band: Box) -> str:
    """The header of a frame: round above, straight below."""
    x, y, right, bottom = band.x, band.y, band.right, band.bottom
    return f"M{x} {bottom}V{y + 10}Q{x} {y} {x + 10} {y}H{right - 10}Q{right} {y} {right} {y + 10}V{bottom}z"


def border(box: Box, band: Box) -> str:
    """The border of a frame, and the line below its header."""
    x, y, right, bottom = box.x, box.y, box.right, box.bottom
    upper = f"M{x + 10} {y}H{right - 10}Q{right} {y} {right} {y + 10}V{bottom - 10}"
    lower = f"Q{right} {bottom} {right - 10} {bottom}H{x + 10}Q{x} {bottom} {x} {bottom - 10}"
    return f"{upper}{lower}V{y + 10}Q{x} {y} {x + 10} {y}zM{x} {band.bottom}H{right}"


def path(points: Sequence[Point]) -> str:
    """A line with rounded bends."""
    words = [f"M{points[0][0]} {points[0][1]}"]
    for at in range(1, len(points)):
        x, y = points[at]
        if at + 1 == len(points):
            words.append(f"L{x} {y}")
            break
        (px, py), (nx, ny) = points[at - 1], points[at + 1]
        before, after = abs(x - px) + abs(y - py), abs(nx - x) + abs(ny - y)
        r = min(BEND, before // 2, after // 2)
        words.append(f"L{x + _sign(px - x) * r} {y + _sign(py - y) * r}")
        words.append(f"Q{x} {y} {x + _sign(nx - x) * r} {y + _sign(ny - y) * r}")
    return "".join(words)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
