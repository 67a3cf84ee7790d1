"""`dfgraph/1` read: every key, type, id and role is checked, and an error says where it stands."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..grammar import Edit, Finding, Fix, Label, Position, Severity, Source, Span
from .build import assemble
from .dfgraph_forms import (
    GraphFormatError,
    a_flag,
    a_list,
    a_number,
    a_text,
    a_text_or_null,
    an_object,
    anything,
    one_of,
    record,
)
from .dfgraph_tree import NODE, draft_tree, verify_places
from .graph import Graph

FORMAT = "dfgraph/1"

_WORKFLOW = {
    "name": a_text_or_null,
    "source": a_text_or_null,
    "label": a_text_or_null,
    "database": a_text_or_null,
    "span": anything,
    "root": a_text,
    "nodes": a_list,
    "edges": a_list,
    "findings": a_list,
}
_EDGE = {
    "from": a_text,
    "to": a_text,
    "kind": one_of("kind of edge", ("control", "data")),
    "name": a_text,
    "label": a_text,
}
_SPAN = dict.fromkeys(("start", "end", "line", "column", "end_line", "end_column"), a_number)
_FINDING = {
    "code": a_text,
    "severity": one_of("severity", [severity.value for severity in Severity]),
    "message": a_text,
    "span": anything,
    "help": a_text_or_null,
    "labels": a_list,
    "fixes": a_list,
    "node": a_text_or_null,
}
_LABEL = {"span": anything, "text": a_text}
_FIX = {"title": a_text, "safe": a_flag, "edits": a_list}


@dataclass(frozen=True)
class RecordedSource(Source):
    """The source of a graph that was read: its text is not there, but the positions of its spans are."""

    positions: Mapping[int, Position] = field(default_factory=dict)

    @cached_property
    def _offsets(self) -> list[int]:
        return sorted(self.positions)

    def position(self, offset: int) -> Position:
        """Exact for the ends of all spans; for another offset the nearest recorded place before it."""
        at = bisect_right(self._offsets, offset) - 1
        return self.positions[self._offsets[at]] if at >= 0 else Position(1, 1)


@dataclass(frozen=True, slots=True)
class Document:
    """What a dfgraph/1 text holds."""

    graphs: list[Graph]
    findings: list[list[Finding]]  # one list per graph
    version: str  # of the tool that wrote it


def from_dfgraph(document: str | dict[str, Any]) -> list[Graph]:
    """The graphs of a dfgraph/1 document, text or decoded. Raises GraphFormatError.

    Edges are derived from the nodes, so those in the document are checked for form but not kept.
    """
    return load(document).graphs


def load(document: str | dict[str, Any]) -> Document:
    """As `from_dfgraph`, with the findings and the writer's version."""
    value = _decoded(document) if isinstance(document, str) else document
    if isinstance(value, dict) and value.get("format", FORMAT) != FORMAT:
        raise GraphFormatError("format", f"is {value['format']!r}, but only '{FORMAT}' can be read")
    top = record(value, "", {"format": a_text, "tool": an_object, "workflows": a_list})
    tool = record(top["tool"], "tool", {"name": a_text, "version": a_text})
    read = [_workflow(each, where) for each, where in _each(top["workflows"], "workflows")]
    return Document([graph for graph, _ in read], [findings for _, findings in read], tool["version"])


def _decoded(text: str) -> object:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        members = dict(pairs)
        if len(members) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise GraphFormatError("", f"the key '{twice}' stands twice in one object")
        return members

    try:
        value: object = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise GraphFormatError("", message) from None
    except RecursionError:
        raise GraphFormatError("", "nests too deeply") from None
    return value


def _each(values: list[Any], where: str) -> list[tuple[Any, str]]:
    return [(value, f"{where}[{number}]") for number, value in enumerate(values)]


