"""The engine's figures: `python bench/engine.py [part ...]`, and a part of `make bench`.

Every figure stands beside pgbench on the same server in the same run: one pipelined transaction per step (BEGIN,
INSERT of one row, UPDATE of one row by key, COMMIT), default durability. Parts: ceiling chain many wal latency idle
workers memory.
"""

import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from df_database import OWNER, DfDatabase, DfServer
from postgres_server import PostgresServer

SETTINGS = (
    "fsync=on",
    "synchronous_commit=on",
    "shared_buffers=128MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=30min",
    "autovacuum_naptime=1h",  # its transactions would count among the idle worker's
)
PGBENCH = r"""
\set id random(1, 100000)
\startpipeline
BEGIN;
INSERT INTO sink(x) VALUES (1);
UPDATE mark SET at = at + 1 WHERE id = :id;
COMMIT;
\endpipeline
"""
INSERT = "INSERT INTO bench.t(x) VALUES (1)"


def ceiling(database: DfDatabase, clients: int, seconds: int = 4) -> float:
    """Transactions per second of pgbench."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PGBENCH)
        script.flush()
        os.chmod(script.name, 0o644)
        command = [str(database.server.programs / "pgbench"), "-n", "-M", "extended", "-f", script.name]
        command += [
            "-c",
            str(clients),
            "-j",
            str(min(clients, 2)),
            "-T",
            str(seconds),
            "-h",
            str(database.server.folder),
        ]
        output = subprocess.run(
            [*command, "-U", "app", database.name], capture_output=True, text=True, check=True
        ).stdout
    found = re.search(r"tps = ([0-9.]+)", output)
    assert found, output
    return float(found.group(1))


def chain(steps: int) -> str:
    """A workflow of INSERT steps."""
    return " ~> ".join([f"'{INSERT}'"] * steps)


@contextlib.contextmanager
def worker(database: DfDatabase, *arguments: str) -> Iterator[int]:
    """A worker process; gives its process id."""
    code = (
        "import sys; from dfsql.runtime import work; "
        "work(sys.argv[1], concurrency=int(sys.argv[2]) if len(sys.argv) > 2 else None)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, database.dsn(OWNER), *arguments], stderr=subprocess.DEVNULL
    )
    try:
        with database.connect(OWNER) as connection:
            deadline = time.monotonic() + 20
            while connection.execute("SELECT count(*) FROM df._worker_epoch").fetchone() == (0,):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(0.3)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def start(connection: "psycopg.Connection[tuple[object, ...]]", workflow: str, count: int) -> None:
    """Start instances, 100 a transaction."""
    for done in range(0, count, 100):
        number = min(100, count - done)
        connection.execute(f"SELECT count(df.start({workflow})) FROM generate_series(1, {number})")


def finished(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    """How many instances have ended."""
    row = connection.execute(
        "SELECT count(*) FROM df.instances WHERE status IN ('completed', 'failed')"
    ).fetchone()
    assert row
    return int(str(row[0]))


def run_all(
    database: DfDatabase, workflow: str, count: int, workers: int = 1, arguments: tuple[str, ...] = ()
) -> float:
    """Seconds from the start of the workers' work to the end of the last instance, all of them queued before."""
    database.pretend_ready()
    with database.connect() as connection, database.connect(OWNER) as owner:
        start(connection, workflow, count)
        owner.execute("UPDATE _duroxide.scopes SET due_at = 'infinity'")
        with contextlib.ExitStack() as stack:
            for _ in range(workers):
                stack.enter_context(worker(database, *arguments))
            before = time.perf_counter()
            owner.execute("UPDATE _duroxide.scopes SET due_at = now()")
            owner.execute("NOTIFY dfsql_work")
            while finished(owner) < count:
                time.sleep(0.01)
            return time.perf_counter() - before


def transactions(database: DfDatabase) -> int:
    """Transactions of this database so far; statistics come a second late."""
    time.sleep(1.2)
    with database.server.connect() as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s", [database.name]
        ).fetchone()
        assert row
        return int(str(row[0]))


def position(database: DfDatabase) -> str:
    """Where the WAL ends now."""
    with database.server.connect() as connection:
        row = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        assert row
        return str(row[0])


