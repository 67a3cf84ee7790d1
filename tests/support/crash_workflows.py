"""Workflows that together use every kind of node, what happens to them from outside, and the state that they must end in."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from df_database import OWNER, Connection, DfDatabase

TABLES = """
CREATE TABLE effects (instance text NOT NULL, step text NOT NULL, note text);
CREATE TABLE loose (instance text NOT NULL, step text NOT NULL);
CREATE SEQUENCE failures;
CREATE FUNCTION flaky() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('failures') % 3 <> 0 THEN
        RAISE EXCEPTION 'try again' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN 'fine';
END $$;
CREATE PROCEDURE bump(p_instance text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loose VALUES (p_instance, 'bump');
    COMMIT;
END $$;
GRANT ALL ON effects, loose, failures TO app, other;
"""

_ME = "{sys_instance_id}"


def note(step: str, value: str = "NULL") -> str:
    """A step that leaves one row."""
    return f"$$INSERT INTO effects VALUES ('{_ME}', '{step}', {value})$$"


def fewer(step: str, number: int) -> str:
    """A condition: the instance has left fewer rows than that."""
    return f"$$SELECT count(*) < {number} FROM effects WHERE instance = '{_ME}' AND step = '{step}'$$"


_LOST = f"$$INSERT INTO effects SELECT '{_ME}', 'lost' FROM pg_sleep(30)$$"

# label -> expression. Rows of `effects` say what was done.
WORKFLOWS = {
    "steps": f"""({note("first")} |=> 'one')
        ~> df.join3({note("left")}, {note("right")} ~> {note("right2")}, 'SELECT 1 AS x')
        ~> df.race({note("won")}, {_LOST} ~> {note("never")})
        ~> (df.loop({note("turn")}, {fewer("turn", 3)}) |=> 'turns')
        ~> ('SELECT flaky()' |=> 'luck')
        ~> {note("luck", "$luck.flaky")}
        ~> $$CALL bump('{_ME}')$$
        ~> 'SELECT 42 AS answer'""",
    "rounds": f"df.loop({note('round')} ~> {note('echo')}, {fewer('round', 3)})",
    "endless": f"""df.loop({note("spin")} ~> ({fewer("spin", 2)} ?> 'SELECT 1' !> df.break('{{"over": true}}')))
        ~> {note("after")}""",
    "nap": f"df.join(df.sleep(1) ~> {note('awake')}, {note('beside')}) ~> 'SELECT 2'",
    "mail": f"""df.join(
        (df.wait_for_signal('go') |=> 'm') ~> {note("got", "$m.data::text")},
        (df.wait_for_signal('go', 600) |=> 'n') ~> {note("too", "$n.data::text")})""",
    "queue": f"""df.loop((df.wait_for_signal('item') |=> 'm') ~> {note("item", "$m.data::text")}, {fewer("item", 3)})""",
    "busy": f"{note('begun')} ~> 'SELECT pg_sleep(60)' ~> {note('never')}",
    "idle": f"{note('begun')} ~> df.sleep(3600) ~> {note('never')}",
    "wrong": f"{note('begun')} ~> 'SELECT 1 / 0' ~> {note('never')}",
}
CANCELLED = ("busy", "idle")


def prepare(database: DfDatabase) -> None:
    """Make the tables, and let HTTP steps reach this computer."""
    with database.connect(OWNER) as connection:
        connection.execute(TABLES)
        connection.execute("SELECT df._set('dfsql.http_mode', 'allowlist')")
        connection.execute("SELECT df._set('dfsql.http_allow', '127.0.0.1')")
        connection.execute("SELECT df.grant_usage('app', include_http => true)")


class Drive:
    """Starts the workflows in a database and plays the people outside."""

    def __init__(self, database: DfDatabase, extra: dict[str, str] | None = None) -> None:
        self._database = database
        self._app = database.connect("app")
        self._owner = database.connect(OWNER)
        self._todo: set[str] = {"mail", *CANCELLED}
        self.ids: dict[str, str] = {}
        for label, expression in {**WORKFLOWS, **(extra or {})}.items():
            self.ids[label] = self._one(self._app, f"SELECT df.start({expression}, '{label}')")
        for number in (1, 2, 3):
            self._app.execute("SELECT df.signal(%s, 'item', %s)", [self.ids["queue"], f'{{"n":{number}}}'])

    @staticmethod
    def _one(connection: Connection, query: str, params: Sequence[object] = ()) -> Any:
        row = connection.execute(query, params).fetchone()
        assert row is not None
        return row[0]

    def close(self) -> None:
        self._app.close()
        self._owner.close()

    def run(self, meanwhile: Callable[[], None], seconds: float = 60.0) -> None:
        """Until every instance has ended, and the engine has seen the end of those that were cancelled."""
        deadline = time.monotonic() + seconds
        while True:
            meanwhile()
            for label in sorted(self._todo):
                self._act(label)
            left = self._owner.execute("SELECT FROM _duroxide.runs WHERE outcome IS NULL LIMIT 1").fetchall()
            if not left:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"stuck: {self._stuck()}")
            time.sleep(0.03)

    def _stuck(self) -> list[tuple[object, ...]]:
        """What there is to know about the instances that have not ended."""
        query = """SELECT i.label, i.id, i.status, (SELECT json_agg(s) FROM _duroxide.scopes s WHERE left(s.scope_id, 8) = i.id),
                          (SELECT json_agg(m) FROM _duroxide.inbox m WHERE m.instance_id = i.id),
                          (SELECT json_agg(w) FROM df._worker_epoch w)
                   FROM df.instances i JOIN _duroxide.runs r ON r.instance_id = i.id WHERE r.outcome IS NULL"""
        with self._database.connect("postgres") as connection:
            return connection.execute(query).fetchall()

    def _act(self, label: str) -> None:
        instance = self.ids[label]
        if label in CANCELLED:
            if self._one(self._owner, "SELECT count(*) FROM effects WHERE instance = %s", [instance]):
                self._todo.discard(label)
                self._app.execute("SELECT df.cancel(%s, 'enough')", [instance])
            return
        waiting = """SELECT count(*) FROM _duroxide.scopes
                     WHERE left(scope_id, 8) = %s AND wait_node IS NOT NULL"""
        if self._one(self._owner, waiting, [instance]) == 2:
            self._todo.discard(label)
            self._app.execute("SELECT df.signal(%s, 'go', '{\"a\":1}')", [instance])

    def outcome(self) -> dict[str, Any]:
        """What must be the same after every crash, with the ids made alike."""
        with self._database.connect("postgres") as connection:
            return {label: _state(connection, instance, label) for label, instance in self.ids.items()}


def _state(connection: Connection, instance: str, label: str) -> dict[str, Any]:
    status = connection.execute(
        """SELECT i.status, r.outcome, r.output, r.generation FROM df.instances i
           JOIN _duroxide.runs r ON r.instance_id = i.id WHERE i.id = %s""",
        [instance],
    ).fetchone()
    effects = connection.execute(
        "SELECT step, note FROM effects WHERE instance = %s ORDER BY 1, 2", [instance]
    ).fetchall()
    loose = connection.execute(
        "SELECT DISTINCT step FROM loose WHERE instance = %s ORDER BY 1", [instance]
    ).fetchall()
    nodes = connection.execute(
        """SELECT node_type, CASE WHEN node_type IN ('SQL', 'SLEEP', 'SIGNAL') THEN query END, result_name,
                  CASE WHEN status IN ('completed', 'failed') THEN status ELSE 'open' END, result::text, error,
                  CASE WHEN status IN ('completed', 'failed') THEN status_details::text END
           FROM df.nodes WHERE instance_id = %s AND coalesce(query, '') NOT LIKE '%%lost%%'""",
        [instance],
    ).fetchall()
    if label in CANCELLED:  # how far it was shown is a matter of milliseconds
        nodes = []
    return {
        "status": status,
        "effects": effects,
        "at least once": loose,
        "nodes": sorted(tuple(_without_ids(value) for value in row) for row in nodes),
    }


def _without_ids(value: object) -> str:
    # An HTTP answer says when it was made and how long it took.
    text = re.sub(r'"date": "[^"]*"|"duration_ms": \d+', "", "" if value is None else str(value))
    return re.sub(r"\b[0-9a-f]{8}\b", "#", text)
