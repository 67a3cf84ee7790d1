"""The JSON configs of nodes: compact text, key order and jsonb's canonical form."""

import json
from typing import Any

from .jsontext import quote


def compact(value: Any) -> str:
    """Compact JSON, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def jsonb(text: str) -> Any:
    """The value of a JSON text as jsonb keeps it: keys by length, then bytes; doubled keys collapse.

    Raises ValueError when the text is not JSON.
    """
    return _canonical(json.loads(text, parse_constant=_refuse))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _canonical(root: Any) -> Any:
    """The same value with every object's keys in jsonb's order; no recursion."""
    box = [root]
    stack: list[tuple[Any, Any]] = [(box, 0)]
    while stack:
        holder, key = stack.pop()
        value = holder[key]
        if isinstance(value, dict):
            ordered = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
            holder[key] = {name: value[name] for name in ordered}
            stack.extend((holder[key], name) for name in ordered)
        elif isinstance(value, list):
            stack.extend((value, index) for index in range(len(value)))
        elif isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 64:
            holder[key] = float(value)
    return box[0]


def config_text(**members: str | None) -> str:
    """A config from members that are JSON texts already; None stands for null."""
    return (
        "{"
        + ",".join(f"{quote(key)}:{'null' if text is None else text}" for key, text in members.items())
        + "}"
    )