def wal_bytes(database: DfDatabase, begin: str, end: str) -> int:
    """Bytes of WAL records between two places, without the images of whole pages that follow a checkpoint."""
    with database.server.connect() as connection:
        connection.execute("SELECT pg_switch_wal()")
    folder = database.server.folder / "data" / "pg_wal"
    command = [
        str(database.server.programs / "pg_waldump"),
        "--stats",
        "-p",
        str(folder),
        "-s",
        begin,
        "-e",
        end,
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    total = re.search(r"^Total\s+\d+\s+(\d+)", output, re.MULTILINE)
    assert total, output
    return int(total.group(1))


def prepare(database: DfDatabase) -> None:
    """The tables of both sides."""
    with database.connect(OWNER) as connection:
        connection.execute("CREATE SCHEMA bench; GRANT USAGE ON SCHEMA bench TO app")
        connection.execute("CREATE TABLE bench.t(x int); GRANT ALL ON bench.t TO app")
        connection.execute(
            "CREATE TABLE sink(x int); CREATE TABLE mark(id int primary key, at int) WITH (fillfactor=50)"
        )
        connection.execute("INSERT INTO mark SELECT n, 0 FROM generate_series(1, 100000) n")
        connection.execute("GRANT ALL ON sink, mark TO app")
    with database.server.connect() as connection:
        connection.execute("CHECKPOINT")


def report(name: str, value: str) -> None:
    """One line."""
    print(f"{name:<72}{value}", flush=True)


def measure_many(database: DfDatabase, top: float, instances: int = 1000) -> None:
    """1,000 workflows of 5 INSERT steps, one worker process."""
    seconds = run_all(database, chain(5), instances, arguments=("16",))
    rate = 5 * instances / seconds
    report(
        "1,000 x 5 steps, one worker: steps/s (share of the ceiling, aim 0.35)",
        f"{rate:8.0f}  {rate / top:.2f}",
    )


def measure_chain(database: DfDatabase, single: float) -> None:
    """One workflow of 100 steps."""
    times = []
    for _ in range(5):
        with database.server.database() as fresh:
            prepare(fresh)
            times.append(run_all(fresh, chain(100), 1))
    each = statistics.median(times) * 10  # ms per step
    report(
        "one workflow of 100 steps: ms per step (x the single-client ceiling, 4)",
        f"{each:8.2f}  {each * single / 1000:.1f}",
    )


def measure_wal(database: DfDatabase, steps: int, instances: int) -> None:
    """Transactions and WAL per step, what the submission costs left out."""
    database.pretend_ready()
    with database.connect() as connection, database.connect(OWNER) as owner:
        owner.execute(
            "INSERT INTO _duroxide.clock_offset VALUES (true, '-1 day')"
        )  # due tomorrow, for everybody
        start(connection, chain(steps), instances)
        owner.execute("UPDATE _duroxide.scopes SET due_at = now()")
        with worker(database, "16"):
            before = transactions(database)
            begin = position(database)
            owner.execute("DELETE FROM _duroxide.clock_offset")
            owner.execute("NOTIFY dfsql_work")
            while finished(owner) < instances:
                time.sleep(0.5)
            end = position(database)
        after = transactions(database)  # sessions report what they did at their end
    number = steps * instances
    report(
        f"WAL bytes per step, {instances} x {steps} steps (800)",
        f"{wal_bytes(database, begin, end) / number:8.0f}",
    )
    report(
        f"transactions per step, {instances} x {steps} steps (1.05 + 2 an instance)",
        f"{(after - before) / number:8.3f}",
    )


def measure_latency(database: DfDatabase) -> None:
    """Start to completed for one step on an idle worker."""
    times = []
    with worker(database), database.connect() as connection:
        for _ in range(60):
            time.sleep(0.03)
            before = time.perf_counter()
            row = connection.execute("SELECT df.start('SELECT 1')").fetchone()
            assert row
            while connection.execute("SELECT df.status(%s)", [row[0]]).fetchone() != ("completed",):
                pass
            times.append(time.perf_counter() - before)
    report(
        "start to completed, one step, idle worker, median ms (10)",
        f"{statistics.median(times[5:]) * 1000:8.1f}",
    )


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_idle(database: DfDatabase, sleeping: int) -> None:
    """An idle worker, with sleeping instances or without."""
    with worker(database) as pid, database.connect() as connection:
        if sleeping:
            start(connection, "df.sleep(100000)", sleeping)
        deadline = time.monotonic() + 60
        while True:
            row = connection.execute("SELECT count(*) FROM df.nodes WHERE status = 'running'").fetchone()
            if row == (sleeping,) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        connection.close()
        time.sleep(13)
        seconds = 60
        before, work = transactions(database), cpu(pid)
        time.sleep(seconds)
        after, done = transactions(database), cpu(pid)
    report(
        f"idle worker, {sleeping} sleeping: transactions/s (0.3), CPU % (0.5)",
        f"{(after - before) / seconds:8.2f}  {(done - work) / seconds * 100:.2f}",
    )


def measure_memory(database: DfDatabase) -> None:
    """1,000 running instances in one worker."""
    with worker(database) as pid, database.connect() as connection:
        start(connection, "df.sleep(1) & df.sleep(8)", 1000)
        time.sleep(5)
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
    report("memory of a worker with 1,000 running instances, MB (150)", f"{int(found.group(1)) / 1024:8.0f}")


def measure_workers(server: DfServer) -> None:
    """Two worker processes instead of one, on the same number of sessions each."""
    rates = []
    for workers in (1, 2):
        with server.database() as database:
            prepare(database)
            rates.append(10_000 / run_all(database, chain(5), 2000, workers, ("8",)))
    report(
        "two worker processes: steps/s, x one (1.5 until the server is the limit)",
        f"{rates[1]:8.0f}  {rates[1] / rates[0]:.2f}",
    )


def main(parts: list[str]) -> None:
    """Measure the parts that are named, or all."""
    server = DfServer(PostgresServer(settings=SETTINGS))
    everything = ["chain", "many", "wal", "latency", "workers", "memory", "idle"]
    try:
        with server.database() as database:
            prepare(database)
            single, top = ceiling(database, 1), ceiling(database, 16)
            report("ceiling: pgbench, 1 client, transactions/s (ms)", f"{single:8.0f}  {1000 / single:.3f}")
            report("ceiling: pgbench, 16 clients, transactions/s", f"{top:8.0f}")
        for part in parts or everything:
            with server.database() as database:
                prepare(database)
                if part == "many":
                    measure_many(database, top)
                elif part == "chain":
                    measure_chain(database, single)
                elif part == "wal":
                    measure_wal(database, 5, 400)
                    with server.database() as other:
                        prepare(other)
                        measure_wal(other, 100, 20)
                elif part == "latency":
                    measure_latency(database)
                elif part == "idle":
                    measure_idle(database, 0)
                    measure_idle(database, 10_000)
                elif part == "memory":
                    measure_memory(database)
                elif part == "workers":
                    measure_workers(server)
        with server.database() as database:
            prepare(database)
            report("ceiling again, 16 clients", f"{ceiling(database, 16):8.0f}")
    finally:
        server._server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
