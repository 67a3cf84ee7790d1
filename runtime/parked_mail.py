"""Messages that came while their instance was in nobody's memory: they belong to the waits pending then."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .waits import Message

if TYPE_CHECKING:
    from .instance import Instance


async def hand_out(instance: "Instance", messages: Iterable[Message]) -> None:
    """Keep each message for the scopes that were parked at a wait of its name; every wait takes one message.

    A message that finds no such wait is kept for the next wait of its name, as one that comes while the instance runs.
    """
    served: set[str] = set()
    for message in messages:
        scopes = [one for one in _parked(instance, message.name) if one not in served]
        served.update(scopes)
        instance.waits.kept += await _addressed(instance, message, scopes)


def _parked(instance: "Instance", name: str) -> list[str]:
    """The scopes that the database shows at a wait for this name."""
    return [
        saved.scope_id
        for saved in instance.saved.values()
        if saved.wait_node and saved.ended is None and _signal_name(instance, saved.wait_node) == name
    ]


def _signal_name(instance: "Instance", node_id: str) -> object:
    node = instance.graph.nodes.get(node_id)
    if node is None or node.kind != "SIGNAL" or node.query is None:
        return None
    config = json.loads(node.query)  # it was read when the wait began
    return config.get("signal_name")


async def _addressed(instance: "Instance", message: Message, scopes: Sequence[str]) -> list[Message]:
    """The message, with the one scope that takes it; several scopes get copies, all in one commit."""
    if not scopes:
        instance.keep(message)
        return []
    if len(scopes) == 1:
        return [message._replace(for_scope=scopes[0])]
    copies = await instance.copy(message, scopes)
    return [message._replace(id=i, for_scope=scope) for i, scope in zip(copies, scopes, strict=False)]
