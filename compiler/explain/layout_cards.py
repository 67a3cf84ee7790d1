"""What stands on cards and in headers of frames: words, their places, and so the sizes of both."""

import re
from collections.abc import Mapping
from typing import Any

from ..graph import Graph, Kind, Node
from .fonts import cut_mono, cut_sans, sans, visible, wrap_mono
from .layout_parts import FONTS, Box, Chip, Text, width_of
from .layout_tree import Unit
from .words import config_of, kind_label, member, timeout_of

HEADER = 34  # height of a frame's band
COMPACT = 232  # width of cards that need no line for SQL
LINES = 3  # of SQL on a card that is not full
LINE = 17
PAD = 12
CHIP_HEIGHT = 18
ICON = 14
NAME_ROOM = 176  # for a name in a chip
HEAD_ROOM = 260  # for the words in a header
SIGNAL_NOTCH = 9

_BLANKS = re.compile(r"\s+")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
COMPACT_KINDS = (Kind.SLEEP, Kind.WAIT_SCHEDULE, Kind.BREAK)


def duration(seconds: int) -> str:
    """Seconds as people say them: `1 h 30 min`."""
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def fill_card(unit: Unit, *, full: bool) -> None:
    """Sets the texts, the chips (relative to the upper left corner) and the size of a card."""
    if unit.node.kind in COMPACT_KINDS:
        width, rows = _compact(unit)
    else:
        width, rows = _with_lines(unit, full=full)
    unit.left = unit.right = width // 2
    unit.height = rows


def fill_header(graph: Graph, unit: Unit) -> int:
    """Sets the texts and chips of a frame's header, chips to be placed from the right; gives its least width."""
    tag = "IF" if unit.node.kind is Kind.IF_ROWS else unit.node.kind.value
    start = 10 + 8 + width_of(tag, "tag") + 8 + 8
    words = cut_sans(visible(_BLANKS.sub(" ", _header_words(graph, unit))), 12, HEAD_ROOM)
    unit.texts = (Text(18, 21, tag, "tag"), *((Text(start, 21, words, "head"),) if words else ()))
    width = start + (width_of(words, "head") + 12 if words else 0)
    unit.chips = _chips(unit.names, 0, 8, NAME_ROOM)
    return width + sum(chip.box.w + 6 for chip in unit.chips) + 6


def tag_box(unit: Unit) -> Box:
    """The box of the kind in a header, relative to the frame's corner."""
    return Box(10, 8, width_of(unit.texts[0].text, "tag") + 16, 18)


def _header_words(graph: Graph, unit: Unit) -> str:
    node = unit.node
    match node.kind:
        case Kind.LOOP:
            condition = graph.child(node, "condition")
            if condition is None:
                return "until a BREAK" if unit.ends else "forever"
            simple = condition.kind is Kind.SQL and condition.query
            return (
                f"while {condition.query[:400]}" if simple and condition.query else "while the test is true"
            )
        case Kind.JOIN:
            return f"{len(unit.parts)} branches: all"
        case Kind.RACE:
            return f"{len(unit.parts)} branches: first wins"
        case Kind.IF_ROWS:
            tail = " has rows"
            name = "$" + _BLANKS.sub(" ", member(config_of(node) or {}, "result_name", "?"))
            return cut_sans(visible(name), 12, HEAD_ROOM - sans(tail, 12)) + tail
        case _:
            return ""


def _chips(names: tuple[str, ...], right: int, y: int, room: int) -> tuple[Chip, ...]:
    """Chips that end at `right`, the first name leftmost."""
    chips: list[Chip] = []
    for name in reversed(names):
        text = cut_mono(f"⇒ ${visible(name)}", FONTS["chip"][0], room)
        width = width_of(text, "chip") + 14
        chips.append(
            Chip(Box(right - width, y, width, CHIP_HEIGHT), Text(right - width + 7, y + 13, text, "chip"))
        )
        right -= width + 6
    return tuple(reversed(chips))


def _with_lines(unit: Unit, *, full: bool) -> tuple[int, int]:
    """Width and height of a card that has lines below its kind."""
    node, width = unit.node, unit.card_width
    left = PAD + (SIGNAL_NOTCH if node.kind is Kind.SIGNAL else 0)
    kind = kind_words(node)
    texts = [Text(left + ICON + 6, 22, kind, "kind")]
    lines, role, note = _lines(node, width - left - PAD, full=full)
    y = 42
    for line in lines:
        texts.append(Text(left, y, line, role))
        y += LINE
    if note:
        texts.append(Text(left, y, cut_sans(note, 11, width - left - PAD), "note"))
        y += LINE
    y = _foot(unit, texts, left, y, width)
    unit.chips, y = _place_chips(unit, left + ICON + 6 + width_of(kind, "kind") + 10, y, width)
    unit.texts = tuple(texts)
    return width, y - LINE + PAD


