"""Words for the nodes of a graph that the renderers share: headers, one-line summaries, cuts."""

from collections.abc import Mapping
from typing import Any

from ..build import decode_config
from ..graph import Graph, Kind, Node

# Control characters become their pictures (U+2400 ...): a raw one is not allowed in XML, and a
# terminal may act on it. A lone surrogate cannot be written as UTF-8.
_VISIBLE = {code: 0x2400 + code for code in range(0x20)}
_VISIBLE |= {0x7F: 0x2421}
_VISIBLE |= dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)
_VISIBLE_LINES = {code: to for code, to in _VISIBLE.items() if code not in (0x09, 0x0A)}


def cut(text: str, limit: int, keep: int) -> str:
    """`text`; where its UTF-8 exceeds `limit` bytes, the whole characters of its first `keep`, and `...`."""
    if len(text) * 4 <= limit:
        return text
    size, kept = 0, 0
    for at, char in enumerate(text):
        size += len(char.encode("utf-8", "surrogatepass"))
        if size <= keep:
            kept = at + 1
        if size > limit:
            return text[:kept] + "..."
    return text


def one_line(text: str, width: int) -> str:
    """`text` on one line: white space collapsed, control characters visible, at most `width` characters."""
    # Four times the width is plenty unless white space fills it; this keeps long texts cheap.
    words = text if len(text) < 4096 else text[:4096] + " …"
    line = " ".join(words.split()).translate(_VISIBLE)
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def printable(text: str) -> str:
    """`text` with its lines kept and every other control character made visible."""
    return text.replace("\r\n", "\n").translate(_VISIBLE_LINES)


def config_of(node: Node) -> Mapping[str, Any] | None:
    """The node's config, or None when it cannot be read."""
    return decode_config(node.kind, node.query) if node.config is None else node.config


def member(config: Mapping[str, Any], key: str, default: str) -> str:
    """A text member of a config; anything but a text counts as missing."""
    value = config.get(key)
    return value if isinstance(value, str) else default


def timeout_of(config: Mapping[str, Any]) -> int | None:
    """The config's `timeout_seconds` when it is an integer."""
    value = config.get("timeout_seconds")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def bound(name: str | None) -> str:
    """How a binding is shown after its step."""
    return "" if name is None else f" |=> '{name}'"


def header(graph: Graph, node: Node) -> str:
    """The header of a frame: LOOP, JOIN, RACE or IF, without its name."""
    if node.kind is Kind.LOOP:
        return "LOOP (while)" if "condition" in node.children else "LOOP (infinite)"
    if node.kind is Kind.JOIN:
        return f"JOIN ({len(graph.branches(node))})"
    return "IF" if node.kind is Kind.IF_ROWS else node.kind.value


def kind_label(node: Node) -> str:
    """The kind as a card shows it; tells SQL that only the server can know from constant SQL."""
    if node.dynamic:
        return "SQL (dynamic)"
    return node.kind.value.replace("_", " ")


def detail(node: Node) -> str:
    """What a step does, in full: its SQL, its seconds, its schedule, its request, its signal, its value."""
    config = config_of(node) or {}
    match node.kind:
        case Kind.SQL:
            return "?" if node.query is None else node.query
        case Kind.SLEEP:
            return f"{node.query or '?'} s"
        case Kind.WAIT_SCHEDULE:
            return member(config, "cron_expr", "?")
        case Kind.HTTP | Kind.HTTP_MULTIPART:
            return f"{member(config, 'method', 'POST')} {member(config, 'url', '?')}"
        case Kind.SIGNAL:
            seconds = timeout_of(config)
            within = "" if seconds is None else f" within {seconds} s"
            return f"'{member(config, 'signal_name', '?')}'{within}"
        case Kind.BREAK:
            value = config.get("break_value")
            return f"'{value}'" if isinstance(value, str) else ""
        case Kind.IF_ROWS:
            return f"rows in '{member(config, 'result_name', '?')}'?"
        case _:
            return ""


def names_by_step(graph: Graph) -> dict[int, tuple[str, ...]]:
    """Result names by the index of the step that shows them.

    A sequence is never drawn, so a name on one is shown by its last step: the result it binds is that step's.
    """
    last: dict[int, int] = {}
    names: dict[int, tuple[str, ...]] = {}
    for node in reversed(graph.nodes):
        step = last[node.children["second"]] if node.kind is Kind.THEN else node.index
        last[node.index] = step
        if node.name is not None:
            names[step] = (*names.get(step, ()), node.name)
    return names
