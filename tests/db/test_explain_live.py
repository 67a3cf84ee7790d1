"""df.explain of instances: header, marks, and rows that nobody should have written. No worker runs here."""

from collections.abc import Iterator
from random import Random

import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, Connection, DfDatabase, DfServer
from random_graphs import chain, random_graph

from dfsql.compiler import to_envelope

pytestmark = pytest.mark.needs_postgres


@pytest.fixture(scope="module")
def ready(server: DfServer) -> Iterator[DfDatabase]:
    """A database in which df.start works."""
    with server.database() as database:
        database.pretend_ready()
        yield database


@pytest.fixture
def app(ready: DfDatabase) -> Iterator[Connection]:
    """A connection of `app`."""
    with ready.connect() as connection:
        yield connection


def test_explain_of_an_instance(ready: DfDatabase, app: Connection) -> None:
    workflow = "('SELECT q()' |=> 'q') ~> df.race('SELECT fast()', df.sleep(60)) ~> df.if('SELECT ok()', 'yes', 'no')"
    instance = str(
        one(app, f"SELECT df.start({workflow} ~> df.loop('a', 'b') ~> df.join3('a', 'b', 'c'), 'nightly')")
    )

    def explained() -> list[str]:
        return [
            line.rstrip() for line in str(one(app, "SELECT df.explain(%s)", f" {instance}\n")).split("\n")
        ]

    assert explained()[:5] == [
        f"Instance: {instance} (nightly)",
        "Status:   ○ pending",
        "",
        "SQL: SELECT q() |=> 'q' ○",
        "→ RACE ○",
    ]
    done = "UPDATE df.nodes SET status = 'completed' WHERE instance_id = %s AND (query LIKE 'SELECT%%' OR node_type = 'RACE')"
    as_worker(ready, done, instance)
    as_worker(
        ready,
        "UPDATE df.nodes SET status = 'running' WHERE instance_id = %s AND (query = 'yes' OR node_type = 'IF')",
        instance,
    )
    as_worker(ready, "UPDATE df.instances SET status = 'running' WHERE id = %s", instance)
    assert explained() == [
        f"Instance: {instance} (nightly)",
        "Status:   ⏳ Running",
        "",
        "SQL: SELECT q() |=> 'q' ✓",
        "→ RACE ✓",
        "    ║ branch 1:",
        "      ├─SQL: SELECT fast() ✓",
        "    ║ branch 2:",
        "      └─SLEEP 60s ⊘",
        "→ IF ⏳",
        "    ? condition:",
        "      └─SQL: SELECT ok() ✓",
        "    ✓ then:",
        "      └─SQL: yes ⏳",
        "    ✗ else:",
        "      └─SQL: no ○",
        "→ LOOP (while) ○",
        "    ↻ body:",
        "      └─SQL: a ○",
        "    ? while:",
        "      └─SQL: b ○",
        "→ JOIN (3) ○",
        "    ║ branch 1:",
        "      ├─SQL: a ○",
        "    ║ branch 2:",
        "      ├─SQL: b ○",
        "    ║ branch 3:",
        "      └─SQL: c ○",
    ]
    as_worker(
        ready,
        "UPDATE _duroxide.runs SET outcome = 'failed', output = %s WHERE instance_id = %s",
        "ü" * 40,
        instance,
    )
    assert explained()[1:4] == ["Status:   ✗ Failed", "Output:   " + "ü" * 28 + "...", ""]
    with ready.connect("other") as other:
        assert one(other, "SELECT df.explain(%s)", instance) == f"Instance '{instance}' not found"


def test_explain_of_an_instance_without_label_or_nodes(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    text = one(app, "SELECT df.explain(%s)", instance)
    assert text == f"Instance: {instance}\nStatus:   ○ pending\n\nSQL: SELECT 1 ○    "
    with ready.connect(OWNER, autocommit=False) as owner:
        owner.execute("DELETE FROM df.nodes WHERE instance_id = %s", [instance])
        assert one(owner, "SELECT df.explain(%s)", instance) == f"No nodes found for instance '{instance}'"
        owner.rollback()


def test_explain_of_a_large_instance(app: Connection) -> None:
    graph = random_graph(Random(2), 3000)
    instance = start(app, to_envelope(graph))
    tree = str(one(app, "SELECT df.explain(%s)", instance)).split("\n\n", 1)[1]
    dry = str(one(app, "SELECT df.explain(%s)", to_envelope(graph)))
    plain = [line.rstrip().removesuffix(" ○").rstrip() for line in tree.split("\n")]
    assert plain == [line.rstrip() for line in dry.split("\n")]


def test_explain_of_rows_that_form_a_circle(ready: DfDatabase, app: Connection) -> None:
    instance = start(app, to_envelope(chain(3)))
    as_worker(
        ready,
        "UPDATE df.nodes n SET left_node = i.root_node FROM df.instances i"
        " WHERE i.id = n.instance_id AND i.id = %s AND n.node_type = 'THEN' AND n.id <> i.root_node",
        instance,
    )
    assert "SELECT 3" in str(one(app, "SELECT df.explain(%s)", instance))
