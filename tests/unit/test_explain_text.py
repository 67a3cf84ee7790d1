"""The text tree, byte for byte. `¶` in the data files marks the end of a padded line."""

import json
import random
import time
from pathlib import Path

import pytest
from random_graphs import chain, deep, random_graph

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain.text import render
from dfsql.compiler.graph import Kind

DATA = Path(__file__).parent.parent / "data" / "explain"


def sql(query: str | None, name: str | None = None) -> Draft:
    return Draft(Kind.SQL, query=query, name=name)


def leaf(kind: Kind, name: str | None = None, **config: object) -> Draft:
    return Draft(kind, query=json.dumps(config, separators=(",", ":")), name=name)


def sleep(seconds: int) -> Draft:
    return Draft(Kind.SLEEP, query=str(seconds))


def then(*steps: Draft) -> Draft:
    root = steps[0]
    for step in steps[1:]:
        root = Draft(Kind.THEN, {"first": root, "second": step})
    return root


def named(draft: Draft, name: str) -> Draft:
    draft.name = name
    return draft


def when(condition: Draft, yes: Draft, no: Draft) -> Draft:
    return Draft(Kind.IF, {"then": yes, "else": no, "condition": condition})


def when_rows(name: str, yes: Draft, no: Draft) -> Draft:
    config = json.dumps({"condition_type": "result_has_rows", "result_name": name})
    return Draft(Kind.IF_ROWS, {"then": yes, "else": no}, query=config)


def join(*branches: Draft) -> Draft:
    return Draft(Kind.JOIN, {f"branch{number}": branch for number, branch in enumerate(branches, 1)})


def race(first: Draft, second: Draft) -> Draft:
    return Draft(Kind.RACE, {"branch1": first, "branch2": second})


def loop(body: Draft, condition: Draft | None = None) -> Draft:
    return Draft(Kind.LOOP, {"body": body} | ({"condition": condition} if condition else {}))


def schedule(expression: str) -> Draft:
    return leaf(Kind.WAIT_SCHEDULE, cron_expr=expression)


def signal(name: str, timeout: int | None = None) -> Draft:
    return leaf(Kind.SIGNAL, signal_name=name, timeout_seconds=timeout)


def http(url: str, method: str) -> Draft:
    return leaf(Kind.HTTP, url=url, method=method, body=None, headers=None, timeout_seconds=30)


EXAMPLES = {
    "01_sequence": then(
        named(
            then(
                sql("SELECT id FROM parcels WHERE due LIMIT 1", "p"),
                sql("UPDATE parcels SET sent = true WHERE id = $p RETURNING id"),
            ),
            "upd",
        ),
        sleep(5),
    ),
    "02_conditional": when(
        sql("SELECT count(*) > 100 FROM inbox"),
        then(sql("SELECT drain()"), sql("SELECT report()")),
        sleep(30),
    ),
    "03_do_while": named(loop(sql("SELECT step()"), sql("SELECT more()")), "last"),
    "04_join_race_loop": named(
        join(
            sql("SELECT 1"),
            race(signal("go", 60), schedule("0 6 * * MON")),
            loop(then(sql("SELECT tick()"), sleep(1))),
        ),
        "all",
    ),
    "05_loop_break": then(
        loop(
            then(
                schedule("*/15 * * * *"),
                join(sql("SELECT f()"), then(sql("SELECT g()", "g"), signal("ok"))),
                when(
                    sql("SELECT h()"),
                    leaf(Kind.BREAK, break_value='{"state":"finished","n":1}'),
                    sql("SELECT 1"),
                ),
            )
        ),
        sql("SELECT after()"),
    ),
    "06_named_race": then(
        named(race(sql("SELECT slow()"), sleep(30)), "winner"),
        when_rows("winner", sql("SELECT 1"), leaf(Kind.BREAK, break_value=None)),
    ),
    "07_sequence_branch": join(
        then(sql("SELECT a()"), sql("SELECT b()")),
        http("https://api.example.org/v1/orders/123456789/items", "GET"),
    ),
    "08_ladder": join(
        join(
            when(sql("SELECT c1"), sql("SELECT t"), when(sql("SELECT c2"), sql("SELECT u"), sql("SELECT e"))),
            sql("SELECT x"),
        ),
        sql("SELECT y"),
    ),
    "09_truncation": then(
        sql("SELECT customer_id, total FROM invoices WHERE paid IS NULL"),
        sql("SELECT 1\n  FROM t\n WHERE x"),
        sql("SELECT 12345678901234567890123456789012345678901234"),
        sql("SELECT 1234567890123456789012345678901234567890123"),
    ),
    "10_partial": then(
        sql('{"condition": "SELECT c", "_partial_if": true, "then_branch": "SELECT t"}'), sql("SELECT u")
    ),
}


