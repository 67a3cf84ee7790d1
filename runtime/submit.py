"""From a compiled workflow to an instance: one call of df.start."""

from typing import TYPE_CHECKING, Any

from ..compiler import Graph, to_envelope

if TYPE_CHECKING:
    import psycopg


def start_instance(connection: "psycopg.Connection[Any]", graph: Graph) -> str:
    """Starts a workflow as the connection's role and commits; the id of the instance.

    Label and database are those that the script gives to df.start; a workflow without a label gets its name.
    Raises psycopg.Error with what the server says.
    """
    label = graph.name if graph.label is None else graph.label
    with connection.transaction():
        row = connection.execute(
            "SELECT df.start(%s, label => %s, database => %s)", (to_envelope(graph), label, graph.database)
        ).fetchone()
    assert row is not None
    return str(row[0])
