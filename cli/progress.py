"""How a run goes, on standard error: the tree, painted again and again on a terminal, or a line for each change."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from .console import say, show, wants_color

if TYPE_CHECKING:
    from ..runtime import Connections, Instance, LiveGraph

EVERY = 0.15  # seconds between two looks at the steps
QUIETLY = 1.0  # the same where only waits are told
_COLOURS = {"✓": "32", "✗": "31", "⏳": "33", "○": "2", "⊘": "2"}
_TOLD = frozenset({"running", "completed", "failed", "skipped"})


def progress(watch: bool | None) -> "Progress":
    """The kind that was asked for; None: the tree where there is a terminal, else next to nothing."""
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if watch is None:
        watch = terminal
    if not watch:
        return Progress()
    return Tree() if terminal else Lines()


class Progress:
    """Says only what a person has to know: what started, and which signal is waited for."""

    every = QUIETLY

    def __init__(self) -> None:
        self.live: LiveGraph | None = None
        self._due = time.monotonic() + self.every
        self._waits: set[str] = set()

    def show(self, instance: "Instance", connections: "Connections") -> None:
        """Shows an instance as it is now."""
        if time.monotonic() < self._due and not instance.has_ended:
            return
        live = self._read(instance, connections)
        if live is not None:
            self.paint(instance, live)
            for name in _awaited(live):
                if name not in self._waits and not instance.has_ended:
                    self._waits.add(name)
                    self.note(
                        f"it waits for the signal '{name}': dfsql signal {instance.id} {_quoted(name)} '{{}}'"
                    )
        self._due = time.monotonic() + self.every

    def paint(self, instance: "Instance", live: "LiveGraph") -> None:
        """Shows the steps."""

    def note(self, text: str) -> None:
        """Says something in between."""
        say(text)

    def close(self) -> None:
        """Nothing more will be shown."""

    def _read(self, instance: "Instance", connections: "Connections") -> "LiveGraph | None":
        from ..runtime import LiveGraphError, read_live_graph, read_rows

        if self.live is None:
            try:
                self.live = connections.call(lambda connection: read_live_graph(connection, instance.id))
            except LiveGraphError:  # rows made by hand: they can be run, and not be drawn
                return None
        else:
            self.live = self.live.renewed(
                connections.call(lambda connection: read_rows(connection, instance.id))
            )
        return self.live


class Lines(Progress):
    """A line for each step that changes."""

    every = EVERY

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, tuple[object, ...]] = {}
        self._due = 0.0

    def paint(self, instance: "Instance", live: "LiveGraph") -> None:
        from ..compiler import explain_step

        for node, row in zip(live.graph.nodes, live.rows, strict=True):
            state = (row.status, row.updated_at)
            if node.is_leaf and row.status in _TOLD and self._known.get(node.id) != state:
                words = " ".join(explain_step(live.graph, node).split())
                say(f"{row.status:9}  {node.id}  {words}")
            self._known[node.id] = state


class Tree(Progress):
    """The tree of `dfsql explain` with a mark on every step, always in the same place."""

    every = EVERY

    def __init__(self) -> None:
        super().__init__()
        self._due = 0.0
        self._painted: list[str] = []
        self._began = time.monotonic()

    def paint(self, instance: "Instance", live: "LiveGraph") -> None:
        from ..compiler import explain

        size = shutil.get_terminal_size()
        tree = [line.rstrip() for line in explain(live.graph, statuses=live.statuses).split("\n")]
        head = f"{instance.id}  {instance.status}  {_duration(time.monotonic() - self._began)}"
        lines = [head, *_window(tree, size.lines - 3)]
        colour = wants_color(sys.stderr)
        self._replace([_painted(_cut(line, size.columns - 1), colour) for line in lines])

    def note(self, text: str) -> None:
        """The tree stands below everything that is said."""
        before, self._painted = self._painted, []
        show(_erase(before) + f"dfsql: {text}\n" + "".join(f"{line}\n" for line in before))
        self._painted = before

    def _replace(self, lines: list[str]) -> None:
        if lines != self._painted:
            show(_erase(self._painted) + "".join(f"{line}\n" for line in lines))
            self._painted = lines


def _erase(lines: list[str]) -> str:
    return f"\x1b[{len(lines)}A\x1b[J" if lines else ""


def _window(lines: list[str], height: int) -> list[str]:
    """The part around what runs, as high as there is room."""
    height = max(height, 3)
    if len(lines) <= height:
        return lines
    room = height - 2
    at = next((number for number, line in enumerate(lines) if line.endswith("⏳")), 0)
    first = min(max(at - room // 2, 0), len(lines) - room)
    rest = len(lines) - first - room
    return [f"… {first} lines above", *lines[first : first + room], f"… {rest} lines below"]


def _cut(line: str, width: int) -> str:
    """A line as wide as there is room; its mark is kept."""
    if sum(map(_width, line)) <= width:
        return line
    mark = f" {line[-1]}" if line[-1] in _COLOURS else ""
    room = width - 1 - 3 * bool(mark)
    kept = ""
    for char in line:
        room -= _width(char)
        if room < 0:
            break
        kept += char
    return f"{kept}…{mark}"


def _width(char: str) -> int:
    """Columns that a character takes on a terminal."""
    return 2 if east_asian_width(char) in "WF" else 1


def _painted(line: str, colour: bool) -> str:
    paint = _COLOURS.get(line[-1:])
    return f"{line[:-1]}\x1b[{paint}m{line[-1]}\x1b[0m" if colour and paint else line


def _awaited(live: "LiveGraph") -> Iterator[str]:
    """The signals that are being waited for."""
    for node, row in zip(live.graph.nodes, live.rows, strict=True):
        if node.kind.value == "SIGNAL" and row.status == "running":
            name = (node.config or {}).get("signal_name")
            if isinstance(name, str):
                yield name


def _quoted(word: str) -> str:
    from shlex import quote

    return quote(word)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
