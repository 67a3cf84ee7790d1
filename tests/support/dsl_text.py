"""Writes drafts as expressions of the language: operators and calls by turns, as people mix them."""

import json
from collections.abc import Callable
from random import Random

from dfsql.compiler.build import Draft
from dfsql.compiler.graph import Kind


def expression(draft: Draft, rng: Random) -> str:
    """An expression that builds this node. A fourth branch of a JOIN, which none can, is left out."""
    text = _WRITERS.get(draft.kind, _composed)(draft, rng)
    if draft.name is None:
        return text
    if rng.random() < 0.5:
        return f"({text} |=> {literal(draft.name)})"
    return f'df."as"({text}, {literal(draft.name)})'


def literal(text: str | None) -> str:
    """An SQL literal."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _composed(draft: Draft, rng: Random) -> str:
    parts = {role: expression(child, rng) for role, child in draft.children.items() if role != "branch4"}
    operator, function = _FORMS[draft.kind]
    a, *others = parts.values()
    if draft.kind is Kind.IF:
        a, *others = parts["condition"], parts["then"], parts["else"]
    if operator is None or len(others) != operator.count("{}") - 1 or rng.random() < 0.4:
        name = "join3" if len(parts) == 3 and draft.kind is Kind.JOIN else function
        return f"df.{name}({', '.join([a, *others])})"
    return operator.format(a, *others)


_FORMS: dict[Kind, tuple[str | None, str]] = {
    Kind.THEN: ("({} ~> {})", "seq"),
    Kind.JOIN: ("({} & {})", "join"),
    Kind.RACE: ("({} | {})", "race"),
    Kind.LOOP: ("(@> {})", "loop"),
    Kind.IF: ("({} ?> {} !> {})", "if"),
}


def _sql(draft: Draft, rng: Random) -> str:
    text = literal(draft.query)
    return text if rng.random() < 0.7 else f"df.sql({text})"


def _config(draft: Draft) -> dict[str, object]:
    value: dict[str, object] = json.loads(draft.query or "")
    return value


def _text(value: object) -> str:
    """A member of a config as an argument."""
    if value is None or isinstance(value, str):
        return literal(value)
    return str(value) if isinstance(value, int) else literal(json.dumps(value, ensure_ascii=False))


def _call(draft: Draft, rng: Random) -> str:
    function, names = _CALLS[draft.kind]
    values = [_text(value) for value in _config(draft).values()]
    if rng.random() < 0.5:
        values = [f"{name} => {value}" for name, value in zip(names, values, strict=True)]
    return f"df.{function}({', '.join(values)})"


_CALLS: dict[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.WAIT_SCHEDULE: ("wait_for_schedule", ("cron_expr",)),
    Kind.SIGNAL: ("wait_for_signal", ("name", "timeout_seconds")),
    Kind.BREAK: ("break", ("value",)),
    Kind.HTTP: ("http", ("url", "method", "body", "headers", "timeout_seconds")),
    Kind.HTTP_MULTIPART: ("http_multipart", ("url", "method", "parts", "headers", "timeout_seconds")),
}


def _http(draft: Draft, rng: Random) -> str:
    """In the order of the parameters, which is not that of every config."""
    config = _config(draft)
    ordered = {name: config[name] for name in _CALLS[draft.kind][1]}
    return _call(Draft(draft.kind, query=json.dumps(ordered, ensure_ascii=False)), rng)


def _if_rows(draft: Draft, rng: Random) -> str:
    name = literal(str(_config(draft)["result_name"]))
    branches = [expression(draft.children[role], rng) for role in ("then", "else")]
    return f"df.if_rows({', '.join([name, *branches])})"


_WRITERS: dict[Kind, Callable[[Draft, Random], str]] = {
    Kind.SQL: _sql,
    Kind.SLEEP: lambda draft, rng: f"df.sleep({draft.query})",
    Kind.IF_ROWS: _if_rows,
    Kind.HTTP: _http,
    Kind.HTTP_MULTIPART: _http,
    **dict.fromkeys((Kind.WAIT_SCHEDULE, Kind.SIGNAL, Kind.BREAK), _call),
}
