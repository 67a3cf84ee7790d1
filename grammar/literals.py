"""Literals: the text that each kind stands for, and where its characters stand in the file.

Source: PostgreSQL documentation, "Lexical Structure" (String Constants), scan.l.
"""

import re

from .textmap import TextMap

Run = tuple[int, int, int]  # (offset in the text, offset in the file, length)

_PIECE = re.compile(r"'((?:[^']|'')*)'")
_ESCAPED_PIECE = re.compile(r"'((?:[^'\\]|''|\\[\s\S])*)'")
_ESCAPE = re.compile(r"''|\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))")
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UESCAPE = re.compile(r"\s+[uU][eE][sS][cC][aA][pP][eE]\s*'([^'])'\Z")


class BadEscape(ValueError):
    """An escape sequence that PostgreSQL refuses; `at` is its offset in the literal as written."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def decode(raw: str, kind: str) -> str:
    """The text of a literal as written.

    Raises BadEscape for an escape that stands for no character.
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
            runs.append((offset, at + start, 1))
        offset += len(text)
        end = at + stop
    return TextMap(tuple(runs), end)


def _pieces(raw: str, kind: str) -> list[tuple[str, tuple[int, int]]]:
    """(text, (start, end) in the literal): runs that stand for themselves, or one escape each."""
    escape = "\\"
    if kind == "unicode":
        custom = _UESCAPE.search(raw)
        if custom:
            escape, raw = custom[1], raw[: custom.start()]
        return _unicode_pieces(raw, escape)
    pattern = _ESCAPED_PIECE if kind == "escape" else _PIECE
    special = _ESCAPE if kind == "escape" else _QUOTES
    pieces: list[tuple[str, tuple[int, int]]] = []
    at = raw.index("'")
    while at < len(raw):
        quoted = pattern.search(raw, at)
        if quoted is None:
            break
        _split(raw, quoted.start(1), quoted.end(1), special, pieces)
        at = quoted.end()
    return _join_surrogates(pieces)


_QUOTES = re.compile("''")


def _split(
    raw: str, at: int, end: int, special: re.Pattern[str], pieces: list[tuple[str, tuple[int, int]]]
) -> None:
    for found in special.finditer(raw, at, end):
        if found.start() > at:
            pieces.append((raw[at : found.start()], (at, found.start())))
        pieces.append((_unescape(found), found.span()))
        at = found.end()
    if end > at:
        pieces.append((raw[at:end], (at, end)))


def _unescape(found: re.Match[str]) -> str:
    if found[0] == "''":
        return "'"
    octal, hexa, short, long, other = found.groups()
    if other is not None:
        if other in "uU" or other == "x" and False:
            raise BadEscape("invalid Unicode escape: write \\uXXXX or \\UXXXXXXXX", found.start())
        return _SIMPLE.get(other, other)
    code = int(octal, 8) & 0xFF if octal else int(hexa or short or long, 16)
    if code == 0 or code > 0x10FFFF:
        raise BadEscape("the escape stands for no character", found.start())
    return chr(code)


_UNICODE = {
    escape: re.compile(
        rf"''|{re.escape(escape)}(?:({re.escape(escape)})|\+([0-9a-fA-F]{{6}})|([0-9a-fA-F]{{4}})|)"
    )
    for escape in "\\!"
}


def _unicode_pieces(raw: str, escape: str) -> list[tuple[str, tuple[int, int]]]:
    special = _UNICODE.get(escape) or re.compile(
        rf"''|{re.escape(escape)}(?:({re.escape(escape)})|\+([0-9a-fA-F]{{6}})|([0-9a-fA-F]{{4}})|)"
    )
    pieces: list[tuple[str, tuple[int, int]]] = []
    for quoted in _PIECE.finditer(raw):
        at, end = quoted.span(1)
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
        raise BadEscape(f"invalid Unicode escape: write {escape}XXXX or {escape}+XXXXXX", found.start())
    code = int(digits, 16)
    if code == 0 or code > 0x10FFFF:
        raise BadEscape("the escape stands for no character", found.start())
    return chr(code)


def _join_surrogates(pieces: list[tuple[str, tuple[int, int]]]) -> list[tuple[str, tuple[int, int]]]:
    """Two escapes that form a surrogate pair stand for one character."""
    joined: list[tuple[str, tuple[int, int]]] = []
    for text, span in pieces:
        if joined and len(text) == 1 and "\udc00" <= text <= "\udfff" and "\ud800" <= joined[-1][0][-1:] <= "\udbff":
            high, (start, _) = joined.pop()
            code = 0x10000 + ((ord(high) - 0xD800) << 10) + ord(text) - 0xDC00
            joined.append((chr(code), (start, span[1])))
        else:
            joined.append((text, span))
    for text, (start, _) in joined:
        if len(text) == 1 and "\ud800" <= text <= "\udfff":
            raise BadEscape("invalid Unicode surrogate pair", start)
    return joined
