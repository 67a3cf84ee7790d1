"""Maps offsets of a folded text back to the file, through quoting and concatenation."""

from bisect import bisect_right
from typing import NamedTuple

from .source import Span


class TextMap(NamedTuple):
    """Runs of text that stand one to one in the file.

    `runs` holds (offset in the text, offset in the file, length), ascending by the first. A doubled quote or
    an escape is a run of its own: one character of the text, and a length of minus the characters it takes.
    """

    runs: tuple[tuple[int, int, int], ...]
    end: int  # offset in the file just after the last character

    def offset(self, at: int) -> int:
        """The file offset of text offset `at`."""
        index = bisect_right(self.runs, (at, 1 << 62, 0)) - 1
        if index < 0:
            return self.runs[0][1] if self.runs else self.end
        start, where, length = self.runs[index]
        if at - start < length or at == start:
            return where + at - start
        if index + 1 < len(self.runs):
            return self.runs[index + 1][1]
        return self.end

    def span(self, start: int, end: int) -> Span:
        """The file's span of text[start:end]; an empty range gives an empty span."""
        first = self.offset(start)
        return Span(first, max(first, self._after(end - 1)) if end > start else first)

    def _after(self, at: int) -> int:
        """The file offset just behind the character at text offset `at`."""
        index = bisect_right(self.runs, (at, 1 << 62, 0)) - 1
        start, where, length = self.runs[index] if index >= 0 else (-1, 0, 0)
        return where - length if at == start and length < 0 else self.offset(at) + 1
