"""Text as a terminal shows it: tabs as blanks, letters of double width, no control characters."""

import unicodedata

TAB = 4

# Characters that would act instead of being seen: they turn the direction of what follows.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REPLACEMENT = "\ufffd"


def visible(char: str) -> str:
    """The character itself, or a picture of it where a terminal would obey it or could not print it."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or char in "\u2028\u2029" or char in _BIDI:
        return _REPLACEMENT
    return char


def width(char: str) -> int:
    """How many columns a character takes; a tab counts as its widest."""
    if char == "\t":
        return TAB
    if " " <= char <= "~":
        return 1
    if visible(char) != char:
        return 1
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    return 0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1


def one_line(text: str) -> str:
    """A message without line ends and control characters, whatever of the file it repeats."""
    if text.isprintable():
        return text
    return "".join(" " if char in "\t\r\n" else visible(char) for char in text)


def expand(text: str) -> tuple[str, list[int]]:
    """What is shown for a line, and for each of its characters (and its end) the column, from 0."""
    if text.isascii() and text.isprintable():
        return text, list(range(len(text) + 1))
    shown: list[str] = []
    columns = [0]
    for char in text:
        at = columns[-1]
        if char == "\t":
            stop = TAB - at % TAB
            shown.append(" " * stop)
            columns.append(at + stop)
        else:
            shown.append(visible(char))
            columns.append(at + width(char))
    return "".join(shown), columns


def window(line: str, start: int, end: int, limit: int, before: int) -> tuple[int, int]:
    """The part of a long line to show: at most `limit` columns, with the characters from `start` on in it.

    Keeps the line's beginning when `end` still fits; else up to `before` columns stand in front of `start`.
    Looks at no more characters than it keeps, so a line may be as long as a file.
    """
    low, used = start, 0
    whole = _fits(line[:end], limit)
    if whole:
        low, used = 0, sum(map(width, line[:start]))
    while not whole and low > 0 and used + width(line[low - 1]) <= before:
        low -= 1
        used += width(line[low])
    high = start
    while high < len(line) and used + width(line[high]) <= limit:
        used += width(line[high])
        high += 1
    while low > 0 and used + width(line[low - 1]) <= limit:
        low -= 1
        used += width(line[low])
    return low, high


def _fits(text: str, limit: int) -> bool:
    # A line of letters without width is cut as if each had some: it is not worth counting a whole file.
    return len(text) <= limit and sum(map(width, text)) <= limit
