"""JSON of column types that only the server can read: arrays, composite types, types of users."""

import json
from collections.abc import Awaitable, Callable, Sequence

from .checkpoint import text_array
from .errors import LostConnectionError
from .session import Command, Reply
from .values import UnsupportedColumnError

Ask = Callable[[Command], Awaitable[Reply]]

_RENDER = b"SELECT pg_catalog.to_json(_duroxide.render($1, $2))"
_TYPE = b"SELECT pg_catalog.format_type($1, -1)"


async def render(ask: Ask, oid: int, cells: Sequence[bytes | None], *, installed: bool) -> list[str | None]:
    """JSON texts of one column's cells, None for NULL.

    `installed` says whether schema df is in this database; elsewhere the same is asked in two steps.
    Raises UnsupportedColumnError when the server cannot say.
    """
    array = text_array(None if cell is None else cell.decode() for cell in cells)
    if installed:
        reply = await ask(Command(_RENDER, (b"%d" % oid, array)))
    else:
        named = await ask(Command(_TYPE, (b"%d" % oid,)))
        type_name = named.value() or "pg_catalog.text"  # quoted by the server where it has to be
        sql = (
            f"SELECT pg_catalog.json_agg(pg_catalog.to_json(c.v::{type_name})::pg_catalog.text ORDER BY c.n) "
            "FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS c(v, n)"
        )
        reply = await ask(Command(sql.encode(), (array,)))
    if reply.error is not None:
        if reply.error.transient:
            raise LostConnectionError(reply.error.message)
        raise UnsupportedColumnError(reply.error.message)
    found: list[str | None] = json.loads(reply.value() or "[]")
    return found
