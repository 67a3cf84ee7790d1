"""Bytes to text: UTF-8, or a finding that says where it is not."""

import codecs

from ..grammar import MISTAKES, Finding, Span

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1000


def decode(data: bytes) -> tuple[str, Finding | None]:
    """The text, and a finding when it is not to be trusted: then there is no use in reading on.

    A byte order mark is no part of the text: editors neither show nor count it. A byte that is no UTF-8
    becomes one character of the text (a lone surrogate), so positions still count.
    """
    wide = _wide(data)
    if wide is not None:
        encoding, name = wide
        reason = f"this file is written in {name}, not in UTF-8"
        # Without a mark iconv has to be told the order of the bytes.
        exact = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
        finding = MISTAKES["not-utf8"].finding(Span(0, 0), reason=reason, encoding=exact)
        return data.decode(encoding, "replace"), finding
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "surrogateescape")
        at = len(data[: error.start].decode("utf-8"))
        reason = f"this byte is not UTF-8: 0x{data[error.start]:02x}"
        return text, MISTAKES["not-utf8"].finding(Span(at, at + 1), reason=reason, encoding="ISO-8859-1")


def _wide(data: bytes) -> tuple[str, str] | None:
    """The codec and name of an encoding that takes two or four bytes for each letter."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, encoding.upper()
    even, odd = data[0:_SAMPLE:2], data[1:_SAMPLE:2]
    for zeros, letters, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if len(zeros) > 2 and zeros.count(0) > len(zeros) * 0.7 and letters.count(0) < len(letters) * 0.1:
            return encoding, "UTF-16"
    return None