def expected(name: str) -> str:
    return (DATA / f"{name}.txt").read_text(encoding="utf-8").replace("¶", "").removesuffix("\n")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_worked_examples(name: str) -> None:
    assert render(assemble(EXAMPLES[name])) == expected(name)


def test_every_data_file_is_used() -> None:
    assert {path.stem for path in DATA.glob("*.txt")} == {*EXAMPLES, "live"}


def test_statuses_of_a_live_instance() -> None:
    graph = assemble(
        then(
            sql("SELECT q()", "q"),
            race(sql("SELECT fast()"), sleep(60)),
            when(sql("SELECT ok()"), sql("SELECT yes()"), sql("SELECT no()")),
            sql("SELECT last()"),
        )
    )
    statuses = {
        "s1": "completed",
        "s2": "completed",
        "s2.r1.s1": "completed",
        "s2.r2.s1": "skipped",
        "s3": "running",
        "s3.cond.s1": "completed",
        "s3.then.s1": "running",
        "s3.else.s1": "pending",
        "s4": "pending",
        "t2": "failed",  # a sequence never shows its status
    }
    assert render(graph, statuses=statuses) == expected("live")


@pytest.mark.parametrize(
    ("status", "line"),
    [("failed", "SLEEP 1s ✗    "), ("skipped", "SLEEP 1s ⊘    "), ("strange", "SLEEP 1s    ")],
)
def test_marks(status: str, line: str) -> None:
    assert render(assemble(sleep(1)), statuses={"s1": status}) == line


A47, A50 = "a" * 47, "a" * 50
LINES = [
    (sql(None), "SQL: ?"),
    (sql(""), "SQL:"),
    (sql("SELECT 1", "x"), "SQL: SELECT 1 |=> 'x'"),
    (sql(A50), f"SQL: {A50}"),
    (sql(A50 + "b"), f"SQL: {A47}..."),
    # 25 two-byte characters are 50 bytes; a 26th is too much, and 47 bytes end inside the 24th.
    (sql("é" * 25), f"SQL: {'é' * 25}"),
    (sql("é" * 26), f"SQL: {'é' * 23}..."),
    (sql("a" + "é" * 25), f"SQL: a{'é' * 23}..."),
    (sql("日" * 17), f"SQL: {'日' * 15}..."),
    (sql("🙂" * 12 + "xy"), f"SQL: {'🙂' * 12}xy"),
    (sql("🙂" * 13), f"SQL: {'🙂' * 11}..."),
    (Draft(Kind.SLEEP), "SLEEP ?s"),
    (Draft(Kind.SLEEP, query="7", name="nap"), "SLEEP 7s |=> 'nap'"),
    (Draft(Kind.WAIT_SCHEDULE, query="* * * * *"), "WAIT '?'"),
    (leaf(Kind.WAIT_SCHEDULE, "w", cron_expr="* * * * *"), "WAIT '* * * * *' |=> 'w'"),
    (Draft(Kind.SIGNAL, query="{"), "SIGNAL '?'"),
    (leaf(Kind.SIGNAL, timeout_seconds=3), "SIGNAL '?' (3s)"),
    (leaf(Kind.SIGNAL, "s", signal_name="go", timeout_seconds=3), "SIGNAL 'go' (3s) |=> 's'"),
    (leaf(Kind.SIGNAL, signal_name="it's", timeout_seconds=1.5), "SIGNAL 'it's'"),
    (leaf(Kind.SIGNAL, signal_name="go", timeout_seconds=True), "SIGNAL 'go'"),
    (Draft(Kind.BREAK), "BREAK"),
    (leaf(Kind.BREAK, "b", break_value=7), "BREAK |=> 'b'"),
    (leaf(Kind.BREAK, break_value=""), "BREAK ''"),
    (leaf(Kind.BREAK, break_value="a" * 20), f"BREAK '{'a' * 20}'"),
    (leaf(Kind.BREAK, "b", break_value="a" * 21), f"BREAK '{'a' * 17}...' |=> 'b'"),
    (leaf(Kind.BREAK, break_value="é" * 11), f"BREAK '{'é' * 8}...'"),
    (Draft(Kind.HTTP), "HTTP ? ?"),
    (Draft(Kind.HTTP, query="[1]"), "HTTP ? ?"),
    (leaf(Kind.HTTP), "HTTP POST ?"),
    (leaf(Kind.HTTP, "r", url="u" * 40, method="PUT"), f"HTTP PUT {'u' * 40} |=> 'r'"),
    (leaf(Kind.HTTP_MULTIPART, url="u" * 41), f"HTTP_MULTIPART POST {'u' * 37}..."),
    (leaf(Kind.HTTP, url="é" * 21), f"HTTP POST {'é' * 18}..."),
]


