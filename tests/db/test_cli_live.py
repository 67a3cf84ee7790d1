"""A running instance's graph read from the server, and the commands about instances against a real database."""

import json
import random
from collections.abc import Iterator

import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, USERS, DfDatabase, DfServer
from random_graphs import random_graph

from dfsql.cli import main
from dfsql.compiler import explain, to_envelope
from dfsql.runtime import read_live_graph

pytestmark = pytest.mark.needs_postgres


@pytest.fixture(scope="module")
def ready(server: DfServer) -> Iterator[DfDatabase]:
    """A database in which df.start works, without a worker."""
    with server.database() as database:
        database.pretend_ready()
        yield database


def test_the_graph_is_the_one_that_was_started(ready: DfDatabase) -> None:
    with ready.connect() as app:
        for seed in range(60):
            graph = random_graph(random.Random(seed), 1 + seed)
            instance = start(app, to_envelope(graph), f"label {seed}")
            live = read_live_graph(app, instance)
            assert live is not None
            again = [(node.id, node.kind, node.name) for node in live.graph.nodes]
            assert again == [(node.id, node.kind, node.name) for node in graph.nodes]
            assert live.graph.name == f"label {seed}"
            assert set(live.statuses.values()) == {"pending"}
        assert read_live_graph(app, "00000000") is None


def test_the_tree_is_the_servers(ready: DfDatabase) -> None:
    """Header and blank line aside, the text that the server writes is the compiler's with these states."""
    states = ("pending", "running", "completed", "failed")
    with ready.connect() as app:
        for seed in range(40):
            rng = random.Random(seed)
            instance = start(app, to_envelope(random_graph(rng, 3 + seed)))
            for (node,) in app.execute(
                "SELECT id FROM df.nodes WHERE instance_id = %s", [instance]
            ).fetchall():
                update = "UPDATE df.nodes SET status = %s WHERE instance_id = %s AND id = %s"
                as_worker(ready, update, rng.choice(states), instance, node)
            live = read_live_graph(app, instance)
            assert live is not None
            text = str(one(app, "SELECT df.explain(%s)", instance))
            body = [line.rstrip() for line in text.split("\n")]
            body = body[body.index("") + 1 :]
            assert body == [line.rstrip() for line in explain(live.graph, statuses=live.statuses).split("\n")]


def run(database: DfDatabase, words: str, role: str = "app") -> int:
    first, *rest = words.split(" ", 1)
    return main([first, "--dsn", database.dsn(role), *(rest[0].split(" ") if rest else [])])


def test_status_result_and_ps(database18: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    database18.pretend_ready()
    with database18.connect() as app:
        ids = [start(app, "SELECT 1", f"number {number}") for number in range(3)]
    first, second, third = ids
    ends = "UPDATE df.instances SET status = %s WHERE id = %s"
    as_worker(database18, ends, "failed", first)
    as_worker(database18, "UPDATE _duroxide.runs SET output = 'no luck' WHERE instance_id = %s", first)
    as_worker(database18, ends, "completed", second)
    result = """UPDATE df.nodes SET status = 'completed', result = '{"a": [1]}' WHERE instance_id = %s"""
    as_worker(database18, result, second)

    def said(words: str, status: int, role: str = "app") -> tuple[str, str]:
        assert run(database18, words, role) == status
        out, err = capsys.readouterr()
        return out, err

    assert said(f"status {first}", 0) == ("failed\n", "")
    assert said(f"status {third}", 0) == ("pending\n", "")
    assert json.loads(said(f"status {first} --json", 0)[0])["error"] == "no luck"
    assert said(f"result {first}", 1) == ("", f"dfsql: instance {first} failed: no luck\n")
    assert said(f"result {second}", 0) == ('{"a": [1]}\n', "")
    assert "no result yet" in said(f"result {third}", 4)[1]
    rows = said("ps", 0)[0].splitlines()
    assert [row.split()[0] for row in rows] == ["ID", third]
    assert [row["id"] for row in json.loads(said("ps --all --json", 0)[0])] == [third, second, first]
    out, err = said("ps --all --limit 2", 0)
    assert [row.split()[0] for row in out.splitlines()] == ["ID", third, second]
    assert "there are more" in err
    assert [row.split()[0] for row in said("ps --status failed", 0)[0].splitlines()] == ["ID", first]
    assert said("ps --all", 0, USERS[1]) == ("", "dfsql: no instances\n")
    for words in ("status", "result", "cancel", "retry", "explain --instance"):
        assert "belongs to another role" in said(f"{words} {first}", 4, USERS[1])[1]
    assert "an id is 8 digits" in said("status 12", 4)[1]
    assert said("ps", 1, "outsider") == ("", "dfsql: the server refuses: permission denied for schema df\n")


def test_signal_and_cancel(database18: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    database18.pretend_ready()
    with database18.connect() as app:
        instance = start(app)
    dsn = ["--dsn", database18.dsn()]
    for data in ([], ["[1, 2]"], ["yes, no"]):
        assert main(["signal", instance, "go", *data, *dsn]) == 0
    sent = as_worker(database18, "SELECT name, payload FROM _duroxide.inbox ORDER BY id")
    assert sent == [("go", "{}"), ("go", "[1,2]"), ("go", '"yes, no"')]
    assert main(["signal", instance, "", *dsn]) == 1
    assert "Signal name cannot be empty" in capsys.readouterr().err
    assert main(["cancel", instance, "--reason", "not today", *dsn]) == 0
    assert capsys.readouterr().out == f"Instance {instance} cancelled: not today\n"
    assert main(["cancel", instance, *dsn]) == 1
    assert main(["signal", instance, "go", *dsn]) == 1
    assert capsys.readouterr().err.count("cancelled") == 2
    assert main(["retry", instance, *dsn]) == 1
    assert "no worker has seen the end" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["text", "svg", "dot", "mermaid", "html", "json"])
def test_explain_an_instance(format: str, ready: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    with ready.connect() as app:
        instance = start(app, "SELECT 1", "one")
        text = one(app, "SELECT df.explain(%s)", instance)
    assert main(["explain", "--instance", instance, "--format", format, "--dsn", ready.dsn()]) == 0
    out = capsys.readouterr().out
    if format == "text":
        assert out == f"{text}\n"
    elif format == "json":
        document = json.loads(out)
        assert document["format"] == "dfinstance/1"
        assert document["instance"]["id"] == instance
        assert [node["status"] for node in document["nodes"]] == ["pending"]
        assert document["graph"]["workflows"][0]["nodes"][0]["id"] == document["nodes"][0]["id"] == "s1"
    else:
        assert "pending" in out
        assert instance in out


def test_rows_by_hand_are_reported(ready: DfDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    with ready.connect() as app:
        instance = start(app)
    spoil = "UPDATE df.nodes SET node_type = 'LOOP', left_node = id, query = NULL WHERE instance_id = %s"
    as_worker(ready, spoil, instance)
    assert main(["explain", "--instance", instance, "--format", "svg", "--dsn", ready.dsn(OWNER)]) == 1
    assert "make no graph" in capsys.readouterr().err
