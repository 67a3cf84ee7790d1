"""A piece of text that is parsed on its own: the file, a function body, a quoted statement."""

from typing import NamedTuple

from .source import Span
from .textmap import TextMap


class Fragment(NamedTuple):
    """`text` and the way back: offsets in it map through `map` into `parent`, up to the file."""

    text: str
    map: TextMap | None = None
    parent: "Fragment | None" = None

    def locate(self, start: int, end: int) -> Span:
        """The file's span of text[start:end]."""
        span = Span(start, end)
        at: Fragment | None = self
        while at is not None and at.map is not None:
            span = at.map.span(*span)
            at = at.parent
        return span
