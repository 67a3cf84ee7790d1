"""The code of the two published introductions to pg_durable, run as it is printed, does what the introductions say.

The blocks stand in tests/data/seeds. Only the placeholder id and the address of the web service are replaced.
"""

from pathlib import Path
from typing import Any

import pytest
from http_stand_in import StandIn
from spec_runner import Bench, NewBench

pytestmark = pytest.mark.needs_postgres

BLOCKS = Path(__file__).parents[1] / "data" / "seeds"
PLACEHOLDER = "a1b2c3d4"


def block(name: str, **replaced: str) -> str:
    """A block; PLACEHOLDER becomes `id`, the web service's address `web`."""
    text = (BLOCKS / f"{name}.dfsql").read_text("utf-8")
    text = text.replace("https://api.example.com", replaced.get("web", "https://api.example.com"))
    return text.replace(PLACEHOLDER, replaced.get("id", PLACEHOLDER))


def run(bench: Bench, text: str, user: str = "app") -> list[str]:
    """What psql prints for a block."""
    output = bench.psql(text, user)
    assert not output.problems, output.problems
    return output.rows


def one(bench: Bench, query: str, *values: object, user: str = "app") -> Any:
    with bench.connect(user) as connection:
        row = connection.execute(query, values).fetchone()
    return row[0] if row else None


def ended(bench: Bench, instance: str) -> str:
    return one(bench, "SELECT t.ended(%s)", instance)


def waits(bench: Bench, instance: str, kind: str) -> None:
    query = f"SELECT (t.node('{instance}', '{kind}')).status = 'running'"
    one(bench, "SELECT t.comes(%s, %s)", query, f"{kind} waits")


# rule: S-first-function
def test_first_function(new_bench: NewBench) -> None:
    bench = new_bench()
    start, look = block("first-function").split("-- Check status")
    (instance,) = run(bench, start)
    assert len(instance) == 8
    assert ended(bench, instance) == "completed"
    assert run(bench, look.replace(PLACEHOLDER, instance)) == [
        "completed",
        '{"rows": [{"?column?": "Hello, durable world!"}], "row_count": 1}',
    ]


# rule: S-first-function
def test_a_start_survives_until_a_worker_comes(new_bench: NewBench) -> None:
    bench = new_bench()
    bench.workers[0].kill()
    (instance,) = run(bench, block("first-function").split("-- Check status")[0])
    assert one(bench, "SELECT df.status(%s)", instance) == "pending"
    bench.start_worker()
    assert ended(bench, instance) == "completed"


# rule: S-variables
def test_variables(new_bench: NewBench) -> None:
    bench = new_bench()
    (instance,) = run(bench, block("variables"))
    assert ended(bench, instance) == "completed"
    assert one(bench, "SELECT df.result(%s)::jsonb", instance) == {"rows": [{"doubled": 200}], "row_count": 1}


