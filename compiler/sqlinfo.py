"""What PostgreSQL's own parser says about the SQL of one step.

The parser is a binding of libpg_query, imported when the first step is looked at. Without one nothing is
claimed: `SqlInfo.parser` is None and only what the lexical scan finds is filled in.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from .sqlcolumns import returned_columns
from .sqlkinds import Transactional, Tree, kind_of, transactional
from .sqlmask import Form, Placeholder, mask, placeholders, stand_in
from .sqlscan import STATEMENT_KEYWORDS, code_start, first_keyword
from .sqltables import survey

__all__ = [
    "STATEMENT_KEYWORDS",
    "SqlError",
    "SqlInfo",
    "StatementInfo",
    "Transactional",
    "available",
    "first_keyword",
    "inspect",
]

# The parser recurses in C without a limit of its own: a chain of 80,000 operators overflows its stack.
# Half as many fit in a text of this length, whatever it holds.
LONGEST = 50_000
# Its lexer needs quadratic time for nested comments and for runs of operator characters.
_SLOW = re.compile(r"[-+*/<>=~!@#%^&|`?]{400}")
_COMMENTS = 400
_QUOTED = 40  # so much of the text is quoted in a message
_VALUES = ("$1", "''", "1 ")  # what stands in for a value, by the number of places that take it


class SqlError(NamedTuple):
    """Why the text is not valid, in the words of PostgreSQL, and where (an offset into the text)."""

    message: str
    offset: int


class StatementInfo(NamedTuple):
    """One statement; `start` and `end` are offsets into the text, without surrounding blanks and comments."""

    kind: str  # "SELECT", "SELECT INTO", "VALUES", "INSERT", "CREATE INDEX", "DROP TABLE", ...
    start: int
    end: int
    returns_rows: bool  # CALL counts as returning none
    tables_read: tuple[str, ...]
    tables_written: tuple[str, ...]  # their rows or their definition
    transactional: Transactional
    target_columns: tuple[str | None, ...]  # None stands for columns that the text does not tell: `*`
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SqlInfo:
    """What is known of a text. All offsets count characters of the text as it was given."""

    parser: str | None = None  # the binding that looked at it; None: nothing was parsed
    statements: tuple[StatementInfo, ...] = ()
    error: SqlError | None = None
    uncertain: bool = False  # not parsed: too long, too deep, or wrong unless {var} brings in what is missing
    parameters: tuple[int, ...] = ()  # offsets of `$1` and the like
    any_of: tuple[tuple[str, int, int], ...] = ()  # (name, start, end) of `$x` alone in ANY(), SOME(), ALL()
    in_of: tuple[tuple[str, int, int], ...] = ()  # the same in IN ()


class _Binding(NamedTuple):
    name: str
    parse: Callable[[str], list[dict[str, Any]]]
    error: type[Exception]
    position: str  # the attribute of the error that holds the character's number, from 1
    too_deep: tuple[type[Exception], ...] = (RecursionError,)


def _bindings() -> Iterator[_Binding]:
    """The bindings that are installed, the preferred one first; each is imported when its turn comes."""
    for name in ("pgparse", "postgast"):
        binding = _load(name)
        if binding is not None:
            yield binding


@lru_cache
def _load(name: str) -> _Binding | None:
    try:
        return {"pgparse": _pgparse, "postgast": _postgast}[name]()
    except (ImportError, OSError):  # OSError: the wheel is there, its native library does not load
        return None


def _pgparse() -> _Binding:
    module = import_module("pgparse")
    return _Binding("pgparse", module.parse, module.PGQueryError, "position")


def _postgast() -> _Binding:
    module = import_module("postgast")
    to_dict = import_module("google.protobuf.json_format").MessageToDict
    decode_error = import_module("google.protobuf.message").DecodeError

    def parse(sql: str) -> list[dict[str, Any]]:
        return list(to_dict(module.parse(sql)).get("stmts", ()))

    too_deep = (RecursionError, decode_error)
    return _Binding("postgast", parse, module.PgQueryError, "cursorpos", too_deep)


def available() -> str | None:
    """The name of the binding in use, or None when none is installed."""
    binding = next(_bindings(), None)
    return None if binding is None else binding.name


def inspect(sql: str, names: Collection[str] | None = None) -> SqlInfo:
    """Everything known of one step's SQL.

    `$name` forms whose name is in `names` (None: all) are taken for the values they become, and so are
    `{var}` placeholders. The answer is kept, so asking again costs little. Never raises for a bad text.
    """
    if "$" in sql and names is not None:
        names = frozenset(name for name in names if f"${name}" in sql)  # the same key for the same question
        return _inspect(sql, names)
    return _inspect(sql, None)


def forget() -> None:
    """Drop the kept answers; a measurement wants to pay for them again."""
    _inspect.cache_clear()


@lru_cache(maxsize=32_768)
def _inspect(sql: str, names: frozenset[str] | None) -> SqlInfo:
    found: list[Placeholder] = []
    info = SqlInfo()
    if "$" in sql or "{" in sql:
        found, numbers = placeholders(sql, names)
        info = SqlInfo(
            parameters=tuple(numbers),
            any_of=tuple((each.name, each.start, each.end) for each in found if each.listed == "ANY"),
            in_of=tuple((each.name, each.start, each.end) for each in found if each.listed == "IN"),
        )
    parser = available()
    return info if parser is None else _parsed(sql, found, info, parser)


def _parsed(sql: str, found: list[Placeholder], info: SqlInfo, parser: str) -> SqlInfo:
    """Parses with every stand-in for values, then with every binding, until one is content.

    A value may turn out a number or a quoted text, and some places of the grammar take only one of them. The
    second binding knows another PostgreSQL version. The error is that of the first attempt.
    """
    if _is_too_much(sql):
        return replace(info, parser=parser, uncertain=True)
    if "\0" in sql:
        error = SqlError("a NUL character cannot be part of a statement", sql.index("\0"))
        return replace(info, parser=parser, error=error)
    failure: SqlError | None = None
    values = _VALUES if any(each.form is Form.VALUE for each in found) else _VALUES[:1]
    for binding in _bindings():
        for value in values:
            text = _encodable(mask(sql, found, value) if found else sql)
            try:
                tree = binding.parse(text)
            except binding.error as error:
                failure = failure or _located(sql, text, found, error, binding)
                continue
            except binding.too_deep:
                return replace(info, parser=binding.name, uncertain=True)
            statements = _restored(_statements(text, tree), found)
            return SqlInfo(
                binding.name,
                statements,
                parameters=info.parameters,
                any_of=info.any_of,
                in_of=info.in_of,
            )
    if any(each.form is Form.VARIABLE for each in found):
        return replace(info, parser=parser, uncertain=True)
    return replace(info, parser=parser, error=failure)


def _is_too_much(sql: str) -> bool:
    """Whether the parser could overflow its stack or take seconds."""
    if len(sql) <= 2 * _COMMENTS:  # too short for any of it to matter
        return False
    return len(sql) > LONGEST or sql.count("/*") > _COMMENTS or _SLOW.search(sql) is not None


def _encodable(text: str) -> str:
    """The text with lone surrogates replaced, which no parser could be given."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


