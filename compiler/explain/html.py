"""One page with the picture: pan, zoom, search, and what each step does. It needs nothing from outside."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from ...grammar import Finding
from ..graph import Graph, Kind, Node
from . import svg
from .layout_cards import kind_words
from .states import shown_states
from .svg_text import escaped, full_text
from .words import header, names_by_step

_PLACEHOLDER = re.compile(r"@@([A-Z]+)@@")
_SCRIPT = re.compile(r"<script>(.*)</script>", re.DOTALL)


def render(
    graph: Graph,
    findings: Sequence[Finding] = (),
    title: str | None = None,
    *,
    dim: frozenset[str] = frozenset(),
    statuses: Mapping[str, str] | None = None,
) -> str:
    """The workflow as a self-contained HTML page.

    A step that is clicked, or focused and entered, shows its whole SQL, the names it binds and uses, and its
    findings, and with `statuses` (step id -> state) how it stands. Without scripts the page is the picture.
    """
    heading = title or graph.name or graph.label or "Workflow"
    picture = svg.render(graph, title=title, findings=findings, dim=dim, statuses=statuses)
    template = _template()
    fields = {
        "TITLE": escaped(" ".join(heading.split())),
        "PICTURE": picture.rstrip("\n"),
        "DATA": _embedded(_facts(graph, findings, shown_states(graph, statuses or {}))),
        "POLICY": _policy(template),
    }
    return _PLACEHOLDER.sub(lambda found: fields[found[1]], template)


@cache
def _template() -> str:
    return resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")


def _policy(template: str) -> str:
    """The page's own script and nothing else may run, and nothing may be loaded."""
    script = _SCRIPT.search(template)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"


def _embedded(value: object) -> str:
    """JSON that can stand in a script element: no `<`, so nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("},{", "},\n{")
    )


def _facts(graph: Graph, findings: Sequence[Finding], states: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the page's panel says about every step, in the order of the table of nodes."""
    names, found = names_by_step(graph), svg.findings_by_step(graph, findings)
    uses: dict[str, list[dict[str, str]]] = {}
    for edge in graph.edges:
        if edge.kind == "data" and edge.name is not None:
            uses.setdefault(edge.target, []).append({"name": edge.name, "from": edge.source})
    return [
        {
            "id": node.id,
            "kind": kind_words(node) if node.is_leaf else header(graph, node),
            "text": full_text(node),
            "place": _place(graph, node),
            "binds": list(names.get(node.index, ())),
            "uses": uses.get(node.id, []),
            "findings": [_finding(one) for one in found.get(node.id, ())],
            **({"state": states[node.id]} if node.id in states else {}),
        }
        for node in graph.nodes
        if node.kind is not Kind.THEN
    ]


def _place(graph: Graph, node: Node) -> str:
    if graph.source is None or node.span.end <= node.span.start:
        return ""
    line, column = graph.source.position(node.span.start)
    return f"{graph.source.name}:{line}:{column}"


def _finding(found: Finding) -> dict[str, str]:
    return {
        "severity": found.severity.value,
        "code": found.code,
        "message": found.message,
        "help": found.help or "",
    }
