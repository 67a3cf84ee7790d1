"""A workflow in DOT, Graphviz's language, and drawn by its `dot` program."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..graph import Graph, Kind
from .chart import (
    DATA_INK,
    FADED_INK,
    FRAME_INK,
    INKS,
    STATE_INKS,
    TEXT_INK,
    Chart,
    Form,
    Link,
    Shape,
    Via,
    chart,
)
from .errors import EngineFailedError, EngineNotFoundError
from .words import detail, one_line, printable

FONT = "Helvetica"  # every Graphviz has metrics for it
_FORMS = {Kind.BREAK: "cds", Kind.HTTP: "box", Kind.HTTP_MULTIPART: "box"}
_ENGINES = ("dot", "graphviz-pure")


def render(
    graph: Graph,
    *,
    full: bool = False,
    title: str | None = None,
    dim: frozenset[str] = frozenset(),
    statuses: Mapping[str, str] | None = None,
) -> str:
    """DOT text; the same bytes for the same graph.

    `full` puts the whole SQL on the cards. Steps whose ids are in `dim` are drawn faintly.
    """
    from graphviz import Digraph

    drawing = chart(graph, full=full, dim=dim, statuses=statuses)
    name = title or graph.name or graph.label
    dot = Digraph("workflow")
    dot.attr("graph", rankdir="TB", fontname=FONT, fontcolor=TEXT_INK, labeljust="l", bgcolor="#ffffff")
    dot.attr("node", fontname=FONT, fontsize="11", fontcolor=TEXT_INK, shape="box", style="rounded")
    dot.attr("edge", fontname=FONT, fontsize="10", color=FRAME_INK, fontcolor=TEXT_INK)
    if name is not None:
        dot.attr("graph", label=_text(one_line(name, 120)), labelloc="t")
    _write_shapes(dot, drawing)
    for link in drawing.links:
        dot.edge(link.source, link.target, **_edge(link))
    text: str = dot.source
    return text


def render_svg(
    graph: Graph,
    *,
    full: bool = False,
    title: str | None = None,
    dim: frozenset[str] = frozenset(),
    statuses: Mapping[str, str] | None = None,
) -> str:
    """The DOT text drawn by a `dot` program. Raises `EngineNotFoundError` where there is none."""
    program = find_engine()
    if program is None:
        raise EngineNotFoundError()
    text = render(graph, full=full, title=title, dim=dim, statuses=statuses)
    done = subprocess.run([program, "-Tsvg"], input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise EngineFailedError(program, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout.decode()


def find_engine() -> str | None:
    """Path of a `dot` program: on PATH, or beside this Python, where the wheel graphviz-pure puts one."""
    here = str(Path(sys.executable).parent)
    for name in _ENGINES:
        found = shutil.which(name) or shutil.which(name, path=here)
        if found is not None:
            return found
    return None


def _write_shapes(dot: Any, drawing: Chart) -> None:
    """Shapes and clusters. Clusters are written as lines: nested Digraph objects would copy theirs."""
    for shape in drawing.shapes:
        if shape.form is Form.OPEN:
            dot.body.append(f'\tsubgraph "cluster_{shape.key}" {{\n')
            ink = FADED_INK if shape.faded else FRAME_INK
            label = _text(*shape.lines)
            dot.attr(label=label, color=ink, fontcolor=ink, fontsize="12", style="rounded", labelloc="t")
        elif shape.form is Form.CLOSE:
            dot.body.append("\t}\n")
        else:
            dot.node(shape.key, **_NODES[shape.form](shape))


def _card(shape: Shape) -> dict[str, str]:
    ink = FADED_INK if shape.faded else INKS[shape.node.kind]
    attributes = {
        "label": _text(*shape.lines, end="\\l"),
        "color": ink,
        "tooltip": _text(*printable(detail(shape.node) or shape.node.kind.value).split("\n"), end="\\n"),
    }
    if shape.faded:
        attributes["fontcolor"] = ink
    if shape.state:
        attributes |= _look(shape)
    if shape.node.kind in _FORMS:
        attributes["shape"] = _FORMS[shape.node.kind]
    return attributes


def _look(shape: Shape) -> dict[str, str]:
    """The border of a step that has been started, or left out; a faded one keeps its colour."""
    look = {"style": "rounded,dashed"} if shape.state == "skipped" else {"penwidth": "2"}
    if shape.state in ("pending", "skipped"):
        look.pop("penwidth", None)
    return look if shape.faded else look | {"color": STATE_INKS[shape.state]}


def _test(shape: Shape) -> dict[str, str]:
    ink = FADED_INK if shape.faded else FRAME_INK
    words = TEXT_INK if not shape.faded else ink
    return {
        "label": _text(*shape.lines),
        "shape": "diamond",
        "style": "solid",
        "color": ink,
        "fontcolor": words,
    }


def _point(shape: Shape) -> dict[str, str]:
    ink = FADED_INK if shape.faded else FRAME_INK
    return {"label": "", "shape": "point", "width": "0.08", "color": ink}


_NODES = {Form.CARD: _card, Form.TEST: _test, Form.POINT: _point}


def _edge(link: Link) -> dict[str, str]:
    attributes = {"label": _text(link.label)} if link.label else {}
    if link.via is Via.DATA:
        attributes |= {"style": "dashed", "constraint": "false", "color": DATA_INK, "fontcolor": DATA_INK}
    elif link.via is Via.AGAIN:
        attributes |= {"constraint": "false"}
    if link.faded:
        attributes |= {"color": FADED_INK, "fontcolor": FADED_INK}
    return attributes


def _text(*lines: str, end: str = "\\n") -> str:
    r"""Lines as a DOT label; escapes (`\N` is the node's name), entities and `<html>` are made literal."""
    plain = [line.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;") for line in lines]
    return plain[0] if len(plain) == 1 and end == "\\n" else "".join(line + end for line in plain)
