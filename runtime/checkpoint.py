"""What one commit writes, collected while the walk goes on, and its form as the checkpoint function's parameters."""

import json
from collections.abc import Iterable
from typing import Any

Param = bytes | None


class Changes:
    """Node rows, bindings and rarer things that wait for the next commit of a scope."""

    __slots__ = ("bindings", "more", "nodes", "status")

    def __init__(self) -> None:
        self.nodes: dict[str, tuple[str, str | None, str]] = {}  # id -> status, result text, stamp
        self.bindings: dict[str, str] = {}
        self.status: str | None = None  # of the instance
        # Keys: clear, take, drop, fork, wait, intent, attempts, ended, execution, park, outcome, output.
        self.more: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return bool(self.nodes or self.bindings or self.more or self.status)

    def node(self, node_id: str, status: str, result: str | None, stamp: str) -> None:
        """A node row; the latest write of a node wins."""
        self.nodes[node_id] = (status, result, stamp)

    def parameters(
        self, scope_id: str, token: str, generation: int, position: str | None, carry: str | None
    ) -> tuple[Param, ...]:
        """The thirteen parameters of `_duroxide.checkpoint`."""
        nodes = self.nodes
        return (
            scope_id.encode(),
            token.encode(),
            b"%d" % generation,
            _text(position),
            _text(carry),
            text_array(nodes) if nodes else None,
            text_array(status for status, _, _ in nodes.values()) if nodes else None,
            text_array(result for _, result, _ in nodes.values()) if nodes else None,
            text_array(stamp for _, _, stamp in nodes.values()) if nodes else None,
            text_array(self.bindings) if self.bindings else None,
            text_array(self.bindings.values()) if self.bindings else None,
            _text(self.status),
            json.dumps(self.more).encode() if self.more else None,
        )


def _text(value: str | None) -> Param:
    return None if value is None else value.encode()


def text_array(values: Iterable[str | None]) -> bytes:
    """PostgreSQL's text form of a text array (manual, section 8.15.6)."""
    items = [
        "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value in values
    ]
    return ("{" + ",".join(items) + "}").encode()
