"""A workflow as a Mermaid flowchart, for README files and pull requests."""

import json
import re
from collections.abc import Mapping

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

# Mermaid's defaults (maxTextSize, maxEdges); past them it draws an error instead of the chart.
MOST_CHARACTERS = 50_000
MOST_EDGES = 500

_CLASSES = {kind: kind.value.lower() for kind in INKS}
_BOXES = {
    Kind.SLEEP: ("(", ")"),
    Kind.WAIT_SCHEDULE: ("(", ")"),
    Kind.SIGNAL: ("{{", "}}"),
    Kind.HTTP: ("[/", "/]"),
    Kind.HTTP_MULTIPART: ("[/", "/]"),
    Kind.BREAK: ("([", "])"),
}
# What has been reached has a strong border, what was left out a broken one.
_BORDERS = {
    **dict.fromkeys(("completed", "running", "failed"), ",stroke-width:2.5px"),
    "skipped": ",stroke-dasharray:4 3",
}
# What Mermaid gives a meaning to, or hands on to Markdown: lists, rules, emphasis, links.
_RISKY = re.compile(
    r"[^a-zA-Z0-9 .,'()=_/$?!+\-\u00a0-\U0010ffff]|\u2060"
    r"|^[-+=]|^\d(?=\d*[.)])"
    r"|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])"
    r"|(?<=[wW]{3})\."
)
# These it reads after it has decoded the codes: $$ is a formula, \n a line break. A word joiner parts them.
_PAIRS = re.compile(r"\$(?=\$)|\\(?=n)")


def render(
    graph: Graph,
    *,
    full: bool = False,
    title: str | None = None,
    dim: frozenset[str] = frozenset(),
    statuses: Mapping[str, str] | None = None,
) -> str:
    """Mermaid text; the same bytes for the same graph.

    `full` puts the whole SQL on the cards. Steps whose ids are in `dim` are drawn faintly.
    """
    drawing = chart(graph, full=full, dim=dim, statuses=statuses)
    name = title or graph.name or graph.label
    lines = ["flowchart TD", *_shapes(drawing), *map(_link, drawing.links), *_styles(drawing)]
    body = "\n".join(lines) + "\n"
    return _front_matter(name) + _warnings(len(body), len(drawing.links)) + body


def _shapes(drawing: Chart) -> list[str]:
    lines: list[str] = []
    depth = 1
    for shape in drawing.shapes:
        depth -= shape.form is Form.CLOSE
        lines.append("  " * depth + _shape(shape))
        depth += shape.form is Form.OPEN
    return lines


def _shape(shape: Shape) -> str:
    key = _key(shape.key)
    match shape.form:
        case Form.OPEN:
            return f'subgraph {key}["{_label(*shape.lines)}"]'
        case Form.CLOSE:
            return "end"
        case Form.CARD:
            left, right = _BOXES.get(shape.node.kind, ("[", "]"))
            look = "faded" if shape.faded else shape.state or _CLASSES[shape.node.kind]
            return f'{key}{left}"{_label(*shape.lines)}"{right}:::{look}'
        case Form.TEST:
            return f'{key}{{"{_label(*shape.lines)}"}}:::{"faded" if shape.faded else "test"}'
        case Form.POINT:
            return f'{key}((" ")):::{"faded" if shape.faded else "point"}'


def _link(link: Link) -> str:
    arrow = "-.->" if link.via is Via.DATA else "-->"
    label = f'|"{_label(link.label)}"|' if link.label else ""
    return f"  {_key(link.source)} {arrow}{label} {_key(link.target)}"


def _styles(drawing: Chart) -> list[str]:
    """Class definitions of what is drawn. Frames take their class by a statement of its own."""
    cards = [shape for shape in drawing.shapes if shape.form is Form.CARD]
    used = {shape.node.kind for shape in cards if not shape.state}
    lines = [_class(_CLASSES[kind], INKS[kind]) for kind in INKS if kind in used]
    states = {shape.state for shape in cards}
    lines += [
        _class(state, ink) + _BORDERS.get(state, "") for state, ink in STATE_INKS.items() if state in states
    ]
    forms = {shape.form for shape in drawing.shapes}
    if Form.TEST in forms:
        lines.append(_class("test", FRAME_INK))
    if Form.POINT in forms:
        lines.append(f"  classDef point fill:{FRAME_INK},stroke:{FRAME_INK},color:{FRAME_INK}")
    frames = [shape for shape in drawing.shapes if shape.form is Form.OPEN]
    if frames:
        lines.append(_class("frame", FRAME_INK))
    if any(shape.faded for shape in drawing.shapes):
        lines.append(f"  classDef faded fill:#ffffff,stroke:{FADED_INK},color:{FADED_INK}")
    lines += [f"  class {_key(shape.key)} {'faded' if shape.faded else 'frame'}" for shape in frames]
    data = [str(at) for at, link in enumerate(drawing.links) if link.via is Via.DATA]
    if data:
        lines.append(f"  linkStyle {','.join(data)} stroke:{DATA_INK},color:{DATA_INK}")
    return lines


def _class(name: str, ink: str) -> str:
    return f"  classDef {name} fill:#ffffff,stroke:{ink},color:{TEXT_INK}"


def _front_matter(name: str | None) -> str:
    """The title as YAML. Mermaid looks for tags and directives before it reads YAML, so both are masked."""
    if name is None:
        return ""
    quoted = json.dumps(name).replace("%", "\\u0025").replace("<", "\\u003c")
    return f"---\ntitle: {quoted}\n---\n"


def _warnings(characters: int, edges: int) -> str:
    """Comments that say what to raise, where the chart is past a limit of Mermaid."""
    text = ""
    if characters > MOST_CHARACTERS:
        text += f"%% {characters} characters: Mermaid draws at most {MOST_CHARACTERS}, raise maxTextSize\n"
    if edges > MOST_EDGES:
        text += f"%% {edges} edges: Mermaid draws at most {MOST_EDGES}, raise maxEdges\n"
    return text


def _key(key: str) -> str:
    """Node ids have no underscores, so this stays unique."""
    return key.replace(".", "_")


def _label(*lines: str) -> str:
    return "<br/>".join(map(_escaped, lines))


def _escaped(line: str) -> str:
    """A line in Mermaid's entity codes, with its indentation kept."""
    words = line.lstrip(" \t")
    indent = "\N{NO-BREAK SPACE}" * (len(line) - len(words))
    words = _PAIRS.sub("\\g<0>\u2060", words)
    return indent + _RISKY.sub(lambda found: f"#{ord(found[0])};", words)