# rule: S-etl
def test_nightly_etl(new_bench: NewBench) -> None:
    bench = new_bench()
    run(
        bench,
        """
        CREATE TABLE target (id int PRIMARY KEY, loaded_at timestamptz);
        CREATE TABLE staging (LIKE target);
        CREATE TABLE etl_log (job text, finished_at timestamptz);
        INSERT INTO target VALUES (1, now() - interval '2 days'), (2, now());
        INSERT INTO staging VALUES (3, now()), (4, now());""",
    )
    (instance,) = run(bench, block("etl"))
    assert ended(bench, instance) == "completed"
    assert one(bench, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM app.target") == "2 3 4"
    assert (
        one(bench, "SELECT string_agg(job, ' ') FROM app.etl_log WHERE finished_at IS NOT NULL") == "nightly"
    )
    assert one(bench, "SELECT label FROM df.instances WHERE id = %s", instance) == "nightly-etl"


# rule: S-etl
def test_nightly_etl_goes_on_behind_the_delete(new_bench: NewBench) -> None:
    """A crash between DELETE and INSERT: the rows that the DELETE would now match stay."""
    bench = new_bench()
    run(
        bench,
        """
        CREATE TABLE target (id int, loaded_at timestamptz);
        CREATE TABLE staging AS SELECT 1 AS id, now() AS loaded_at;
        CREATE TABLE etl_log (job text, finished_at timestamptz);
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
        CREATE TRIGGER slow BEFORE INSERT ON target FOR EACH STATEMENT EXECUTE FUNCTION slow();""",
    )
    (instance,) = run(bench, block("etl"))
    query = f"SELECT (t.node('{instance}', 'SQL', 2)).status = 'running'"
    one(bench, "SELECT t.comes(%s, 'the INSERT runs')", query)
    bench.workers[0].kill()
    with bench.connect() as app:
        app.execute("ALTER TABLE app.target DISABLE TRIGGER slow")  # waits for the killed worker's statement
        app.execute("INSERT INTO app.target VALUES (99, now() - interval '2 days')")
    bench.start_worker()
    assert ended(bench, instance) == "completed"
    assert one(bench, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM app.target") == "1 99"


# rule: S-cron-job S-cancel
def test_scheduled_job_and_its_cancellation(new_bench: NewBench) -> None:
    bench = new_bench()
    run(
        bench,
        "CREATE TABLE refreshed (at timestamptz);"
        "CREATE PROCEDURE refresh_materialized_views() LANGUAGE sql AS 'INSERT INTO app.refreshed VALUES (now())';",
    )
    with bench.connect("dfowner") as owner:  # a Friday, three seconds to nine
        owner.execute(
            "INSERT INTO _duroxide.clock_offset (by_much) SELECT '2031-01-03 08:59:57+00'::timestamptz - clock_timestamp()"
        )
    (instance,) = run(bench, block("cron-job"))
    one(bench, "SELECT t.comes('SELECT EXISTS (SELECT FROM app.refreshed)', 'nine o''clock')")
    waits(bench, instance, "WAIT_SCHEDULE")
    due = "SELECT wait_until::text FROM _duroxide.scopes WHERE scope_id = %s"
    assert one(bench, due, instance, user="dfowner") == "2031-01-06 09:00:00+00", "the next one is on Monday"
    assert run(bench, block("cancel", id=instance)) == [f"Instance {instance} cancelled: stop test cron job"]
    assert one(bench, "SELECT df.status(%s)", instance) == "cancelled"
    assert one(bench, "SELECT count(*) FROM app.refreshed") == 1


ORDERS = """CREATE TABLE orders (id int, order_id int, total numeric, status text);
            INSERT INTO orders VALUES (1, 1, 99.5, 'new'), (2, 2, 5, 'new');"""


# rule: S-approval
@pytest.mark.parametrize(("answer", "status"), [("true", "approved"), ("false", "rejected")])
def test_approval(new_bench: NewBench, answer: str, status: str) -> None:
    bench = new_bench()
    run(bench, ORDERS)
    start, approve = block("approval").split("-- Later")
    (instance,) = run(bench, start)
    waits(bench, instance, "SIGNAL")
    text = "-- Later" + approve.replace(PLACEHOLDER, instance).replace(
        '"approved": true', f'"approved": {answer}'
    )
    assert run(bench, text) == ["OK"]
    assert ended(bench, instance) == "completed"
    assert one(bench, "SELECT string_agg(status, ' ' ORDER BY id) FROM app.orders") == f"{status} new"


# rule: S-approval
def test_approval_that_nobody_gives(new_bench: NewBench) -> None:
    bench = new_bench()
    run(bench, ORDERS)
    (instance,) = run(bench, block("approval").split("-- Later")[0].replace("86400", "1"))
    assert ended(bench, instance) == "completed"
    assert one(bench, "SELECT status FROM app.orders WHERE id = 1") == "rejected"


# rule: S-http-call
def test_http_call(new_bench: NewBench, web: StandIn) -> None:
    bench = new_bench()
    run(bench, "CREATE TABLE app.users_cache (data jsonb); SELECT df.grant_usage('app', true)", "postgres")
    run(bench, "GRANT ALL ON app.users_cache TO app", "postgres")
    (instance,) = run(
        bench, block("http-call", web=web.url.replace("127.0.0.1", "localhost")).replace("/users/", "/user/")
    )
    assert ended(bench, instance) == "completed", one(bench, "SELECT t.output(%s)", instance)
    assert one(bench, "SELECT data FROM app.users_cache") == {"id": 123, "login": "octo"}


# rule: S-observe S-heartbeat
def test_observe_and_heartbeat(new_bench: NewBench) -> None:
    bench = new_bench()
    (instance,) = run(bench, block("variables"))
    assert ended(bench, instance) == "completed"
    with bench.connect("dfowner") as owner:
        owner.execute("SELECT df.grant_usage('app', false, true)")
    rows = run(bench, block("observe", id=instance))
    listed = f"{instance}||pg_durable::orchestration::execute-function-graph|completed|1|"
    assert rows[0].startswith(listed)
    assert rows[1].startswith(
        f"{instance}||pg_durable::orchestration::execute-function-graph|1.0.0|1|completed|"
    )
    assert rows[2].startswith("1|Completed|")
    assert [row.split("|")[1] for row in rows[3:6]] == ["THEN", "SQL", "SQL"]
    assert rows[6].startswith("1|0|1|0|1|")
    assert len(rows) == 7
    (beat,) = run(bench, block("heartbeat"), "dfowner")
    assert beat.split("|")[2] < "00:00:15"


# rule: S-document-batch
def test_document_batch(new_bench: NewBench) -> None:
    bench = new_bench()
    run(
        bench,
        "CREATE TABLE documents (id int, processed bool);"
        "INSERT INTO documents SELECT n, n > 130 FROM generate_series(1, 140) n;",
    )
    for left in (30, 0, 0):  # a hundred at a time, and none is no error
        (instance,) = run(bench, block("document-batch"))
        assert ended(bench, instance) == "completed"
        assert one(bench, "SELECT count(*) FROM app.documents WHERE NOT processed") == left


# rule: S-join S-join-operator
def test_join_and_its_operator(new_bench: NewBench) -> None:
    bench = new_bench()
    run(bench, "CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE b AS SELECT n FROM generate_series(1, 2) n;")
    (joined,) = run(bench, f"SELECT df.start({block('join').strip()});")
    (operator,) = run(bench, f"SELECT df.start({block('join-operator').strip()});")
    assert ended(bench, joined) == ended(bench, operator) == "completed"
    counts = [{"rows": [{"count": n}], "row_count": 1} for n in (1, 2)]
    assert one(bench, "SELECT df.result(%s)::jsonb", joined) == counts
    columns = [{"rows": [{"?column?": n}], "row_count": 1} for n in (1, 2)]
    assert one(bench, "SELECT df.result(%s)::jsonb", operator) == columns


# rule: S-forms
@pytest.mark.parametrize(
    ("form", "result"),
    [
        ("'SELECT 1' ~> 'SELECT 2 AS n'", {"rows": [{"n": 2}], "row_count": 1}),
        (
            "'SELECT 1 AS n, pg_sleep(0)::text AS s' | df.sleep(30)",
            {"rows": [{"n": 1, "s": ""}], "row_count": 1},
        ),
        ("'SELECT 2 > 1' ?> 'SELECT 1 AS n' !> 'SELECT 2 AS n'", {"rows": [{"n": 1}], "row_count": 1}),
        ("@> df.break('5')", 5),
        ("'SELECT id FROM t.effects LIMIT 1' |=> 'user_id'", {"rows": [], "row_count": 0}),
        ("df.sleep(1)", {"slept": True, "seconds": 1}),
        ("df.wait_for_signal('x', 1)", {"signal_name": "x", "timed_out": True, "data": None}),
        ("df.loop('SELECT 7 AS n', 'SELECT false')", {"rows": [{"n": 7}], "row_count": 1}),
        ("df.join3(df.sleep(0), df.sleep(0), df.sleep(0))", [{"slept": True, "seconds": 0}] * 3),
    ],
)
def test_forms(shared_bench: Bench, form: str, result: object) -> None:
    (instance,) = run(shared_bench, f"SELECT df.start({form}, 'a label', current_database());")
    assert ended(shared_bench, instance) == "completed"
    assert one(shared_bench, "SELECT df.result(%s)::jsonb", instance) == result


# rule: S-extension
def test_extension(new_bench: NewBench) -> None:
    """`CREATE EXTENSION pg_durable` needs files on the server, which `dfsql install --as-extension` writes; see the tests of install."""
    bench = new_bench()
    assert one(bench, "SELECT df.version()") is not None
