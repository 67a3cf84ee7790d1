"""The long chaos (`make chaos`): 5,000 instances, workers and server killed, backends terminated. Prints what it measured."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from crash_chaos import Chaos, Plan, Report
from crash_checks import violations
from crash_workers import Launcher
from crash_workflows import prepare
from df_database import DfServer
from postgres_server import PostgresServer


def main() -> int:
    """Exit 0 when every invariant holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--worker-kills", type=int, default=100)
    parser.add_argument("--server-kills", type=int, default=10)
    parser.add_argument("--pause", type=float, default=0.1, help="seconds that each step takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=1800, help="seconds")
    plan = Plan(**vars(parser.parse_args()))
    server = PostgresServer(settings=("fsync=on",))
    log = Path(tempfile.mkdtemp(prefix="dfchaos")) / "log"
    launcher = Launcher(log)
    try:
        with DfServer(server).database() as database:
            prepare(database)
            report = Chaos(plan, server, database, launcher).run()
            found = violations(database)
    except BaseException:
        print(f"the workers' log: {log}")
        raise
    finally:
        launcher.close()
        server.stop()
    _print(plan, report)
    for rule, place in found:
        print(f"VIOLATED  {rule}: {place}")
    mild = report.worker_kills < plan.worker_kills or report.server_kills < plan.server_kills
    if mild:
        print("the instances ended before everything was killed: give --pause a greater value")
    return 1 if found or mild else 0


def _print(plan: Plan, report: Report) -> None:
    print(f"{plan.instances} instances of 6 steps, {plan.workers} workers: {report.seconds:.1f} s")
    print(
        f"killed: workers {report.worker_kills}, server {report.server_kills}; backends terminated: {report.terminated}"
    )
    progress = ", ".join(f"{seconds:.2f}" for seconds in report.first_progress)
    print(f"first progress after the server was ready again, s: {progress}")
    print(f"longest pause between two ends while the server was there, s: {report.longest_pause:.2f}")


if __name__ == "__main__":
    sys.exit(main())
