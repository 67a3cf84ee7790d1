"""Finds `$name` references and `{variable}` placeholders in the texts of a node.

The scan is textual, as at run time: quotes and comments are no obstacle. `lexical_context` tells where in
the SQL a reference stands, for the rules that want to know.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

from ..grammar import Span
from . import sqlscan
from .graph import Kind, Node

Form = Literal["bare", "bare?", "col", "col?", "rows", "if_rows"]
Mode = Literal["sql", "raw"]

SYSTEM_VARIABLES = ("sys_instance_id", "sys_label")

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_ACCESSORS = rf"\$({_WORD})(?:(\.\*)|\.({_WORD})({{null}})?|({{null}}))?"
# In raw text `?` before a letter begins a query string: `https://host/$order.id?page=2`.
_NULL_MARK: Mapping[Mode, str] = {"sql": r"\?", "raw": r"\?(?![A-Za-z_])"}
_REFERENCE = {mode: re.compile(_ACCESSORS.format(null=mark)) for mode, mark in _NULL_MARK.items()}
_PLACEHOLDER = re.compile(rf"\{{({_WORD})\}}")
_NAME = re.compile(_WORD)


class Reference(NamedTuple):
    """One use of a result name: `text[start:end]` of the text called `place`.

    Forms: `$x` bare, `$x?` bare?, `$x.c` col, `$x.c?` col?, `$x.*` rows, the name in an IF_ROWS if_rows.
    """

    name: str
    form: Form
    column: str | None
    start: int
    end: int
    mode: Mode
    place: str  # "query", "url", "body", "header X", "parts[0].name", "value", ...

    @property
    def null_safe(self) -> bool:
        """Whether a missing row, or a null, gives NULL instead of a failure."""
        return self.form.endswith("?")


class Placeholder(NamedTuple):
    """One use of a variable: `text[start:end]`, braces included, of the text called `place`."""

    name: str
    start: int
    end: int
    place: str

    @property
    def system(self) -> bool:
        """Whether the engine gives the value; it wins over a variable that was set under the same name."""
        return self.name in SYSTEM_VARIABLES


class ScannedText(NamedTuple):
    """A text of a node in which references and placeholders are replaced."""

    place: str
    text: str
    mode: Mode


def scan_results(text: str, place: str = "query", mode: Mode = "sql") -> list[Reference]:
    """The references in a text, left to right, each as long as it can be (language reference, 6.2 and 6.4)."""
    if "$" not in text:
        return []
    return [_reference(match, place, mode) for match in _REFERENCE[mode].finditer(text)]


def _reference(match: re.Match[str], place: str, mode: Mode) -> Reference:
    name, rows, column, column_null, bare_null = match.groups()
    form: Form
    if rows:
        form = "rows"
    elif column:
        form = "col?" if column_null else "col"
    else:
        form = "bare?" if bare_null else "bare"
    return Reference(name, form, column, match.start(), match.end(), mode, place)


def scan_variables(text: str, place: str = "query") -> list[Placeholder]:
    """The placeholders in a text.

    A `{` that begins no placeholder is text and the scan goes on right behind it, so one inside the braces
    of a JSON body is found. `{}` is never one, though a variable may have the empty text as its name.
    """
    if "{" not in text:
        return []
    return [Placeholder(match[1], match.start(), match.end(), place) for match in _PLACEHOLDER.finditer(text)]


def scan_variables_of_reference(text: str, place: str = "query") -> list[Placeholder]:
    """The placeholders that pg_durable replaces: a `{` that begins none hides all up to the next `}` (6.3)."""
    found = []
    at = text.find("{")
    while at >= 0 and (end := text.find("}", at)) >= 0:
        if _NAME.fullmatch(text, at + 1, end):
            found.append(Placeholder(text[at + 1 : end], at, end + 1, place))
        at = text.find("{", end + 1)
    return found


def texts_of(node: Node) -> list[ScannedText]:
    """The texts in which the engine replaces, by the table of section 6.1; here the break value is one too.

    The `data_b64` of a part is not among them: only `references_of` and `placeholders_of` know that it must
    be one reference and nothing else. SQL that only the server can build gives the text of its expression,
    called "expression".
    """
    if node.kind is Kind.SQL:
        place = "expression" if node.dynamic else "query"
        return [] if node.query is None else [ScannedText(place, node.query, "sql")]
    if node.config is None:
        return []
    return [ScannedText(place, text, "raw") for place, text in _raw_texts(node.kind, node.config)]


def _raw_texts(kind: Kind, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fields = {Kind.HTTP: ("url", "body"), Kind.HTTP_MULTIPART: ("url",), Kind.BREAK: ("break_value",)}
    for field in fields.get(kind, ()):
        if isinstance(value := config.get(field), str):
            yield "value" if field == "break_value" else field, value
    if kind in (Kind.HTTP, Kind.HTTP_MULTIPART) and isinstance(headers := config.get("headers"), dict):
        for key, value in headers.items():
            if isinstance(value, str):
                yield f"header {key}", value
    if kind is Kind.HTTP_MULTIPART:
        yield from _part_texts(config, ("name", "filename"))


def _part_texts(config: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    parts = config.get("parts")
    for number, part in enumerate(parts if isinstance(parts, list) else ()):
        for field in fields if isinstance(part, dict) else ():
            if isinstance(value := part.get(field), str):
                yield f"parts[{number}].{field}", value


def references_of(node: Node) -> list[Reference]:
    """The references in all texts of a node, in the order of `texts_of`; IF_ROWS refers by its config."""
    if node.kind is Kind.IF_ROWS:
        name = (node.config or {}).get("result_name")
        if not isinstance(name, str):
            return []
        return [Reference(name, "if_rows", None, 0, len(name), "raw", "result_name")]
    found = [ref for place, text, mode in texts_of(node) for ref in scan_results(text, place, mode)]
    if node.dynamic and found:
        # Delimiters of the expression's own dollar quotes are not part of the SQL that it builds.
        context = lexical_context(node.query or "")
        return [ref for ref in found if context.at(ref.start) != "dollar_tag"]
    for place, value in _whole_values(node):
        refs = scan_results(value, place, "raw")
        found += [ref for ref in refs if ref.form != "rows" and _is_whole(ref, value)]
    return found


def placeholders_of(node: Node) -> list[Placeholder]:
    """The placeholders in all texts of a node, in the order of `texts_of`."""
    found = [item for place, text, _ in texts_of(node) for item in scan_variables(text, place)]
    for place, value in _whole_values(node):
        found += [item for item in scan_variables(value, place) if _is_whole(item, value)]
    return found


def _whole_values(node: Node) -> Iterator[tuple[str, str]]:
    if node.kind is Kind.HTTP_MULTIPART and node.config:
        yield from _part_texts(node.config, ("data_b64",))


def _is_whole(found: Reference | Placeholder, value: str) -> bool:
    """Whether it is all of a value but for white space around it (6.5)."""
    return not value[: found.start].strip() and not value[found.end :].strip()


class LexicalContext:
    """Tells what the characters of an SQL text are part of."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    @cached_property
    def regions(self) -> list[sqlscan.Region]:
        """What is not code: literals, quoted names, comments, dollar quotes and their tags."""
        return sqlscan.regions(self._sql)

    def at(self, offset: int) -> str | None:
        """ "literal", "quoted_name", "comment", "dollar_tag", "dollar" (a quote's body), or None for code."""
        return sqlscan.kind_at(self.regions, offset)


def lexical_context(sql: str) -> LexicalContext:
    """The lexical context of a text; it is scanned when the first question comes."""
    return LexicalContext(sql)


def span_of(node: Node, start: int, end: int) -> Span:
    """Where `start:end` of a node's SQL stands in the file.

    The whole node where only that is known: a config, or SQL that only the server can build.
    """
    return node.span if node.query_map is None else node.query_map.span(start, end)