@pytest.mark.parametrize(("draft", "line"), LINES, ids=[line for _, line in LINES])
def test_leaf_lines(draft: Draft, line: str) -> None:
    assert render(assemble(draft)) == line + "    "


@pytest.mark.parametrize(
    ("draft", "line"),
    [
        (named(loop(sql("a")), "x"), "LOOP (infinite) |=> 'x'"),
        (named(when(sql("a"), sql("b"), sql("c")), "x"), "IF |=> 'x'"),
        (named(when_rows("r", sql("b"), sql("c")), "x"), "IF |=> 'x'"),
        (named(join(*[sql("a")] * 4), "x"), "JOIN (4) |=> 'x'"),
        (named(race(sql("a"), sql("b")), "x"), "RACE"),
    ],
)
def test_frame_lines(draft: Draft, line: str) -> None:
    assert render(assemble(draft)).splitlines()[0].rstrip() == line


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("a\r\nb", ["SQL: a    ", "b         "]),
        ("a\rb", ["SQL: a\rb    "]),
        ("a\x85b\u2028c", ["SQL: a\x85b\u2028c    "]),  # only a newline breaks a line
        ("a\n \u3000\n", ["SQL: a    "]),  # the end of the whole output is trimmed
        ("a\x1f", ["SQL: a\x1f    "]),  # no white space in Unicode's sense
        ("a  \nb", ["SQL: a      ", "b           "]),  # inner lines keep their blanks
    ],
)
def test_line_breaks_and_trimming(query: str, lines: list[str]) -> None:
    assert render(assemble(sql(query))).split("\n") == lines


def test_grouping_of_a_sequence_does_not_show() -> None:
    assert render(chain(7, right=True)) == render(chain(7))


def test_full_cuts_nothing() -> None:
    graph = assemble(
        then(sql("x" * 90), http("https://" + "h" * 90, "GET"), leaf(Kind.BREAK, break_value="v" * 90))
    )
    shown = render(graph, full=True)
    assert [line.rstrip() for line in shown.split("\n")] == [
        f"SQL: {'x' * 90}",
        f"→ HTTP GET https://{'h' * 90}",
        f"→ BREAK '{'v' * 90}'",
    ]


def test_hidden_steps_are_counted() -> None:
    graph = assemble(
        then(
            sql("SELECT 1"),
            sql("SELECT 2"),
            when(sql("SELECT 3"), sql("SELECT 4"), then(sql("SELECT 5"), loop(sql("SELECT 6")))),
            sql("SELECT 7"),
            sql("SELECT 8"),
        )
    )
    kept = {"s3", "s3.then.s1", "s4"}
    hidden = {node.id for node in graph.nodes if node.id not in kept}
    shown = render(graph, hide=frozenset(hidden))
    assert [line.rstrip() for line in shown.split("\n")] == [
        "… 2 steps hidden",
        "→ IF",
        "    ? condition:",
        "      └─… 1 step hidden",
        "    ✓ then:",
        "      └─SQL: SELECT 4",
        "    ✗ else:",
        "      └─… 3 steps hidden",
        "→ SQL: SELECT 7",
        "→ … 1 step hidden",
    ]


@pytest.mark.parametrize("right", [False, True])
def test_long_chain(right: bool) -> None:
    lines = render(chain(10_000, right=right)).split("\n")
    assert len(lines) == 10_000
    assert lines[-1].rstrip() == "→ SQL: SELECT 10000"


def test_deep_nesting() -> None:
    lines = render(deep(300)).split("\n")
    assert sum("'innermost'" in line for line in lines) == 1
    assert len({len(line) for line in lines}) == 1


def test_time_is_linear() -> None:
    def seconds(size: int) -> float:
        graph = chain(size)
        start = time.process_time()
        render(graph)
        return time.process_time() - start

    small = min(seconds(2_000) for _ in range(5))
    large = min(seconds(20_000) for _ in range(3))
    assert large < 40 * small  # 10 times in theory, 100 times if it were quadratic


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed: int) -> None:
    graph = random_graph(random.Random(seed), 5 + seed)
    shown = render(graph)
    assert shown == render(graph)
    lines = shown.split("\n")
    assert len({len(line) for line in lines}) == 1
    full = render(graph, full=True)
    assert full.count("║ branch") == sum(len(graph.branches(node)) for node in graph.nodes)
    for node in graph.nodes:
        if node.kind is Kind.SQL:
            for part in (node.query or "").split("\n"):
                assert part in full
