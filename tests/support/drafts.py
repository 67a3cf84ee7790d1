"""Short ways to write workflows as drafts, for tests of the compiler's inside."""

import json

from dfsql.compiler.build import Draft
from dfsql.compiler.graph import Kind


def sql(text: str = "SELECT 1", name: str | None = None) -> Draft:
    return Draft(Kind.SQL, query=text, name=name)


def named(draft: Draft, name: str) -> Draft:
    draft.name = name
    return draft


def then(*steps: Draft) -> Draft:
    """A chain as `~>` builds it."""
    first, *others = steps
    for step in others:
        first = Draft(Kind.THEN, {"first": first, "second": step})
    return first


def if_(condition: Draft, yes: Draft, no: Draft) -> Draft:
    return Draft(Kind.IF, {"then": yes, "else": no, "condition": condition})


def if_rows(name: str, yes: Draft, no: Draft) -> Draft:
    config = {"condition_type": "result_has_rows", "result_name": name}
    return Draft(Kind.IF_ROWS, {"then": yes, "else": no}, query=json.dumps(config))


def join(*branches: Draft) -> Draft:
    return Draft(Kind.JOIN, {f"branch{number}": branch for number, branch in enumerate(branches, 1)})


def race(left: Draft, right: Draft) -> Draft:
    return Draft(Kind.RACE, {"branch1": left, "branch2": right})


def loop(body: Draft, condition: Draft | None = None) -> Draft:
    return Draft(Kind.LOOP, {"body": body} | ({"condition": condition} if condition else {}))


def break_(value: str | None = None) -> Draft:
    return Draft(Kind.BREAK, query=json.dumps({"break_value": value}))


def sleep(seconds: int = 5) -> Draft:
    return Draft(Kind.SLEEP, query=str(seconds))


def wait() -> Draft:
    return Draft(Kind.WAIT_SCHEDULE, query='{"cron_expr":"0 6 * * *"}')


def signal() -> Draft:
    return Draft(Kind.SIGNAL, query='{"signal_name":"go","timeout_seconds":null}')


def http(url: str = "https://h.example/") -> Draft:
    return Draft(Kind.HTTP, query=json.dumps({"url": url, "method": "GET", "body": None, "headers": None}))
