"""Times the phases of a check on generated scripts: `python bench/check.py [SIZE...]`.

Processor seconds; the best of three runs, but for the SQL of the steps: what its parser has seen is kept, so only
the first run counts.
"""

import gc
import sys
from collections.abc import Callable
from functools import partial
from time import process_time
from typing import TypeVar

from dfsql.compiler import check, compile
from dfsql.compiler.compilation import compile_script
from dfsql.grammar import parse

from generate_script import generate

SIZES = (100_000, 1_000_000)
T = TypeVar("T")


def best(work: Callable[[], T], runs: int = 3) -> tuple[float, T]:
    """The shortest time of several runs, and what the last one gave."""
    times = []
    for _ in range(runs):
        gc.collect()
        start = process_time()
        result = work()
        times.append(process_time() - start)
    return min(times), result


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print one line per size: seconds of each phase, and both totals."""
    check(compile("SELECT df.start('SELECT 1');"))  # loads the tables and the SQL parser
    heads = ("parse", "lower", "check", "SQL", "total", "with SQL")
    print(
        f"{'characters':>12}"
        + "".join(f"{head:>10}" for head in heads)
        + f"{'workflows':>11}{'findings':>10}"
    )
    for size in sizes:
        text = generate(size, seed=size)  # no script is the beginning of another
        parsing, script = best(partial(parse, text))
        lowering, compilation = best(partial(compile_script, script))
        checking, _ = best(partial(check, compilation, parse_sql=False))
        full, findings = best(partial(check, compilation), runs=1)
        total = parsing + lowering + checking
        times = (parsing, lowering, checking, full - checking, total, parsing + lowering + full)
        row = "".join(f"{seconds:>10.3f}" for seconds in times)
        print(f"{len(text):>12,}{row}{len(script.workflows):>11,}{len(findings):>10,}")


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
