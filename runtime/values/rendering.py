"""Rows as PostgreSQL sends them (its text format) to the JSON text that is a step's result.

One converter per column, chosen by its type, and one template per row; both are kept for columns that come
again, since most workflows run the same statements over and over.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from ...compiler import DfsqlError
from .column_types import (
    BOOL,
    DATE,
    DOUBLE,
    INTEGERS,
    JSON,
    REAL,
    REFUSED,
    TEXTS,
    TIMESTAMP,
    TIMESTAMPTZ,
    VOID,
)
from .json_text import JsonTextError, compact, double, normalise, quote
from .timestamps import date, timestamp, timestamptz

EMPTY_RESULT = '{"rows":[],"row_count":0}'

Cell = bytes | None
_Convert = Callable[[Sequence[Cell]], list[str]]
_NOT_RENDERED: Mapping[int, Sequence[str | None]] = MappingProxyType({})
_FLOAT4 = struct.Struct("<f")
_SIMPLE_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Column(NamedTuple):
    """A column of a result: its name and the OID of its type, as the server's row description says."""

    name: str
    oid: int


class UnsupportedColumnError(DfsqlError):
    """No result text can hold a column; the text is the node's failure."""


def result_text(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    rendered: Mapping[int, Sequence[str | None]] = _NOT_RENDERED,
) -> str:
    """The result of a statement, `{"rows":[...],"row_count":n}` (rules R3.3 to R3.9).

    `rows` are cells in PostgreSQL's text format, None for NULL, from a session with DateStyle ISO and
    extra_float_digits of at least 1. `rendered[i]` are JSON texts of column i, made by the server; they are
    needed where `needs_server` says so. Raises UnsupportedColumnError.
    """
    if not rows:
        return EMPTY_RESULT
    if not columns:
        return f'{{"rows":[{",".join(["{}"] * len(rows))}],"row_count":{len(rows)}}}'
    template, converters = _plan(tuple(columns))
    values = [
        _given(columns[at], rendered[at]) if at in rendered else converters[at](cells)
        for at, cells in enumerate(zip(*rows, strict=True))
    ]
    objects = ",".join([template % row for row in zip(*values, strict=True)])
    return f'{{"rows":[{objects}],"row_count":{len(rows)}}}'


@lru_cache(maxsize=1024)
def _plan(columns: tuple[Column, ...]) -> tuple[str, list[_Convert]]:
    """The template of a row, for the operator %, and what converts each column's cells."""
    members = [quote(name).replace("%", "%%") + ":%s" for name in _keys([each.name for each in columns])]
    return "{" + ",".join(members) + "}", [_converter(column) for column in columns]


def _keys(names: Sequence[str]) -> list[str]:
    """The names, the later ones of the same name as `name_2`, `name_3`, ... as far as these are free."""
    taken = set(names)
    if len(taken) == len(names):
        return list(names)
    seen: set[str] = set()
    keys = []
    for name in names:
        key, number = name, 2
        if name in seen:
            while (key := f"{name}_{number}") in taken:
                number += 1
        seen.add(name)
        taken.add(key)
        keys.append(key)
    return keys


def _converter(column: Column) -> _Convert:
    oid = column.oid
    if oid in INTEGERS:
        return _integers
    if oid in JSON:
        return lambda cells: _json(column, cells)
    if oid in REFUSED:
        return lambda cells: _refuse(column)
    if oid in TEXTS:
        return _strings
    return _BY_OID.get(oid) or (lambda cells: _not_rendered(column))


def _integers(cells: Sequence[Cell]) -> list[str]:
    return ["null" if cell is None else cell.decode() for cell in cells]


def _strings(cells: Sequence[Cell]) -> list[str]:
    return ["null" if cell is None else quote(cell.decode()) for cell in cells]


def _booleans(cells: Sequence[Cell]) -> list[str]:
    return ["null" if cell is None else "true" if cell == b"t" else "false" for cell in cells]


def _nulls(cells: Sequence[Cell]) -> list[str]:
    return ["null"] * len(cells)


def _doubles(cells: Sequence[Cell]) -> list[str]:
    return ["null" if cell is None else _double(float(cell)) for cell in cells]


def _reals(cells: Sequence[Cell]) -> list[str]:
    """A real is rounded to what the server holds and then told as a double: 0.1 is 0.10000000149011612."""
    return ["null" if cell is None else _double(_float4(float(cell))) for cell in cells]


def _double(value: float) -> str:
    return double(value) if value - value == 0 else "null"  # NaN and the infinities


def _float4(value: float) -> float:
    widened: float = _FLOAT4.unpack(_FLOAT4.pack(value))[0]
    return widened


def _moments(convert: Callable[[str], str]) -> _Convert:
    def converted(cells: Sequence[Cell]) -> list[str]:
        return ["null" if cell is None else f'"{convert(cell.decode())}"' for cell in cells]

    return converted


_BY_OID: dict[int, _Convert] = {
    BOOL: _booleans,
    REAL: _reals,
    DOUBLE: _doubles,
    DATE: _moments(date),
    TIMESTAMP: _moments(timestamp),
    TIMESTAMPTZ: _moments(timestamptz),
    VOID: _nulls,
}


def _json(column: Column, cells: Sequence[Cell]) -> list[str]:
    """json and jsonb are the value itself, compact."""
    try:
        return ["null" if cell is None else _storable(normalise(cell.decode())) for cell in cells]
    except JsonTextError as error:
        raise UnsupportedColumnError(f"Failed to decode JSON column '{column.name}': {error}") from None


def _given(column: Column, texts: Sequence[str | None]) -> list[str]:
    """What the server made of a column, without its white space."""
    try:
        return ["null" if text is None else _storable(compact(text)) for text in texts]
    except JsonTextError as error:
        raise UnsupportedColumnError(f"Failed to decode JSON column '{column.name}': {error}") from None


def is_storable(result_text: str) -> bool:
    """Whether jsonb, and with it `df.nodes.result`, takes a JSON text: it has no place for U+0000."""
    return "\\u0000" not in result_text or not _NUL.search(result_text)


def _storable(text: str) -> str:
    if not is_storable(text):
        raise JsonTextError("\\u0000 cannot be stored")
    return text


def _refuse(column: Column) -> list[str]:
    what, advice = REFUSED[column.oid]
    name = column.name if _SIMPLE_NAME.fullmatch(column.name) else '"' + column.name.replace('"', '""') + '"'
    text = f"Unsupported column type '{what}' for column '{column.name}'. {advice.replace('{}', name)}"
    raise UnsupportedColumnError(text)


def _not_rendered(column: Column) -> list[str]:
    raise ValueError(f"column {column.name!r} of type {column.oid} must be rendered by the server")


def sql_error_text(message: str) -> str:
    """The failure of a node whose statement the server refused: its primary message only (rule R6.3)."""
    return f"SQL execution failed: error returned from database: {message}"
