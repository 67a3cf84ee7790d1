"""How a value of a result is written into a text: as SQL, or raw as HTTP wants it."""

from collections.abc import Iterable, Sequence
from enum import Enum

from .json_text import Number, Value, dump


class Context(Enum):
    """What a text is: SQL, where values are quoted, or anything else, where they go in as they are."""

    SQL = "sql"
    RAW = "raw"


def write(value: Value, context: Context) -> str:
    """A value that is not null as the context wants it (rule R4.8)."""
    return sql_value(value) if context is Context.SQL else raw_value(value)


def raw_value(value: Value) -> str:
    """A string as it is, anything else as compact JSON."""
    return value if isinstance(value, str) else dump(value)


def sql_value(value: Value) -> str:
    """A number or boolean bare, everything else but null as a literal. Needs standard_conforming_strings."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return sql_literal(value)
    return dump(value) if value is None or isinstance(value, bool) else sql_literal(dump(value))


def sql_literal(text: str) -> str:
    """A text as a literal that reads back as it, where backslashes are ordinary characters."""
    return "'" + text.replace("'", "''") + "'"


def sql_rows(name: str, rows: Sequence[dict[str, Value]]) -> str:
    """Rows as an item of FROM with the name as its alias (rule R4.11). Text is typed, numbers are not."""
    if not rows:
        return f'(SELECT NULL WHERE false) AS "{name}"'
    columns = list(rows[0])
    if not columns:
        return f'(SELECT FROM pg_catalog.generate_series(1, {len(rows)})) AS "{name}"'
    lines = ", ".join([_sql_row([row.get(column) for column in columns]) for row in rows])
    names = ", ".join([_sql_identifier(column) for column in columns])
    return f'(VALUES {lines}) AS "{name}"({names})'


def _sql_row(values: Iterable[Value]) -> str:
    return "(" + ", ".join([_sql_cell(value) for value in values]) + ")"


def _sql_cell(value: Value) -> str:
    if value is None:
        return "NULL"
    written = sql_value(value)
    return f"{written}::text" if written[0] == "'" else written


def _sql_identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sql_array(values: Iterable[Value]) -> str:
    """Values as one untyped array literal, so that PostgreSQL gives it the type it needs."""
    return sql_literal("{" + ",".join([_array_element(value) for value in values]) + "}")


def sql_nested_array(values: list[Value]) -> str:
    """A JSON array as an untyped array literal; arrays in it are its dimensions."""
    return sql_literal(_array_text(values))


def _array_text(values: list[Value]) -> str:
    written = [_array_text(value) if isinstance(value, list) else _array_element(value) for value in values]
    return "{" + ",".join(written) + "}"


def _array_element(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (bool, Number)):
        return dump(value)
    text = value if isinstance(value, str) else dump(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
