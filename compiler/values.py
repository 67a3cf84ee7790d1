"""What an expression is worth before any server sees it: constant text, a node, or "only the server knows"."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..grammar import Fragment, Literal
from .build import Draft
from .configs import compact, jsonb
from .envelope import draft_to_envelope
from .jsontext import quote
from .textmap import LiteralMap, QueryMap


class Sort(Enum):
    """Sorts of values; numbers and the like are named as PostgreSQL's messages name their type."""

    TEXT = "constant text"  # known to the character
    NODE = "node"  # an envelope
    PARTIAL = "partial"  # the result of ?>, waiting for !>
    NULL = "null"
    DYNAMIC = "dynamic"  # an expression that only the server can evaluate
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    JSON = "jsonb"
    BITS = "bit"
    OTHER = "other"  # of a type that is known not to be text
    ERROR = "error"  # reported already


# Each level of JSON in JSON doubles the backslashes of the level below. What is larger than this, or made of
# more conditionals left open, is a mistake that is reported anyway: its text counts as not known.
_LONGEST_TEXT = 1 << 20
_DEEPEST_PARTIAL = 8
_WORD = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)")
_TYPES = {
    Sort.TEXT: "unknown",
    Sort.NULL: "unknown",
    Sort.NODE: "text",
    Sort.PARTIAL: "text",
    Sort.DYNAMIC: "text",
}


@dataclass(slots=True, eq=False)
class Value:
    """A value and the place of its expression in the fragment."""

    sort: Sort
    start: int
    end: int
    text: str | None = None  # TEXT, JSON, numbers, BOOLEAN: known text
    pieces: tuple[tuple[int, Literal], ...] = ()  # where in `text` each literal's text begins
    draft: Draft | None = None  # NODE
    condition: "Value | None" = None  # PARTIAL
    then: "Value | None" = None  # PARTIAL
    depth: int = 0  # PARTIAL: how many of them are nested, itself included
    helper: str | None = None  # a call that acts at once: its function name
    type_name: str | None = None  # the type where the sort does not tell: of OTHER, and of TEXT after a cast

    @property
    def is_textual(self) -> bool:
        """Whether the operators of the language take it."""
        return self.sort in (Sort.TEXT, Sort.NODE, Sort.PARTIAL, Sort.NULL, Sort.DYNAMIC)

    @property
    def type_text(self) -> str:
        """The type as PostgreSQL's messages name it."""
        return self.type_name or _TYPES.get(self.sort, self.sort.value)


def known_text(value: Value) -> str | None:
    """The text of a value where it is known: of a node its envelope, of a partial its JSON."""
    if value.sort is Sort.NODE:
        assert value.draft is not None
        return None if has_dynamic(value.draft) else _within(draft_to_envelope(value.draft))
    if value.sort is Sort.PARTIAL:
        return partial_text(value)
    return value.text


def _within(text: str) -> str | None:
    return text if len(text) <= _LONGEST_TEXT else None


def partial_text(value: Value) -> str | None:
    """The text that `c ?> t` gives: a jsonb object, keys by length, blanks after colon and comma."""
    assert value.condition is not None and value.then is not None
    if value.depth > _DEEPEST_PARTIAL:
        return None
    parts = []
    for part in (value.condition, value.then):
        text = known_text(part)
        if text is None and part.sort is not Sort.NULL:
            return None
        parts.append("null" if text is None else quote(text))
    return _within(f'{{"condition": {parts[0]}, "_partial_if": true, "then_branch": {parts[1]}}}')


def read_partial(text: str) -> tuple[str | None, str | None] | None:
    """Condition and then-branch of a text that `c ?> t` may have given, None when it is not one.

    Raises ValueError with PostgreSQL's words when it is no JSON.
    """
    try:
        value = jsonb(text)
    except (ValueError, RecursionError):
        word = _WORD.match(text)
        detail = f': token "{word[1]}" is invalid' if word else ""
        raise ValueError(f"invalid input syntax for type json{detail}") from None
    if not isinstance(value, dict) or value.get("_partial_if") is None:
        return None
    return _member(value.get("condition")), _member(value.get("then_branch"))


def _member(value: Any) -> str | None:
    """A member as text: a string without its quotes, anything else as jsonb prints it."""
    if value is None or isinstance(value, str):
        return value
    return compact(value, ", ", ": ")


def has_dynamic(draft: Draft) -> bool:
    """Whether some part of the tree is known only to the server."""
    stack = [draft]
    while stack:
        at = stack.pop()
        if at.dynamic:
            return True
        stack.extend(at.children.values())
    return False


def text_map(value: Value, fragment: Fragment) -> QueryMap | None:
    """The map of a constant text to the file; None where it was not written as literals."""
    return LiteralMap(value.pieces, fragment, value.end) if value.pieces else None
