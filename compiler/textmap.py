"""Maps of a folded text back to the file; the plain type lives with the literals, in the grammar."""

from functools import cached_property
from typing import TypeAlias

from ..grammar import Fragment, Literal, Span, TextMap, literal_map

__all__ = ["LiteralMap", "QueryMap", "TextMap"]


class LiteralMap:
    """The map of a text that was written as literals; worked out when it is first asked, as most never are."""

    def __init__(self, pieces: tuple[tuple[int, Literal], ...], fragment: Fragment, end: int) -> None:
        self.pieces = pieces  # (offset in the text, literal)
        self.fragment = fragment
        self.end = end

    def offset(self, at: int) -> int:
        """The file offset of text offset `at`."""
        return self.map.offset(at)

    def span(self, start: int, end: int) -> Span:
        """The file's span of text[start:end]; an empty range gives an empty span."""
        return self.map.span(start, end)

    @cached_property
    def map(self) -> TextMap:
        """The runs of all pieces, one after the other."""
        runs: list[tuple[int, int, int]] = []
        end = self.end
        for offset, literal in self.pieces:
            piece = literal_map(literal, self.fragment)
            runs.extend([(start + offset, where, length) for start, where, length in piece.runs])
            end = piece.end
        inner = TextMap(tuple(runs), end)
        return inner if self.fragment.map is None else _through(inner, self.fragment)


QueryMap: TypeAlias = TextMap | LiteralMap


def _through(inner: TextMap, fragment: Fragment) -> TextMap:
    """The same map, its offsets carried on to the file through the fragments around it."""
    runs: list[tuple[int, int, int]] = []
    for start, where, length in inner.runs:
        span = fragment.locate(where, where + abs(length))
        if length < 0 or span.end - span.start == length:
            runs.append((start, span.start, span.start - span.end if length < 0 else length))
            continue
        for at in range(length):
            span = fragment.locate(where + at, where + at + 1)
            width = span.end - span.start
            runs.append((start + at, span.start, 1 if width == 1 else -width))
    return TextMap(tuple(runs), fragment.locate(inner.end, inner.end).start)