def _compact(unit: Unit) -> tuple[int, int]:
    """Width and height of a card whose words stand in one row where they fit."""
    node, width = unit.node, COMPACT
    kind = kind_words(node)
    value, note = _compact_words(node)
    value = visible(_BLANKS.sub(" ", value))
    texts = [Text(34, 23, kind, "kind")]
    x, y = 34 + width_of(kind, "kind") + 8, 40
    room = width - 34 - 18
    if width_of(value[:100], "strong") <= width - x - 18:
        if value:
            texts.append(Text(x, 23, value, "strong"))
            x += width_of(value, "strong") + 8
    else:
        for line in wrap_mono(value, 12, room, 2):
            texts.append(Text(34, y, line, "strong"))
            y += LINE
    if note and y == 40 and x + width_of(note, "note") <= width - 18:
        texts.append(Text(x, 23, note, "note"))
    elif note:
        texts.append(Text(34, y, cut_sans(note, 11, room), "note"))
        y += LINE
    y = _foot(unit, texts, 34, y, width - 8)
    unit.chips, y = _place_chips(unit, width, y, width - 8)
    unit.texts = tuple(texts)
    return width, y - LINE + PAD + 1


def _foot(unit: Unit, texts: list[Text], left: int, y: int, width: int) -> int:
    """Adds the line that says which results a step uses, where neither a short line nor its text does."""
    shown = " ".join(text.text for text in texts)
    names = [name for name in unit.inputs if not re.search(rf"\${re.escape(name)}(?![A-Za-z0-9_])", shown)]
    if not names:
        return y
    words = "uses " + ", ".join(f"${visible(name)}" for name in names)
    words = cut_sans(words, FONTS["label"][0], width - left - PAD)
    texts.append(Text(width - PAD - width_of(words, "label"), y, words, "label"))
    return y + LINE


def _place_chips(unit: Unit, left: int, y: int, width: int) -> tuple[tuple[Chip, ...], int]:
    """Chips in the first row if they fit there, else one row each below."""
    chips = _chips(unit.names, width - PAD + 2, 8, min(NAME_ROOM, width - 2 * PAD))
    if not chips or chips[0].box.x >= left:
        return chips, y
    rows: list[Chip] = []
    for chip in chips:
        right = chip.box.right
        rows.append(chip.moved(width - PAD + 2 - right, y - 13 - chip.box.y))
        y += CHIP_HEIGHT + 4
    return tuple(rows), y + 1


def kind_words(node: Node) -> str:
    """The kind as a card shows it."""
    if node.kind is Kind.WAIT_SCHEDULE:
        return "WAIT"
    if node.kind in (Kind.HTTP, Kind.HTTP_MULTIPART):
        method = visible(member(config_of(node) or {}, "method", "POST"))[:10]
        return f"HTTP {method}" + (" MULTIPART" if node.kind is Kind.HTTP_MULTIPART else "")
    return kind_label(node)


def _compact_words(node: Node) -> tuple[str, str]:
    """(value, note) of a SLEEP, WAIT or BREAK."""
    config = config_of(node) or {}
    if node.kind is Kind.WAIT_SCHEDULE:
        return member(config, "cron_expr", "?"), "UTC"
    if node.kind is Kind.BREAK:
        value = config.get("break_value")
        return ("", "leaves the loop") if not isinstance(value, str) else (f"'{value}'", "")
    query = node.query or "?"
    if not (query.isascii() and query.isdigit() and len(query) < 16):
        return query[:400], ""
    spoken = duration(int(query))
    raw = f"{int(query)} s"
    return spoken, "" if spoken == raw else raw


def _lines(node: Node, width: int, *, full: bool) -> tuple[list[str], str, str]:
    """(lines, their role, note below) of a card with SQL, a request or a signal."""
    config = config_of(node) or {}
    most = None if full else LINES
    if node.kind is Kind.SIGNAL:
        name = _BLANKS.sub(" ", member(config, "signal_name", "?"))
        return wrap_mono(visible(name), 12, width, 1), "strong", _signal_note(config)
    if node.kind is Kind.SQL:
        text = "?" if node.query is None else node.query
        if full:
            return _whole(text, width), "sql", ""
        return wrap_mono(visible(_BLANKS.sub(" ", text[:4000]).strip()), 12, width, most), "sql", ""
    url = member(config, "url", "?").removeprefix("https://")
    return wrap_mono(visible(_BLANKS.sub(" ", url)), 12, width, most), "sql", _request_note(config)


def _whole(text: str, width: int) -> list[str]:
    """Every line of a text, wrapped."""
    lines = text.replace("\r\n", "\n").expandtabs(4).strip("\n").split("\n")
    return [piece for line in lines for piece in wrap_mono(visible(line.rstrip()), 12, width)]


def _signal_note(config: Mapping[str, Any]) -> str:
    seconds = timeout_of(config)
    if seconds is None:
        return "waits without a limit"
    return f"waits at most {duration(seconds) if seconds >= 0 else f'{seconds} s'}"


def _request_note(config: Mapping[str, Any]) -> str:
    seconds, parts = timeout_of(config), config.get("parts")
    notes = []
    if isinstance(parts, list):
        notes.append("1 part" if len(parts) == 1 else f"{len(parts)} parts")
    if seconds is not None and seconds > 0 and seconds != 30:  # 30 is what df.http does by itself
        notes.append(f"at most {duration(seconds)}")
    return ", ".join(notes)
