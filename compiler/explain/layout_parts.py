"""What a laid out picture is made of: boxes, texts and lines, all in whole pixels.

The axis of the root sequence is x = 0, so a step that is added at the end moves nothing before it.
"""

from dataclasses import dataclass, field
from math import ceil

from ..graph import Node
from .fonts import mono, sans

# role of a text -> (size, fixed-width font, bold); the theme gives each role its colour
FONTS: dict[str, tuple[int, bool, bool]] = {
    "title": (17, False, True),
    "kind": (11, False, True),
    "tag": (11, False, True),
    "head": (12, False, False),
    "label": (11, False, False),
    "note": (11, False, False),
    "sql": (12, True, False),
    "strong": (12, True, True),
    "chip": (11, True, False),
}


def width_of(text: str, role: str) -> int:
    """Width of a text in its role's font, rounded up."""
    size, fixed, bold = FONTS[role]
    return ceil(mono(text, size) if fixed else sans(text, size, bold=bold))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its top left corner."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        return self.x + self.w

    @property
    def bottom(self) -> int:
        return self.y + self.h

    def holds(self, other: "Box") -> bool:
        """Whether another box lies inside of this one; edges may touch."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def overlaps(self, other: "Box") -> bool:
        """Whether the insides of two boxes meet."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; x and y are the start of its base line (its middle for a centred one)."""

    x: int
    y: int
    text: str
    role: str
    centred: bool = False

    @property
    def box(self) -> Box:
        """The room the text takes, by the widths of `fonts`."""
        size, width = FONTS[self.role][0], width_of(self.text, self.role)
        x = self.x - width // 2 if self.centred else self.x
        return Box(x, self.y - size, width, size + 3)

    def moved(self, x: int, y: int) -> "Text":
        return Text(self.x + x, self.y + y, self.text, self.role, self.centred)


@dataclass(frozen=True, slots=True)
class Chip:
    """A bound name in a small rounded box."""

    box: Box
    text: Text

    def moved(self, x: int, y: int) -> "Chip":
        box = self.box
        return Chip(Box(box.x + x, box.y + y, box.w, box.h), self.text.moved(x, y))


Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wire:
    """A line of control flow: `flow`, `dead` (never taken) or `bar` (where branches fork or meet)."""

    points: tuple[Point, ...]
    kind: str = "flow"
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign on the flow: `start`, `end` or `choice`."""

    kind: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class DataLine:
    """The part of a data edge that no earlier line of the same binding has drawn yet."""

    points: tuple[Point, ...]
    source: Node
    target: Node
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A step."""

    node: Node
    number: int  # in the order of execution, from 1
    box: Box
    texts: tuple[Text, ...]
    chips: tuple[Chip, ...]
    icon: tuple[str, int, int]  # name and top left corner
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """A LOOP, JOIN, RACE or IF around its branches."""

    node: Node
    number: int
    box: Box
    band: Box  # the header
    tag: Box  # the box of the kind in the header; the first text stands in it
    texts: tuple[Text, ...]
    chips: tuple[Chip, ...]
    level: int  # frames around this one
    names: tuple[str, ...] = ()


Item = Card | Frame | Wire | Mark | Text | DataLine


@dataclass(slots=True)
class Layout:
    """A picture: things in the order in which they are painted and read, and the room they take."""

    items: list[Item] = field(default_factory=list)
    box: Box = Box(0, 0, 0, 0)
    steps: int = 0  # cards and frames
