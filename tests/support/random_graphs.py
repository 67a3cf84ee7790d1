"""Random workflows for tests: valid graphs over all kinds, the same ones for the same seed."""

import json
import random
from collections.abc import Callable

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.graph import Graph, Kind

NAMES = ("order", "x", "rows_1", "_t", "Total", "a", "customer", "batch")
COLUMNS = ("id", "state", "order_id", "_c")
VARIABLES = ("tenant", "region", "sys_instance_id", "limit 1")
SQL_TEXTS = (
    "SELECT 1",
    "UPDATE orders SET state = 'paid' WHERE id = $order.id",
    "INSERT INTO log (tenant, what) VALUES ('{tenant}', $x?)",
    "SELECT * FROM jsonb_to_recordset($rows_1.*) AS t (id int)",
    "SELECT 'größe', '日本語', '🙂' WHERE $Total > 0",
    "SELECT id,\n       name\nFROM customer -- the new ones\nWHERE region = '{region}'",
    'SELECT "a\\b", E\'\\n\' FROM "Table"',
    "CALL refresh('{sys_instance_id}')",
    "DELETE FROM queue WHERE id = ANY($batch)",
    "SELECT '<b>&amp;</b>', $$ text $$, '{\"k\": 1}'::jsonb",
    "",
)


def random_draft(rng: random.Random, size: int) -> Draft:
    """A valid tree of about `size` nodes. Breaks stand inside loops only."""
    return _tree(rng, max(1, size), in_loop=False)


def random_graph(rng: random.Random, size: int) -> Graph:
    """`random_draft`, assembled."""
    return assemble(random_draft(rng, size), name=rng.choice((None, "nightly", "Straße 1", 'a "b"')))


def chain(n: int, *, right: bool = False) -> Graph:
    """`n` SQL steps in sequence; as `~>` builds it (left-leaning), or right-leaning."""
    steps = [Draft(Kind.SQL, query=f"SELECT {number}") for number in range(1, n + 1)]
    if right:
        steps.reverse()
    root = steps[0]
    for step in steps[1:]:
        root = _then(step, root) if right else _then(root, step)
    return assemble(root)


def deep(n: int) -> Graph:
    """`n` constructs nested in one another: IF, JOIN, LOOP, RACE and IF_ROWS by turns, a step inside."""
    root = Draft(Kind.SQL, query="SELECT 'innermost'")
    for level in range(n):
        root = _NESTED[level % len(_NESTED)](root)
    return assemble(root)


def _then(first: Draft, second: Draft) -> Draft:
    return Draft(Kind.THEN, {"first": first, "second": second})


def _sql(text: str = "SELECT 1") -> Draft:
    return Draft(Kind.SQL, query=text)


def _rows_config(name: str) -> str:
    return _json({"condition_type": "result_has_rows", "result_name": name})


_NESTED: tuple[Callable[[Draft], Draft], ...] = (
    lambda inner: Draft(Kind.IF, {"then": inner, "else": _sql(), "condition": _sql()}),
    lambda inner: Draft(Kind.JOIN, {"branch1": _sql(), "branch2": inner, "branch3": _sql()}),
    lambda inner: Draft(Kind.LOOP, {"body": inner, "condition": _sql()}),
    lambda inner: Draft(Kind.RACE, {"branch1": inner, "branch2": _sql()}),
    lambda inner: Draft(Kind.IF_ROWS, {"then": _sql(), "else": inner}, query=_rows_config("x")),
)


def _tree(rng: random.Random, size: int, in_loop: bool) -> Draft:
    """Recursive over halves or so, thus about as deep as the logarithm of `size`, seldom more than 40."""
    kind = _pick_kind(rng, size)
    roles = _roles(rng, kind, size)
    draft = Draft(kind, query=_query(rng, kind)) if not roles else Draft(kind)
    if kind is Kind.IF_ROWS:
        draft.query = _rows_config(rng.choice(NAMES))
    inside = in_loop or kind is Kind.LOOP
    for role, share in zip(roles, _shares(rng, size - 1, len(roles)), strict=True):
        # A break in a loop's condition would leave the loop too, but nobody means that.
        draft.children[role] = _tree(rng, share, inside and not (kind is Kind.LOOP and role == "condition"))
    if kind is Kind.LOOP and rng.random() < 0.3:
        draft.children["body"] = _then(draft.children["body"], Draft(Kind.BREAK, query=_break(rng)))
    elif in_loop and not roles and rng.random() < 0.1:
        return Draft(Kind.BREAK, query=_break(rng))
    if rng.random() < 0.4:
        draft.name = rng.choice(NAMES)
    return draft


