"""Literals: the text that each kind stands for, and where its characters stand in the file.

Source: PostgreSQL documentation, "Lexical Structure" (String Constants), scan.l.
"""

import re
from collections.abc import Iterator

from .errors import DfsqlError
from .textmap import TextMap

Run = tuple[int, int, int]  # (offset in the text, offset in the file, length)
Piece = tuple[str, tuple[int, int]]  # (text, (start, end) in the literal as written)

_PIECE = re.compile(r"'((?:[^']|'')*)'")
_ESCAPED_PIECE = re.compile(r"'((?:[^'\\]|''|\\[\s\S])*)'")
# What may stand between the pieces of a literal.
_BETWEEN = re.compile(r"(?:\s|--[^\n\r]*+)*")
_BYTE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2}))")
# A run of bytes (they may form one character together), a code point, or one character.
_ESCAPE = re.compile(
    r"''|((?:\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}))+)|\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))"
)
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NO_ESCAPE = frozenset('+"0123456789abcdefABCDEF \t\n\r\f\v')
_UESCAPE = re.compile(r"'([^'])'\Z")


class BadEscapeError(DfsqlError, ValueError):
    """An escape sequence that PostgreSQL refuses; `at` is its offset in the literal as written."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def decode(raw: str, kind: str) -> str:
    """The text of a literal as written.

    Raises BadEscapeError for an escape that stands for no character.
    """
    if kind == "plain" and "\n" not in raw and "\r" not in raw:
        return raw[1:-1].replace("''", "'") if "''" in raw else raw[1:-1]
    if kind == "dollar":
        tag = raw.index("$", 1) + 1
        return raw[tag:-tag]
    return "".join(text for text, _ in _pieces(raw, kind))


def text_map(raw: str, kind: str, at: int) -> TextMap:
    """The map of a literal's text to the file, for a literal that starts at offset `at`."""
    if kind == "dollar":
        tag = raw.index("$", 1) + 1
        return TextMap(((0, at + tag, len(raw) - 2 * tag),), at + len(raw) - tag)
    runs: list[Run] = []
    offset = 0
    end = at
    for text, where in _pieces(raw, kind):
        start, stop = where
        if len(text) == stop - start:
            runs.append((offset, at + start, len(text)))
        else:
            runs.append((offset, at + start, start - stop))
        offset += len(text)
        end = at + stop
    return TextMap(tuple(runs), end)


def _pieces(raw: str, kind: str) -> list[Piece]:
    """The runs that stand for themselves, and the escapes, one piece each."""
    quoted = _quoted(raw, _ESCAPED_PIECE if kind == "escape" else _PIECE)
    if kind == "unicode":
        custom = _UESCAPE.search(raw, quoted[-1].end())
        if custom and custom[1] in _NO_ESCAPE:
            raise BadEscapeError(f"{custom[1]} cannot be the escape character", custom.start(1))
        return _unicode_pieces(raw, quoted, custom[1] if custom else "\\")
    pieces: list[Piece] = []
    for part in quoted:
        _split(raw, part.start(1), part.end(1), _ESCAPE if kind == "escape" else _QUOTES, pieces)
    return _join_surrogates(pieces)


def _quoted(raw: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    """The quoted parts that make up a literal."""
    parts: list[re.Match[str]] = []
    part = pattern.match(raw, raw.index("'"))
    while part is not None:
        parts.append(part)
        gap = _BETWEEN.match(raw, part.end())
        part = pattern.match(raw, gap.end() if gap else part.end())
    return parts


def _split(raw: str, at: int, end: int, special: re.Pattern[str], pieces: list[Piece]) -> None:
    for found in special.finditer(raw, at, end):
        if found.start() > at:
            pieces.append((raw[at : found.start()], (at, found.start())))
        if special is _ESCAPE and found[1]:
            pieces.extend(_characters(raw, *found.span()))
        else:
            pieces.append((_unescape(found), found.span()))
        at = found.end()
    if end > at:
        pieces.append((raw[at:end], (at, end)))


def _characters(raw: str, start: int, end: int) -> Iterator[Piece]:
    """What a run of octal and hexadecimal escapes spells: they are bytes of UTF-8."""
    escapes = list(_BYTE.finditer(raw, start, end))
    at = 0
    while at < len(escapes):
        lead = _byte(escapes[at])
        size = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        run = escapes[at : at + size]
        try:
            text = bytes(map(_byte, run)).decode()
        except UnicodeDecodeError:
            text = ""
        if text in ("", "\0"):
            raise BadEscapeError("the escape stands for no character", run[0].start())
        yield text, (run[0].start(), run[-1].end())
        at += size


def _byte(escape: re.Match[str]) -> int:
    return int(escape[1], 8) & 0xFF if escape[1] else int(escape[2], 16)


def _unescape(found: re.Match[str]) -> str:
    if found[0] == "''":
        return "'"
    _, short, long, other = found.groups()
    if other is not None:
        if other in "uU":
            raise BadEscapeError("invalid Unicode escape: write \\uXXXX or \\UXXXXXXXX", found.start())
        return _SIMPLE.get(other, other)
    code = int(short or long, 16)
    if code == 0 or code > 0x10FFFF:
        raise BadEscapeError("the escape stands for no character", found.start())
    return chr(code)


_QUOTES = re.compile("''")
_UNICODE = {
    escape: re.compile(
        rf"''|{re.escape(escape)}(?:({re.escape(escape)})|\+([0-9a-fA-F]{{6}})|([0-9a-fA-F]{{4}})|)"
    )
    for escape in "\\!"
}


def _unicode_pieces(raw: str, quoted: list[re.Match[str]], escape: str) -> list[Piece]:
    special = _UNICODE.get(escape) or re.compile(
        rf"''|{re.escape(escape)}(?:({re.escape(escape)})|\+([0-9a-fA-F]{{6}})|([0-9a-fA-F]{{4}})|)"
    )
    pieces: list[Piece] = []
    for part in quoted:
        at, end = part.span(1)
        for found in special.finditer(raw, at, end):
            if found.start() > at:
                pieces.append((raw[at : found.start()], (at, found.start())))
            pieces.append((_unicode_escape(found, escape), found.span()))
            at = found.end()
        if end > at:
            pieces.append((raw[at:end], (at, end)))
    return _join_surrogates(pieces)


def _unicode_escape(found: re.Match[str], escape: str) -> str:
    if found[0] == "''":
        return "'"
    if found[1]:
        return escape
    digits = found[2] or found[3]
    if not digits:
        raise BadEscapeError(f"invalid Unicode escape: write {escape}XXXX or {escape}+XXXXXX", found.start())
    code = int(digits, 16)
    if code == 0 or code > 0x10FFFF:
        raise BadEscapeError("the escape stands for no character", found.start())
    return chr(code)


def _join_surrogates(pieces: list[Piece]) -> list[Piece]:
    """Two escapes that form a surrogate pair stand for one character."""
    joined: list[Piece] = []
    for text, span in pieces:
        if (
            joined
            and len(text) == 1
            and "\udc00" <= text <= "\udfff"
            and "\ud800" <= joined[-1][0][-1:] <= "\udbff"
        ):
            high, (start, _) = joined.pop()
            code = 0x10000 + ((ord(high) - 0xD800) << 10) + ord(text) - 0xDC00
            joined.append((chr(code), (start, span[1])))
        else:
            joined.append((text, span))
    for text, (start, _) in joined:
        if len(text) == 1 and "\ud800" <= text <= "\udfff":
            raise BadEscapeError("invalid Unicode surrogate pair", start)
    return joined
