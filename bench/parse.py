"""Times `parse` on generated scripts of 100 kB, 1 MB and 10 MB: `python bench/parse.py [SIZE...]`."""

import gc
import sys
from time import perf_counter

from dfsql.grammar import Script, parse

from generate_script import generate

SIZES = (100_000, 1_000_000, 10_000_000)


def best_time(text: str, runs: int) -> tuple[float, Script]:
    """The shortest of several runs, and what was parsed."""
    best = float("inf")
    script = parse("")
    for _ in range(runs):
        del script
        gc.collect()
        start = perf_counter()
        script = parse(text)
        best = min(best, perf_counter() - start)
    return best, script


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print one line per size: seconds, seconds per megabyte, and what was found."""
    parse("SELECT df.start('SELECT 1');")  # loads the table
    print(
        f"{'characters':>12} {'seconds':>9} {'s / MB':>8} {'statements':>11} {'workflows':>10} {'findings':>9}"
    )
    for size in sizes:
        text = generate(size)
        seconds, script = best_time(text, runs=3 if size <= 1_000_000 else 1)
        counts = len(script.statements), len(script.workflows), len(script.findings)
        print(
            f"{len(text):>12,} {seconds:>9.3f} {seconds * 1e6 / len(text):>8.3f} "
            f"{counts[0]:>11,} {counts[1]:>10,} {counts[2]:>9,}"
        )


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