def _pick_kind(rng: random.Random, size: int) -> Kind:
    if size < 2:
        kinds = (Kind.SLEEP, Kind.WAIT_SCHEDULE, Kind.SIGNAL, Kind.HTTP, Kind.HTTP_MULTIPART)
        return Kind.SQL if rng.random() < 0.6 else rng.choice(kinds)
    if size == 2:
        return rng.choice((Kind.LOOP, Kind.SQL, Kind.SLEEP))
    if rng.random() < 0.45:
        return Kind.THEN
    branching = (Kind.RACE, Kind.JOIN, Kind.IF_ROWS)
    return rng.choice(branching if size == 3 else (*branching, Kind.IF, Kind.LOOP))


def _roles(rng: random.Random, kind: Kind, size: int) -> tuple[str, ...]:
    match kind:
        case Kind.THEN:
            return ("first", "second")
        case Kind.IF:
            return ("then", "else", "condition")
        case Kind.IF_ROWS:
            return ("then", "else")
        case Kind.RACE:
            return ("branch1", "branch2")
        case Kind.JOIN:
            most = max(2, min(4, size - 1))
            return ("branch1", "branch2", "branch3", "branch4")[: rng.randint(2, most)]
        case Kind.LOOP:
            return ("body", "condition") if size > 2 and rng.random() < 0.5 else ("body",)
        case _:
            return ()


def _shares(rng: random.Random, total: int, parts: int) -> list[int]:
    """`total` split into `parts` of at least 1 each, where it is enough for that."""
    if not parts:
        return []
    if total <= parts:
        return [1] * parts
    cuts = sorted(rng.sample(range(1, total), parts - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, total], strict=True)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _break(rng: random.Random) -> str:
    return _json({"break_value": rng.choice((None, "done", "$x", 'said "no"\n'))})


def _query(rng: random.Random, kind: Kind) -> str:
    """What a leaf keeps in `query`, in the reference's form."""
    match kind:
        case Kind.SQL:
            return _sql_text(rng)
        case Kind.SLEEP:
            return str(rng.choice((0, 5, 3600, 86400 * 30)))
        case Kind.WAIT_SCHEDULE:
            return _json({"cron_expr": rng.choice(("*/5 * * * *", "0 6 * * MON", "30 2 1 1,7 *"))})
        case Kind.SIGNAL:
            timeout = rng.choice((None, 60, 86400))
            return _json({"signal_name": rng.choice(("go", "approve-é", "a b")), "timeout_seconds": timeout})
        case Kind.HTTP:
            body = rng.choice((None, '{"id": "$order.id"}', "plain\ntext"))
            return _json(_http(rng) | {"body": body} | _tail(rng))
        case _:
            parts = [{"name": "file", "filename": "$x", "data_b64": "$rows_1.c"}, {"name": "größe"}]
            return _json(_http(rng) | {"method": "PUT", "parts": parts[: rng.randint(1, 2)]} | _tail(rng))


def _sql_text(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(SQL_TEXTS)
    name, column, variable = rng.choice(NAMES), rng.choice(COLUMNS), rng.choice(VARIABLES)
    accessor = rng.choice(("", "?", ".*", f".{column}", f".{column}?"))
    return f"SELECT ${name}{accessor} AS {column} FROM t{rng.randint(1, 99)} WHERE k = '{{{variable}}}'"


def _http(rng: random.Random) -> dict[str, object]:
    urls = ("https://api.example/v1/orders/$order.id", "{base}/q?x=$x", "https://example.org/ä")
    return {"url": rng.choice(urls), "method": rng.choice(("GET", "POST", "DELETE"))}


def _tail(rng: random.Random) -> dict[str, object]:
    headers = rng.choice((None, {}, {"X-Key": "{tenant}", "Accept": "text/plain"}))
    return {"headers": headers, "timeout_seconds": rng.choice((30, 5))}
