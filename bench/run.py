"""`make bench`: the figures of docs/performance.md, measured on this machine.

Wall-clock times, the best and the median of several runs; one row per promise. Nothing here is a test: a slow
machine gives slow figures, so each row also shows what was aimed at.
"""

import gc
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dfsql.cli.run import RARELY
from dfsql.compiler import Graph, check, compile, explain

from generate_script import generate

TWENTY_STEPS = (
    "SELECT df.start(\n    "
    + "\n    ~> ".join(
        f"'UPDATE orders SET total = total + {n} WHERE id = {n} RETURNING id' |=> 'r{n}'" for n in range(20)
    )
    + ",\n    'twenty'\n);\n"
)


class Row(NamedTuple):
    """One measurement; times in seconds."""

    work: str
    best: float
    median: float
    target: float
    unit: str = "ms"

    def text(self) -> str:
        scale = 1000 if self.unit == "ms" else 1
        verdict = "ok" if self.best <= self.target else "MISSED"
        digits = 0 if self.unit == "ms" else 2
        values = "".join(f"{value * scale:9.{digits}f}" for value in (self.best, self.median, self.target))
        return f"{self.work:<66}{values} {self.unit:<3}{verdict}"


def timed(work: str, run: Callable[[], object], target: float, *, repeat: int = 5, unit: str = "ms") -> Row:
    """Run some work several times."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return Row(work, min(times), statistics.median(times), target, unit)


def process(work: str, target: float, *arguments: str) -> Row:
    """A whole process of the installed command."""
    command = [str(Path(sys.executable).with_name("dfsql")), *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> None:
        subprocess.run(command, capture_output=True, check=True, env=environment)

    run()  # compiles the modules, as the first run after an installation does
    return timed(work, run, target, repeat=20)


def start_up() -> list[Row]:
    """Whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "twenty.dfsql")
        path.write_text(TWENTY_STEPS, encoding="utf-8")
        return [
            process("dfsql lint of one 20-step file, whole process", 0.150, "lint", str(path)),
            process("dfsql --version, whole process", 0.060, "--version"),
        ]


def analyse(text: str, *, sql: bool) -> None:
    """Parse, lower and check, as lint does."""
    check(compile(text), parse_sql=sql)


def forget_sql() -> None:
    """Empty the cache of parsed statements, so that a second run costs what the first did."""
    from dfsql.compiler.sqlinfo import forget

    forget()


def scripts() -> list[Row]:
    """Generated scripts of 100 kB, 1 MB and 10 MB."""
    small, large = generate(1_000_000), generate(10_000_000)

    def with_sql() -> None:
        forget_sql()
        analyse(small, sql=True)

    def without() -> None:
        analyse(small, sql=False)

    one = timed("parse + lower + check of 1 MB, without the SQL parser", without, 2.5, unit="s")
    full = timed("the same with every step's SQL parsed", with_sql, 3.5, unit="s")
    work = "the same of 10 MB, without the SQL parser"
    ten = timed(work, lambda: analyse(large, sql=False), 25, repeat=2, unit="s")
    times = ten.best / one.best
    growth = Row("growth: 10 MB takes so many times the time of 1 MB", times, times, 12, "x")
    return [one, full, ten, growth]


def shapes() -> list[Row]:
    """Long, deep and large graphs, from text to text tree and picture."""
    chain = " ~> ".join(["'SELECT 1'"] * 250)
    deep = "df.loop(" * 200 + "'SELECT 1' ~> df.sleep(1)" + ", 'SELECT true')" * 200
    large = "\n".join(f"('SELECT {n}' & 'SELECT {n} + 1') ~>" for n in range(2500)) + " 'SELECT 1'"

    def everything(text: str) -> Callable[[], None]:
        def run() -> None:
            compilation = compile(text)
            check(compilation)
            explain(compilation.graphs[0])
            explain(compilation.graphs[0], format="svg")

        return run

    return [
        timed("a 250-step chain: compile, check, text and SVG", everything(chain), 2, repeat=3, unit="s"),
        timed("200-deep nesting: compile, check, text and SVG", everything(deep), 2, repeat=3, unit="s"),
        timed("a 10,000-node graph: compile, check, text and SVG", everything(large), 2, repeat=3, unit="s"),
    ]


def pictures() -> list[Row]:
    """One picture of a large workflow."""
    steps = [f"'UPDATE orders SET total = {n} WHERE id = {n}' |=> 'r{n}'" for n in range(100)]
    text = " ~> ".join(steps) + " ~> " + " ~> ".join(f"('SELECT {n}' & 'SELECT {n} + 1')" for n in range(10))
    (graph,) = compile(text).graphs
    count = sum(node.is_leaf for node in graph.nodes)
    return [timed(f"SVG of a {count}-step graph", lambda: picture(graph), 0.050, repeat=20)]


def picture(graph: Graph) -> str:
    """Draw a graph that was never drawn before: nothing is kept from the last time."""
    return explain(Graph(graph.nodes, graph.name, graph.source, graph.span), format="svg")


def main() -> None:
    """Measure everything and print the table."""
    gc.set_threshold(*RARELY)  # as the command line does
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    print(f"{'work':<66}{'best':>9}{'median':>9}{'target':>9}")
    for group in (start_up, pictures, shapes, scripts):
        for row in group():
            print(row.text(), flush=True)


if __name__ == "__main__":
    main()