_NEAR = re.compile(r'at or near "(.*)"\Z', re.DOTALL)


def _located(sql: str, text: str, found: list[Placeholder], error: Exception, binding: _Binding) -> SqlError:
    """The error at its place, quoting the text as the author wrote it and not its stand-in."""
    message = str(getattr(error, "message", error))
    offset = min(max(getattr(error, binding.position) - 1, 0), len(sql))
    near = _NEAR.search(message)
    if near and text.startswith(near[1], offset):
        end = offset + len(near[1])
        for each in found:
            if each.start < end and offset < each.end:
                offset, end = min(offset, each.start), max(end, each.end)
        message = f'{message[: near.start()]}at or near "{_short(sql[offset:end])}"'
    return SqlError(message, offset)


def _short(text: str) -> str:
    """The text, or the beginning of its first line: an open quote reaches to the end of everything."""
    line = text.splitlines()[0] if text else text
    return text if line == text and len(text) <= _QUOTED else f"{line[:_QUOTED]}..."


def _statements(text: str, tree: list[dict[str, Any]]) -> tuple[StatementInfo, ...]:
    encoded = None if text.isascii() else text.encode("utf-8")
    found = []
    for item in tree:
        start = item.get("stmt_location", 0)
        length = item.get("stmt_len", 0)
        if encoded is None:
            end = start + length if length else len(text)
        else:  # the tree counts bytes
            end = len(encoded[: start + length].decode("utf-8")) if length else len(text)
            start = len(encoded[:start].decode("utf-8"))
        ((name, node),) = item["stmt"].items()
        found.append(_statement(name, node, code_start(text, start), _code_end(text, end)))
    return tuple(found)


def _code_end(text: str, end: int) -> int:
    while end and text[end - 1] in " \t\r\n\f\v":
        end -= 1
    return end


def _statement(name: str, node: Tree, start: int, end: int) -> StatementInfo:
    columns = returned_columns(name, node)
    touched = survey(name, node)
    return StatementInfo(
        kind_of(name, node),
        start,
        end,
        columns is not None,
        touched.tables_read,
        touched.tables_written,
        transactional(name, node),
        columns or (),
        touched.functions,
    )


def _restored(statements: tuple[StatementInfo, ...], found: list[Placeholder]) -> tuple[StatementInfo, ...]:
    """The statements with the names that hold a `{var}` spelt as the author spelt them."""
    if not found:
        return statements
    words = {stand_in(each.name): f"{{{each.name}}}" for each in found if each.form is Form.VARIABLE}
    if not words:
        return statements
    pattern = re.compile("|".join(re.escape(word) for word in words))

    def restore(name: str) -> str:
        return pattern.sub(lambda match: words[match.group()], name)

    return tuple(
        each._replace(
            tables_read=tuple(map(restore, each.tables_read)),
            tables_written=tuple(map(restore, each.tables_written)),
            functions=tuple(map(restore, each.functions)),
            target_columns=tuple(name and restore(name) for name in each.target_columns),
        )
        for each in statements
    )
