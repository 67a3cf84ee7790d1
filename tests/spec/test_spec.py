"""The specification's SQL files, each in a database of its own, and the table of what they cover."""

from pathlib import Path

import pytest
import spec_coverage
from spec_runner import SPEC, NewBench, file_settings

FILES = sorted(path for path in SPEC.rglob("*.sql") if path.parent != SPEC)


@pytest.mark.needs_postgres
@pytest.mark.parametrize("server", ["pg18", "pg15"], indirect=True)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SPEC).as_posix())
def test_file(path: Path, new_bench: NewBench) -> None:
    text = path.read_text("utf-8")
    bench = new_bench(file_settings(text))
    output = bench.psql(path)
    checks = [line for line in output.out.splitlines() if line.startswith("ok - ")]
    logs = "".join(worker.log() for worker in bench.workers)
    assert not output.problems, "\n\n".join([*output.problems, "the worker's log:", logs[-3000:]])
    assert checks, "the file checks nothing"
    assert all(worker.process.poll() is None for worker in bench.workers), f"the worker ended:\n{logs}"


def test_every_rule_has_a_test() -> None:
    assert spec_coverage.gaps() == set()


def test_tags_name_rules() -> None:
    assert spec_coverage.strangers() == set()


def test_the_page_is_current() -> None:
    assert spec_coverage.PAGE.read_text("utf-8") == spec_coverage.page(), (
        "run: python tests/support/spec_coverage.py"
    )
