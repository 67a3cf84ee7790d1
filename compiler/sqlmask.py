"""Stands parseable SQL in for the placeholders of a step, character for character, so that offsets stay."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

from .sqlscan import regions

_LEFT_EDGE = r"(?<![^\x00-#%-/:-@\[-^`{-\x7f])"  # within a word, `$` is a letter
_PLACEHOLDER = re.compile(
    rf"""
    {_LEFT_EDGE} \$ (?P<name>[A-Za-z_][A-Za-z0-9_]*)
        (?P<access> \.\* | \.[A-Za-z_][A-Za-z0-9_]*\?? | \? )?
  | {_LEFT_EDGE} \$ (?P<number>[0-9]+)
  | \{{ (?P<variable>[A-Za-z_][A-Za-z0-9_]*) \}}
    """,
    re.VERBOSE,
)
_MEMBER = re.compile(r'\[|\.[A-Za-z_"]')
_OPENS_LIST = re.compile(r"\b(ANY|ALL|SOME|IN)\s*\(\s*\Z", re.IGNORECASE)
_CLOSES_LIST = re.compile(r"\s*\)")


class Form(Enum):
    """What kind of text a placeholder becomes when the step runs."""

    VALUE = "value"  # $x, $x?, $x.c, $x.c?: a quoted text, a number or NULL
    ROWS = "rows"  # $x.*: a FROM item with its alias
    VARIABLE = "variable"  # {v}: any text at all


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder in code; `listed` is "ANY" or "IN" for one that stands alone in such a list."""

    form: Form
    name: str
    start: int
    end: int
    listed: str | None = None


def placeholders(sql: str, names: Collection[str] | None) -> tuple[list[Placeholder], list[int]]:
    """(placeholders, offsets of `$1`-like parameters) outside literals, comments and quoted names.

    Of `$name` forms only those whose name is in `names` count; None stands for every name.
    """
    found: list[Placeholder] = []
    numbers: list[int] = []
    for match in _in_code(sql):
        start, end = match.span()
        if match["number"]:
            numbers.append(start)
        elif match["variable"]:
            found.append(Placeholder(Form.VARIABLE, match["variable"], start, end))
        elif names is None or match["name"] in names:
            form = Form.ROWS if match["access"] == ".*" else Form.VALUE
            listed = _list(sql, start, end) if match["access"] in (None, "?") else None
            found.append(Placeholder(form, match["name"], start, end, listed))
    return found, numbers


def _in_code(sql: str) -> Iterator[re.Match[str]]:
    at = 0
    for region in regions(sql):
        yield from _PLACEHOLDER.finditer(sql, at, region.start)
        at = region.end
    yield from _PLACEHOLDER.finditer(sql, at)


def _list(sql: str, start: int, end: int) -> str | None:
    """ "ANY" or "IN" when the text from start to end stands alone in the parentheses of one."""
    opening = _OPENS_LIST.search(sql, max(0, start - 40), start)
    if opening is None or not _CLOSES_LIST.match(sql, end):
        return None
    return "IN" if opening[1].upper() == "IN" else "ANY"


def mask(sql: str, found: list[Placeholder], value: str) -> str:
    """The text with every placeholder replaced by a text of the same length that can be parsed.

    `value` (two characters) stands for a value. `$x.*` becomes a table `_` with the alias "x"; as in the real
    thing, a second alias is a syntax error. `{v}` becomes the word that `stand_in` tells.
    """
    parts: list[str] = []
    at = 0
    for each in found:
        parts.append(sql[at : each.start])
        if each.form is Form.ROWS:
            text = f'_"{each.name}"'
        elif each.form is Form.VARIABLE:
            text = stand_in(each.name)
        else:  # a quoted text, a number and NULL all refuse a member or subscript, a parameter does not
            text = "''" if _MEMBER.match(sql, each.end) else value
        parts.append(text.ljust(each.end - each.start))
        at = each.end
    parts.append(sql[at:])
    return "".join(parts)


def stand_in(variable: str) -> str:
    """The identifier that replaces `{variable}`: as long, in lower case, and no key word."""
    return f"{variable.lower()}__"
