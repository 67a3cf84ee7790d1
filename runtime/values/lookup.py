"""Looks one reference up in the results: `$x`, `$x.c`, `$x.*`, and what each is when there is nothing to find.

All texts of SubstitutionError are fixed: authors of workflows read them in node rows and match on them.
"""

from collections.abc import Mapping

from ...compiler import DfsqlError, Reference
from .formats import Context, sql_array, sql_literal, sql_nested_array, sql_rows, write
from .json_text import JsonTextError, Value, dump
from .results import Head, Shape, head_of, rows_of

MOST_ROWS = 10_000  # of `$x.*`
NULL = "NULL"


class SubstitutionError(DfsqlError):
    """A reference that is bound cannot be replaced; the text is the node's failure."""


class Lookup:
    """The bound results as one text asks about them; what was parsed once is kept as long as it lives."""

    def __init__(self, bindings: Mapping[str, str], context: Context) -> None:
        self._bindings = bindings
        self._context = context
        self._heads: dict[str, Head] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._bindings

    def replacement(self, reference: Reference) -> str | None:
        """What stands in the reference's place; None leaves it as it is. Raises SubstitutionError."""
        name, column = reference.name, reference.column
        if reference.form == "rows":
            return self._rows(name)
        if column is None:
            return self._scalar(name, reference.null_safe)
        return self._column(name, column, reference.null_safe)

    def _head(self, name: str) -> Head:
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = head_of(self._bindings[name])
        return head

    def _scalar(self, name: str, null_safe: bool) -> str:
        """`$x`: the first column of the first row; of a result that is no row set, all of it (R4.9)."""
        shape, row = self._head(name)
        if shape is Shape.NO_ROWS:
            return _null(null_safe, _no_rows(name))
        if shape is not Shape.ROWS:
            text = self._bindings[name]
            return sql_literal(text) if self._context is Context.SQL else text
        if not isinstance(row, dict):
            raise SubstitutionError(f"${name}: first row is not an object")
        if not row:
            return _null(null_safe, f"${name}: first row has no columns")
        value = next(iter(row.values()))
        if value is None:
            return _null(null_safe, f"${name} is NULL — first column of first row is NULL")
        return write(value, self._context)

    def _column(self, name: str, column: str, null_safe: bool) -> str | None:
        """`$x.c`: a column of the first row, or a member of an object (R4.10)."""
        shape, fields = self._head(name)
        if shape is Shape.NO_ROWS:
            return _null(null_safe, _no_rows(name))
        if shape is Shape.INVALID:
            raise SubstitutionError(f"${name}.{column}: result is not valid JSON")
        if not isinstance(fields, dict):
            what = (
                "first row is not an object"
                if shape is Shape.ROWS
                else "result is neither a row set nor a JSON object"
            )
            raise SubstitutionError(f"${name}.{column}: {what}")
        if column not in fields:
            return self._absent(name, column, fields, null_safe)
        value = fields[column]
        if value is None:
            return _null(null_safe, f"${name}.{column} is NULL")
        return write(value, self._context)

    def _absent(self, name: str, column: str, fields: Mapping[str, Value], null_safe: bool) -> str | None:
        if null_safe:
            return NULL
        if self._context is Context.SQL:
            return None  # the server reports it, and in `$x.c` of a nested quote it may be meant
        available = ", ".join(sorted(fields))
        raise SubstitutionError(f"${name}.{column}: result has no field '{column}' (available: {available})")

    def _rows(self, name: str) -> str:
        """`$x.*`: all rows, in SQL as an item of FROM, raw as a JSON array (R4.11)."""
        rows = self._all_rows(name)
        if rows is None:
            raise SubstitutionError(f"${name}.* — invalid result format")
        if len(rows) > MOST_ROWS:
            raise SubstitutionError(
                f"${name}.* — result has {len(rows)} rows, exceeding the maximum of {MOST_ROWS} for row-set "
                "expansion. Use pagination or intermediate tables for large result sets."
            )
        if self._context is Context.RAW:
            return dump(rows)
        objects = [row for row in rows if isinstance(row, dict)]
        if len(objects) < len(rows):
            raise SubstitutionError(f"${name}.* — row is not an object")
        return sql_rows(name, objects)

    def _all_rows(self, name: str) -> list[Value] | None:
        try:
            return rows_of(self._bindings[name])
        except JsonTextError as error:
            raise SubstitutionError(f"${name}.* — invalid result JSON: {error}") from None

    def array(self, name: str) -> str | None:
        """What a bare `$x` alone inside ANY() or ALL() stands for: the first column of all rows.

        A first value that is an array itself is taken for the whole: a text that begins with `{` as it is
        (None: the ordinary replacement does that), a JSON array element by element. None too for a result
        that is no row set.
        """
        shape, row = self._head(name)
        if shape is Shape.NO_ROWS:
            return sql_array(())
        if shape is not Shape.ROWS or not isinstance(row, dict) or not row:
            return None
        column, first = next(iter(row.items()))
        if isinstance(first, list):
            return sql_nested_array(first)
        if isinstance(first, str) and first.startswith("{"):
            return None
        rows = self._all_rows(name) or ()
        return sql_array(row.get(column) if isinstance(row, dict) else None for row in rows)

    def owners(self, column: str) -> list[str]:
        """The bound row sets whose first row has a column of that name."""
        return [
            name
            for name in self._bindings
            if (head := self._head(name)).shape is Shape.ROWS
            and isinstance(head.value, dict)
            and column in head.value
        ]

    def owned(self, owner: str, column: str, null_safe: bool) -> str | None:
        """The column of its only owner, as `$owner.column` would give it."""
        return self._column(owner, column, null_safe)


def _null(null_safe: bool, failure: str) -> str:
    if null_safe:
        return NULL
    raise SubstitutionError(failure)


def _no_rows(name: str) -> str:
    return f"${name} has no rows — query returned zero results"
