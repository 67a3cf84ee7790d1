"""Widths of characters, so that text is cut and wrapped alike on every machine, whatever font it has.

The widths are upper bounds over the fonts that the pictures name. A text that fits by them fits everywhere.
They are whole hundredths of an em: Python's versions do not add floating point numbers alike.
"""

import re
from bisect import bisect_right
from functools import lru_cache

SANS = 'Inter,"Segoe UI","Helvetica Neue",Arial,sans-serif'
MONO = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace'
ELLIPSIS = "…"
LONELY = 6  # a last line shorter than that gets company

MONO_ADVANCE = 62  # the widest of the fixed-width fonts above is SF Mono with 61.6
BOLD = 1.13  # how much wider letters of the bold cut are

# Advance widths of U+0020 to U+007E: the wider of DejaVu Sans and Arial.
_ASCII = (
    *(32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64),
    *(64, 64, 34, 34, 84, 84, 84, 56, 102, 69, 69, 73, 78, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75, 79),
    *(67, 79, 73, 67, 62, 74, 69, 99, 69, 67, 69, 40, 34, 40, 84, 56, 50, 62, 64, 55, 64, 62, 36, 64),
    *(64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84),
)

# (first code point, width) of ranges beyond ASCII; a width holds up to the next range.
_RANGES = (
    *((0x80, 85), (0x1C4, 143), (0x1CD, 85), (0x1F1, 143), (0x1F4, 85), (0x300, 0), (0x370, 100)),
    *((0x400, 120), (0x530, 100), (0x1100, 100), (0x1160, 90), (0x1E00, 100), (0x2000, 100)),
    *((0x200B, 0), (0x2010, 100), (0x2190, 105), (0x2600, 140), (0x27C0, 105), (0x2E80, 105)),
    *((0xA4D0, 100), (0xAC00, 105), (0xD7B0, 100), (0xF900, 105), (0xFB00, 120), (0xFDF0, 300)),
    *((0xFDFD, 900), (0xFE00, 0), (0xFE10, 105), (0xFE70, 120), (0xFEFF, 0), (0xFF00, 105)),
    *((0x10000, 140), (0xE0000, 0)),
)
_STARTS = [first for first, _ in _RANGES]

# Drawn as their pictures, or as the replacement character, because XML knows no way to write them
# (control characters, lone surrogates) or because they would turn the order of what is read around.
_HIDDEN: dict[int, int] = {code: 0x2400 + code for code in range(0x20)}
_HIDDEN[0x7F] = 0x2421
_HIDDEN |= dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)
_HIDDEN |= dict.fromkeys((0x2028, 0x2029), 0x20)
_HIDDEN |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
_PLAIN = re.compile(r"[ -~]*")


@lru_cache(maxsize=4096)
def _units(char: str) -> int:
    """Width of a character in a proportional font, in hundredths of an em."""
    code = ord(char)
    if 0x20 <= code < 0x7F:
        return _ASCII[code - 0x20]
    return _RANGES[bisect_right(_STARTS, code) - 1][1] if code >= 0x80 else 100


@lru_cache(maxsize=4096)
def _mono_units(char: str) -> int:
    """Width of a character in a fixed-width font, in hundredths of an em; what it lacks comes from another one."""
    if char.isascii():
        return MONO_ADVANCE
    wide = _units(char)
    return wide if wide == 0 else max(MONO_ADVANCE, wide)


def sans(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a text in the proportional font, in pixels."""
    return sum(map(_units, text)) * size * (BOLD if bold else 1.0) / 100


def mono(text: str, size: float) -> float:
    """Width of a text in the fixed-width font, in pixels."""
    if text.isascii():
        return len(text) * MONO_ADVANCE * size / 100
    return sum(map(_mono_units, text)) * size / 100


def visible(text: str) -> str:
    """A text that can be drawn: control characters become visible ones."""
    return text if _PLAIN.fullmatch(text) else text.translate(_HIDDEN)


def cut_sans(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """A text in the proportional font, cut with an ellipsis where it is wider than `width`."""
    if sans(text[:1000], size, bold=bold) <= width and len(text) <= 1000:
        return text
    room = width - sans(ELLIPSIS, size, bold=bold)
    scale = size * (BOLD if bold else 1.0) / 100
    kept, used = 0, 0
    for char in text:
        used += _units(char)
        if used * scale > room:
            break
        kept += 1
    return text[:kept].rstrip() + ELLIPSIS


def cut_mono(text: str, size: float, width: float) -> str:
    """A text in the fixed-width font, cut with an ellipsis where it is wider than `width`."""
    if len(text) <= 1000 and mono(text, size) <= width:
        return text
    room = width - mono(ELLIPSIS, size)
    kept = _fitting(text, 0, size, room) if mono(text[:1], size) <= room else 0
    return text[:kept].rstrip() + ELLIPSIS


def wrap_mono(text: str, size: float, width: float, most: int | None = None) -> list[str]:
    """Lines of a text that are at most `width` wide, broken at blanks where there are any.

    At most `most` lines: a longer text is cut at a word where one is near, and an ellipsis says so.
    """
    if most is not None and len(text) > 4000:
        text = text[:4000]  # far more than the lines can hold, and cheap
    lines: list[str] = []
    at, end = 0, len(text)
    while at < end:
        stop = _fitting(text, at, size, width)
        if stop < end and most is not None and len(lines) + 1 == most:
            return [*lines, _shortened(text[at:stop], size, width)]
        if stop < end and text[stop] != " ":
            blank = text.rfind(" ", at + 1, stop)
            stop = blank if blank > at else stop
        lines.append(text[at:stop].rstrip())
        at = stop
        while at < end and text[at] == " ":
            at += 1
    if len(lines) > 1 and len(lines[-1]) < LONELY and " " in lines[-2].strip():
        head, _, word = lines[-2].rpartition(" ")
        if mono(f"{word} {lines[-1]}", size) <= width and head.strip():
            lines[-2:] = [head.rstrip(), f"{word} {lines[-1]}"]
    return lines or [""]


def _fitting(text: str, at: int, size: float, width: float) -> int:
    """The largest end for which text[at:end] fits, but at least one character."""
    fit = int(width * 100 / (MONO_ADVANCE * size))
    piece = text[at : at + fit + 1]
    if piece.isascii():
        return min(at + max(fit, 1), len(text))
    used = 0
    for offset, char in enumerate(piece):
        used += _mono_units(char)
        if used * size / 100 > width:
            return at + max(offset, 1)
    return at + len(piece)


def _shortened(line: str, size: float, width: float) -> str:
    """A line cut so that an ellipsis fits behind it, at a blank if one is in the last third."""
    line = line[: _fitting(line, 0, size, width - mono(ELLIPSIS, size))]
    blank = line.rfind(" ")
    if blank > len(line) * 2 // 3:
        line = line[:blank]
    return line.rstrip(" ,(") + ELLIPSIS
