"""Texts of the engine's oracle: result JSON, truth and substitution, written from the rules, without the engine's code."""

import json
import re

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

NO_ROWS = '{"rows":[],"row_count":0}'
SQL_ERROR = "SQL execution failed: error returned from database: "


class FailureError(Exception):
    """A node failed; its argument is the text."""


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def compact(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def json_or_string(text: str) -> str:
    try:
        return compact(text)
    except ValueError:
        return quoted(text)


def answer(scratch: "psycopg.Connection[tuple[object, ...]]", statement: str) -> str:
    """The result text of a statement, which commits by itself."""
    result = scratch.pgconn.exec_(statement.encode())
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY):
        return NO_ROWS
    if result.status != ExecStatus.TUPLES_OK:
        message = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b""
        raise FailureError(SQL_ERROR + message.decode())
    keys: list[str] = []
    for column in range(result.nfields):
        name = (result.fname(column) or b"").decode()
        times = 1
        key = name
        while key in keys:
            times += 1
            key = f"{name}_{times}"
        keys.append(key)
    rows = []
    for row in range(result.ntuples):
        cells = [
            f"{quoted(key)}:{_cell(result.ftype(column), result.get_value(row, column))}"
            for column, key in enumerate(keys)
        ]
        rows.append(f"{{{','.join(cells)}}}")
    return f'{{"rows":[{",".join(rows)}],"row_count":{len(rows)}}}'


def _cell(oid: int, value: bytes | None) -> str:
    """A value of one of the few types that the workflows use, as JSON."""
    if value is None:
        return "null"
    text = value.decode()
    if oid == 16:  # boolean
        return "true" if text == "t" else "false"
    if oid in (20, 21, 23):  # integers
        return text
    if oid == 701:  # double precision
        return "null" if text == "NaN" else repr(float(text))
    if oid == 2278:  # void
        return "null"
    if oid in (114, 3802):  # json, jsonb
        return compact(text)
    if oid == 1007:  # array of integers
        return text.replace("{", "[").replace("}", "]")
    assert oid in (25, 1043, 1700), oid  # text, varchar, numeric
    return quoted(text)


def truth(text: str) -> bool:
    """Whether a condition with this result text is fulfilled."""
    value = json.loads(text)
    if isinstance(value, dict) and isinstance(value.get("rows"), list):
        if not value["rows"]:
            return False
        columns = list(value["rows"][0].values())
        value = columns[0] if columns else value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("", "false", "f", "no"):
            return False
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", word):
            return float(word) != 0
        return True
    return bool(value)


# Substitution


def with_variables(text: str, variables: dict[str, str]) -> str:
    return re.sub(r"\{([A-Za-z_]\w*)\}", lambda found: variables.get(found[1], found[0]), text)


def with_references(text: str, names: dict[str, str], *, raw: bool) -> str:
    if not names:
        return text
    longest_first = "|".join(sorted(names, key=len, reverse=True))
    pattern = rf"(ANY\()?\$({longest_first})(?:(\.\*)|\.([A-Za-z_]\w*)(\??)|(\?)|(?![A-Za-z0-9_]))"

    def value(found: re.Match[str]) -> str:
        prefix, name, star, column, null_safe_column, null_safe = found.groups()
        prefix = prefix or ""
        result = json.loads(names[name])
        rows = result.get("rows") if isinstance(result, dict) else None
        if star:
            return prefix + _row_set(name, rows)
        if column:
            return prefix + _column(name, column, result, bool(null_safe_column), raw)
        if rows is None:
            return prefix + (names[name] if raw else _literal(names[name]))
        if prefix and not null_safe and not raw:
            elements = [next(iter(row.values())) for row in rows]
            assert all(isinstance(element, int) for element in elements)
            return prefix + _literal(f"{{{','.join(map(str, elements))}}}")
        return prefix + _scalar(name, rows, bool(null_safe), raw)

    return re.sub(pattern, value, text)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _inserted(value: object, raw: bool) -> str:
    if isinstance(value, str):
        return value if raw else _literal(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _literal(text) if isinstance(value, list | dict) and not raw else text


def _scalar(name: str, rows: list[dict[str, object]], null_safe: bool, raw: bool) -> str:
    if not rows:
        if null_safe:
            return "NULL"
        raise FailureError(f"${name} has no rows \N{EM DASH} query returned zero results")
    if not rows[0]:
        if null_safe:
            return "NULL"
        raise FailureError(f"${name}: first row has no columns")
    value = next(iter(rows[0].values()))
    if value is None:
        if null_safe:
            return "NULL"
        raise FailureError(f"${name} is NULL \N{EM DASH} first column of first row is NULL")
    return _inserted(value, raw)


def _column(name: str, column: str, result: object, null_safe: bool, raw: bool) -> str:
    if not isinstance(result, dict):
        raise FailureError(f"${name}.{column}: result is neither a row set nor a JSON object")
    record = result
    if isinstance(result.get("rows"), list):
        if not result["rows"]:
            if null_safe:
                return "NULL"
            raise FailureError(f"${name} has no rows \N{EM DASH} query returned zero results")
        record = result["rows"][0]
    if column not in record:
        if null_safe:
            return "NULL"
        if raw:
            there = ", ".join(sorted(record))
            raise FailureError(f"${name}.{column}: result has no field '{column}' (available: {there})")
        return f"${name}.{column}"
    if record[column] is None:
        if null_safe:
            return "NULL"
        raise FailureError(f"${name}.{column} is NULL")
    return _inserted(record[column], raw)


def _row_set(name: str, rows: list[dict[str, object]] | None) -> str:
    if rows is None:
        raise FailureError(f"${name}.* \N{EM DASH} invalid result format")
    if not rows:
        return f'(SELECT NULL WHERE false) AS "{name}"'
    lines = []
    for row in rows:
        cells = [
            _inserted(cell, raw=False) + ("::text" if isinstance(cell, str) else "") for cell in row.values()
        ]
        lines.append(f"({', '.join('NULL' if cell == 'null' else cell for cell in cells)})")
    columns = ", ".join(f'"{column}"' for column in rows[0])
    return f'(VALUES {", ".join(lines)}) AS "{name}"({columns})'
