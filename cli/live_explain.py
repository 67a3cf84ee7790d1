"""What `dfsql explain --instance` shows: the tree as the server writes it, pictures with the states painted, JSON."""

import json
from typing import TYPE_CHECKING

from .console import say
from .instances import known, opened, unknown
from .outputs import Output, deliver
from .ps import facts
from .status import Status

if TYPE_CHECKING:
    from ..runtime import Instance, LiveGraph

FORMAT = "dfinstance/1"


def show(
    instance_id: str,
    dsn: str | None,
    *,
    format: str,
    full: bool,
    engine: str,
    focus: str | None,
    target: str | None,
) -> Status:
    """Writes an instance in a format of `explain`."""
    from ..compiler import ExplainError, UnknownStepError, explain
    from ..runtime import LiveGraphError, read_live_graph, tree_of

    with opened(dsn) as connection:
        instance = known(connection, instance_id)
        if format == "text" and not full and focus is None and engine == "builtin":
            _deliver(tree_of(connection, instance_id), target)
            return Status.OK
        try:
            live = read_live_graph(connection, instance_id)
        except LiveGraphError as error:
            say(str(error))
            return Status.FINDINGS
    if live is None:  # removed in between
        unknown(instance_id)
    if format == "json":
        _deliver(document(instance, live), target)
        return Status.OK
    try:
        text = explain(
            live.graph,
            format=format,
            full=full,
            engine=engine,
            title=_title(instance),
            focus=focus,
            statuses=live.statuses,
        )
    except ExplainError as error:
        say(str(error))
        return Status.NOTHING if isinstance(error, UnknownStepError) else Status.USAGE
    _deliver(text, target)
    return Status.OK


def document(instance: "Instance", live: "LiveGraph") -> str:
    """The instance, the state of its nodes, and its graph as dfgraph/1, as one JSON text."""
    from .. import __version__
    from ..compiler import to_dfgraph

    nodes = [
        {
            "id": node.id,
            "node_id": row.id,
            "status": row.status,
            "updated_at": row.updated_at.isoformat(),
            "result": None if row.result is None else json.loads(row.result),
        }
        for node, row in zip(live.graph.nodes, live.rows, strict=True)
    ]
    graph = to_dfgraph([live.graph], version=__version__)
    whole = {"format": FORMAT, "instance": facts(instance), "nodes": nodes, "graph": graph}
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _title(instance: "Instance") -> str:
    name = f"{instance.label} · " if instance.label else ""
    return f"{name}{instance.id} · {instance.status}"


def _deliver(text: str, target: str | None) -> None:
    deliver([Output("", text if text.endswith("\n") else text + "\n")], target)
