"""Reads the text in which PostgreSQL prints its parse trees: `{A_EXPR :name ("~>") :lexpr <> ... :location 12}`."""

import re
from dataclasses import dataclass, field

# As PostgreSQL's own reader: white space and brackets end a token, a backslash takes the next character along.
_TOKEN = re.compile(r"[(){}]|(?:\\.|[^\\ \n\t(){}])+", re.S)
_ESCAPE = re.compile(r"\\(.)", re.S)

Value = "Dumped | list[Value] | str | None"


@dataclass
class Dumped:
    """A printed node: its label, the bare words after the label, and its fields."""

    label: str
    words: list[str] = field(default_factory=list)
    fields: dict[str, object] = field(default_factory=dict)

    def node(self, name: str) -> "Dumped":
        """A field that holds a node."""
        value = self.fields[name]
        assert isinstance(value, Dumped), (self.label, name, value)
        return value

    def optional(self, name: str) -> "Dumped | None":
        """A field that holds a node or nothing."""
        return None if self.fields[name] is None else self.node(name)

    def items(self, name: str) -> list[object]:
        """A field that holds a list; nothing is the empty list."""
        value = self.fields[name]
        if value is None:
            return []
        assert isinstance(value, list), (self.label, name, value)
        return value

    def nodes(self, name: str) -> "list[Dumped]":
        """A field that holds a list of nodes."""
        return [item for item in self.items(name) if isinstance(item, Dumped)]

    def strings(self, name: str) -> list[str]:
        """A field that holds a list of strings: the parts of a name."""
        return [unquoted(item) for item in self.items(name) if isinstance(item, str)]

    def text(self, name: str) -> str:
        """A field that holds a bare word."""
        value = self.fields[name]
        assert isinstance(value, str), (self.label, name, value)
        return value

    @property
    def location(self) -> int:
        """Byte offset into the statement, or -1."""
        return int(self.text("location"))


def unquoted(token: str) -> str:
    """The value of a string token. White space in it is not reliable: the printer breaks lines there."""
    inner = token[1:-1] if token.startswith('"') else token
    return _ESCAPE.sub(r"\1", inner)


def read_dump(text: str) -> Dumped:
    """The tree that a text shows."""
    top: list[object] = []
    stack: list[tuple[list[object], Dumped | None]] = []
    into: list[object] = top
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "({":
            stack.append((into, None))
            into = [token]
        elif token in ")}":
            closed, (into, _) = into, stack.pop()
            into.append(closed[1:] if token == ")" else _node(closed[1:]))
        else:
            into.append(None if token == "<>" else token)
    (root,) = top
    assert isinstance(root, Dumped)
    return root


def _node(items: list[object]) -> Dumped:
    label, *rest = items
    assert isinstance(label, str)
    node = Dumped(label)
    name = ""
    for item in rest:
        if not name and isinstance(item, str) and item.startswith(":"):
            name = item[1:]
        elif name:
            node.fields[name] = item
            name = ""
        else:
            assert isinstance(item, str), (label, item)
            node.words.append(item)
    return node