def _workflow(value: Any, where: str) -> tuple[Graph, list[Finding]]:
    fields = record(value, where, _WORKFLOW)
    spans = _Spans(has_source=fields["source"] is not None)
    name, file = fields["name"], fields["source"]
    nodes = [_node(each, place, spans) for each, place in _each(fields["nodes"], f"{where}.nodes")]
    graph = assemble(
        draft_tree(nodes, fields["root"], where),
        name=name,
        source=None if file is None else RecordedSource("", file, spans.positions),
        span=spans.known(fields["span"], f"{where}.span"),
        label=fields["label"],
        database=fields["database"],
    )
    verify_places(graph, nodes, where)
    _check_edges(fields["edges"], graph, f"{where}.edges")
    findings = _each(fields["findings"], f"{where}.findings")
    return graph, [_finding(each, place, name, spans) for each, place in findings]


def _node(value: Any, where: str, spans: "_Spans") -> dict[str, Any]:
    node = record(value, where, NODE, optional=("config",))
    for key in ("span", "name_span"):
        node[key] = spans.read(node[key], f"{where}.{key}")
    return node


def _check_edges(edges: list[Any], graph: Graph, where: str) -> None:
    for value, place in _each(edges, where):
        edge = record(value, place, _EDGE, optional=("name", "label"))
        for key in ("from", "to"):
            if edge[key] not in graph.by_id:
                raise GraphFormatError(f"{place}.{key}", f"no node has the id '{edge[key]}'")


def _finding(value: Any, where: str, workflow: str | None, spans: "_Spans") -> Finding:
    fields = record(value, where, _FINDING)
    labels = []
    for each, place in _each(fields["labels"], f"{where}.labels"):
        label = record(each, place, _LABEL)
        labels.append(Label(spans.known(label["span"], f"{place}.span"), label["text"]))
    return Finding(
        code=fields["code"],
        severity=Severity(fields["severity"]),
        message=fields["message"],
        span=spans.known(fields["span"], f"{where}.span"),
        help=fields["help"],
        labels=tuple(labels),
        fixes=tuple(_fix(*each, spans) for each in _each(fields["fixes"], f"{where}.fixes")),
        workflow=workflow,
        node=fields["node"],
    )


def _fix(value: Any, where: str, spans: "_Spans") -> Fix:
    fields = record(value, where, _FIX)
    edits = []
    for each, place in _each(fields["edits"], f"{where}.edits"):
        edit = record(each, place, _LABEL)
        edits.append(Edit(spans.known(edit["span"], f"{place}.span"), edit["text"]))
    return Fix(fields["title"], tuple(edits), fields["safe"])


class _Spans:
    """Reads spans and collects the positions of their ends, which must agree."""

    def __init__(self, *, has_source: bool) -> None:
        self.has_source = has_source
        self.positions: dict[int, Position] = {}

    def known(self, value: Any, where: str) -> Span:
        """A span that a value must have; the place (0, 0) stands for none."""
        return self.read(value, where) or Span(0, 0)

    def read(self, value: Any, where: str) -> Span | None:
        if value is None:
            return None
        fields = record(value, where, _SPAN)
        for key, number in fields.items():
            least = 0 if key in ("start", "end") else 1
            if number < least:
                raise GraphFormatError(f"{where}.{key}", f"must be at least {least}, but is {number}")
        if fields["end"] < fields["start"]:
            raise GraphFormatError(where, f"ends at {fields['end']}, before it starts at {fields['start']}")
        if not self.has_source:
            raise GraphFormatError(where, "a span needs the workflow's source, which is null")
        self._record(fields["start"], Position(fields["line"], fields["column"]), where)
        self._record(fields["end"], Position(fields["end_line"], fields["end_column"]), where)
        return Span(fields["start"], fields["end"])

    def _record(self, offset: int, position: Position, where: str) -> None:
        other = self.positions.setdefault(offset, position)
        if other != position:
            here, there = (f"line {each.line} column {each.column}" for each in (position, other))
            raise GraphFormatError(where, f"offset {offset} is {here} here, but {there} elsewhere")
