"""Generates scripts of realistic workflows: `python bench/generate_script.py 1000000 > big.sql`.

The text depends on the size and the seed only, so that two measurements compare.
"""

import sys
from collections.abc import Callable
from random import Random

TABLES = (
    "orders",
    "invoices",
    "payments",
    "shipments",
    "customers",
    "documents",
    "chunks",
    "events",
    "refunds",
)
COLUMNS = (
    "id",
    "status",
    "total",
    "created_at",
    "customer_id",
    "payload",
    "attempts",
    "region",
    "checked_at",
)
SERVICES = ("billing", "mail", "stock", "search", "fraud", "maps", "ledger")
CRONS = ("*/5 * * * *", "0 2 * * *", "0 9 * * 1-5", "30 6 1 * *", "15 */4 * * *")

Template = Callable[["Writer"], str]


class Writer:
    """Draws names and writes one statement after the other."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.number = 0

    def statement(self) -> str:
        """The next statement, its comment and line end included."""
        self.number += 1
        templates, weights = zip(*TEMPLATES, strict=True)
        (template,) = self.rng.choices(templates, weights)
        return str(template(self)) + "\n\n"

    def table(self) -> str:
        return self.rng.choice(TABLES)

    def column(self) -> str:
        return self.rng.choice(COLUMNS)

    def label(self, kind: str) -> str:
        return f"{kind}-{self.rng.choice(SERVICES)}-{self.number}"

    def select(self) -> str:
        columns = ", ".join(self.rng.sample(COLUMNS, self.rng.randint(1, 3)))
        condition = f"{self.column()} = ''{self.rng.choice(('open', 'done', 'failed'))}''"
        return f"'SELECT {columns} FROM {self.table()} WHERE {condition} ORDER BY id LIMIT {self.rng.randint(1, 500)}'"

    def change(self) -> str:
        table, column = self.table(), self.column()
        return self.rng.choice(
            (
                f"'UPDATE {table} SET {column} = {self.rng.randint(1, 99)} WHERE {column} IS NULL'",
                f"'DELETE FROM {table} WHERE {column} < now() - interval ''{self.rng.randint(1, 30)} days'''",
                f"'INSERT INTO {table}_log ({column}, at) SELECT {column}, now() FROM {table}'",
                f"$sql$INSERT INTO {table} ({column}) VALUES ('{self.rng.randint(1, 999)}') ON CONFLICT DO NOTHING$sql$",
            )
        )

    def http(self) -> str:
        service = self.rng.choice(SERVICES)
        return (
            f"df.http('https://{service}.example.com/v1/{self.table()}', 'POST', '{{\"source\": \"{self.table()}\"}}',\n"
            f'      \'{{"Content-Type": "application/json"}}\'::jsonb, {self.rng.randint(5, 60)})'
        )

    def wait(self) -> str:
        return f"df.sleep({self.rng.randint(1, 3600)})"


def etl(w: Writer) -> str:
    """A sequence of changes with a name bound on the way."""
    steps = "\n  ~> ".join(w.change() for _ in range(w.rng.randint(3, 7)))
    last = f"'INSERT INTO job_log (job, rows, finished_at) VALUES (''{w.table()}'', $total, now())'"
    return (
        f"-- load {w.table()} of the day before\n"
        f"SELECT df.start(\n  'SELECT count(*) AS n FROM {w.table()}' |=> 'total'\n  ~> {steps}\n  ~> {last},\n"
        f"  '{w.label('etl')}'\n);"
    )


def cron(w: Writer) -> str:
    """A loop that waits for a schedule."""
    return (
        f"SELECT df.start(\n  @> (\n    df.wait_for_schedule('{w.rng.choice(CRONS)}')\n    ~> {w.change()}\n"
        f"    ~> {w.select()} |=> 'rows'\n    ~> 'SELECT notify_all($rows.id?)'\n  ),\n  '{w.label('cron')}'\n);"
    )


def approval(w: Writer) -> str:
    """A signal with a timeout, and a branch on what it brought."""
    return (
        f"SELECT df.start(\n  {w.select()} |=> 'item'\n"
        f"  ~> df.wait_for_signal('approval', {w.rng.randint(60, 86400)}) |=> 'sig'\n  ~> df.if(\n"
        "    'SELECT NOT ($sig::jsonb->>''timed_out'')::boolean',\n"
        f"    {w.change()}\n      ~> {w.http()},\n    {w.change()}\n  ),\n  label => '{w.label('approval')}'\n);"
    )


def fan_out(w: Writer) -> str:
    """Branches in parallel, a race against the clock in one of them."""
    return (
        f"SELECT df.start(\n  (\n    ({w.select()} |=> 'left')\n    & ({w.http()} |=> 'right')\n"
        f"    & ({w.select()} | {w.wait()})\n  ) |=> 'all'\n"
        f"  ~> 'INSERT INTO {w.table()}_summary (body) VALUES ($all)', -- one row a run\n  '{w.label('fan-out')}');"
    )


def polling(w: Writer) -> str:
    """A loop that a condition leaves early."""
    return (
        f"SELECT df.start(df.loop(\n    {w.http()} |=> 'reply'\n"
        "    ~> ('SELECT ($reply::jsonb->>''status'')::int = 200'\n"
        f"          ?> df.break('{{\"done\": true}}')\n          !> ({w.wait()} ~> {w.change()})),\n"
        f"    'SELECT attempts < {w.rng.randint(3, 20)} FROM {w.table()} WHERE id = 1'\n), '{w.label('poll')}');"
    )


def ladder(w: Writer) -> str:
    """else-if, one in the other."""
    depth = w.rng.randint(2, 4)
    text = w.change()
    for _ in range(depth):
        text = f"(\n  {w.select()} ?> {w.change()} !> {text})"
    return f"SELECT df.start({text} ~> {w.change()}, '{w.label('ladder')}');"


def function(w: Writer) -> str:
    """A function that starts a workflow with values of its own."""
    return (
        f"CREATE OR REPLACE FUNCTION start_{w.table()}_{w.number}(p_id bigint) RETURNS text\nLANGUAGE plpgsql AS $body$\n"
        "DECLARE\n  v_id text;\nBEGIN\n  IF p_id IS NULL THEN\n    RAISE EXCEPTION 'an id is needed';\n  END IF;\n"
        f"  v_id := df.start(\n    format('UPDATE {w.table()} SET {w.column()} = 1 WHERE id = %s', p_id)\n"
        f"    ~> {w.change()}\n    ~> {w.wait()}\n    ~> {w.change()});\n  RETURN v_id;\nEND\n$body$;"
    )


def block(w: Writer) -> str:
    """A DO block that starts one workflow for every row."""
    return (
        f"DO $do$\nDECLARE\n  r record;\nBEGIN\n  FOR r IN SELECT id FROM {w.table()} WHERE status = 'new' LOOP\n"
        f"    PERFORM df.start(\n      'UPDATE {w.table()} SET status = ''busy'' WHERE id = ' || r.id\n"
        f"      ~> {w.http()}\n      ~> {w.change()},\n      'row-' || r.id);\n  END LOOP;\nEND $do$;"
    )


def table_definition(w: Writer) -> str:
    """Plain SQL: a table."""
    name = f"{w.table()}_{w.number}"
    return (
        f"CREATE TABLE {name} (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
        "  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'busy', 'done')),\n"
        f"  payload jsonb NOT NULL DEFAULT '{{}}',\n  flags integer NOT NULL DEFAULT 0,\n  total numeric(12,2)\n);\n"
        f"CREATE INDEX ON {name} USING gin (payload);\n"
        f"COMMENT ON TABLE {name} IS 'what the {w.rng.choice(SERVICES)} service left';"
    )


def query(w: Writer) -> str:
    """Plain SQL with operators that the language shares."""
    table = w.table()
    return (
        f"SELECT region, count(*) FILTER (WHERE flags & 4 = 4) AS marked, sum(total) OVER (PARTITION BY region)\n"
        f"  FROM {table} t JOIN customers c ON c.id = t.customer_id\n"
        f" WHERE payload @> '{{\"kind\": \"{w.rng.choice(SERVICES)}\"}}' AND payload ->> 'state' <> 'done'\n"
        " GROUP BY region HAVING count(*) > 10 ORDER BY 2 DESC;"
    )


TEMPLATES: tuple[tuple[Template, int], ...] = (
    (etl, 5), (cron, 3), (approval, 3), (fan_out, 3), (polling, 2), (ladder, 2), (function, 2), (block, 2),
    (table_definition, 2), (query, 3),
)  # fmt: skip


def generate(size: int, seed: int = 1) -> str:
    """A script of about `size` characters; it ends with a whole statement."""
    writer = Writer(seed)
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(writer.statement())
        length += len(parts[-1])
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(generate(*map(int, sys.argv[1:3])))
