"""A neutral form of expression trees, in which ours and PostgreSQL's are compared."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

# Operators that only this language has; `&`, `|` and `@>` may as well be PostgreSQL's.
OWN_OPERATORS = frozenset({"~>", "|=>", "?>", "!>"})


@dataclass(frozen=True)
class Shape:
    """A node: what it is, its name, the character offset that marks it, and what it is made of.

    `hidden` holds expressions inside a call or a subquery: the two parsers look into these to different
    depths, so they are compared by `same_hidden`, not by equality. White space in names is left out:
    PostgreSQL's printer breaks lines inside of constants and names.
    """

    kind: str
    name: str
    at: int
    parts: "tuple[Shape, ...]" = ()
    hidden: "tuple[Shape, ...]" = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", "".join(self.name.split()))

    def walk(self) -> "Iterator[Shape]":
        """The node and everything below it, hidden parts too."""
        stack = [self]
        while stack:
            shape = stack.pop()
            yield shape
            stack.extend(reversed(shape.parts + shape.hidden))

    def __str__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}{self.kind} {self.name} @{self.at}"
        for part in self.parts:
            yield from part._lines(depth + 1)
        for part in self.hidden:
            yield f"{'  ' * depth}  inside:"
            yield from part._lines(depth + 2)


def same_hidden(ours: Shape, theirs: Shape, text: str) -> bool:
    """Whether what we found inside opaque parts is read alike, and nothing of the language was missed."""
    known = {shape for found in theirs.walk() for shape in _readings(found)}
    stack = [ours]
    while stack:
        shape = stack.pop()
        if not all(part in known for part in shape.hidden):
            return False
        stack.extend(shape.parts + shape.hidden)
    return _own_offsets(ours, text) == _own_offsets(theirs, text)


def _readings(shape: Shape) -> Iterator[Shape]:
    """The shape; and of `a AND b AND c` also `a AND b`, which PostgreSQL has merged into the whole."""
    yield shape
    if shape.kind in ("and", "or"):
        for count in range(2, len(shape.parts)):
            yield replace(shape, parts=shape.parts[:count])


def _own_offsets(shape: Shape, text: str) -> set[int]:
    """Where operators and calls of the language stand, but for operators spelt OPERATOR(...).

    `x ~> 1` is left out: between other things than texts it is an operator of the extension cube.
    """
    return {
        node.at
        for node in shape.walk()
        if node.kind == "call"
        or (
            node.kind == "operator"
            and node.name in OWN_OPERATORS
            and text.startswith(node.name, node.at)
            and not _begins_with_number(node.parts[-1])
        )
    }


def _begins_with_number(shape: Shape) -> bool:
    while shape.parts and (len(shape.parts) > 1 or shape.at == -1 or shape.parts[0].at < shape.at):
        shape = shape.parts[0]
    return shape.kind == "constant" and shape.name[:1] in "0123456789."
