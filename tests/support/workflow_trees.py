"""Workflows as trees that tests can walk, and the expressions that start them."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    """A node of a workflow, and what a test has to know of it."""

    kind: str  # as stored, but for IF_ROWS
    parts: list["Node"] = field(default_factory=list)  # IF: condition, then, else; LOOP: body, condition
    text: str | None = None  # statement, seconds, break value, or name of a signal or result
    timeout: int | None = None
    name: str | None = None
    tag: str | None = None  # what a SQL step writes to the table of effects
    lost: int | None = None  # RACE: which branch never ends
    fate: str = (
        "runs"  # "lost": in a lost branch, maybe begun; "blocks": there, and never ends; "never": behind it
    )
    operator: bool = False  # written with an operator where there is one
    number: int = -1  # in preorder

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, in preorder."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass
class Workflow:
    """A tree, and the signals that belong to it."""

    root: Node
    kept: list[tuple[str, str]] = field(default_factory=list)  # name and payload, sent with the start
    live: dict[str, list[Node]] = field(default_factory=dict)  # sent whenever all of these wait
    blockers: int = 0  # statements that hold a session until their race is decided

    def __post_init__(self) -> None:
        for number, node in enumerate(self.root.walk()):
            node.number = number


def expression(node: Node) -> str:
    """The SQL expression that builds the node."""
    inner = _expression(node, [expression(part) for part in node.parts])
    if node.name is None:
        return inner
    return f"({inner} |=> '{node.name}')" if node.operator else f"df.as({inner}, '{node.name}')"


def _expression(node: Node, parts: list[str]) -> str:
    if node.kind == "SQL":
        return f"$q${node.text}$q$" if node.operator else f"df.sql($q${node.text}$q$)"
    if node.kind == "SLEEP":
        return f"df.sleep({node.text})"
    if node.kind == "SIGNAL":
        return f"df.wait_for_signal('{node.text}'{'' if node.timeout is None else f', {node.timeout}'})"
    if node.kind == "BREAK":
        return "df.break()" if node.text is None else f"df.break($q${node.text}$q$)"
    if node.kind == "IF_ROWS":
        return f"df.if_rows('{node.text}', {parts[0]}, {parts[1]})"
    if node.operator:
        if node.kind == "IF":
            return f"({parts[0]} ?> {parts[1]} !> {parts[2]})"
        if node.kind == "LOOP" and len(parts) == 1:
            return f"(@> {parts[0]})"
        sign = {"THEN": "~>", "JOIN": "&", "RACE": "|"}.get(node.kind)
        if sign and len(parts) == 2:
            return f"({parts[0]} {sign} {parts[1]})"
    function = {"THEN": "seq", "IF": "if", "LOOP": "loop", "RACE": "race"}.get(node.kind)
    return f"df.{function or ('join' if len(parts) == 2 else 'join3')}({', '.join(parts)})"
