"""Gold: right files are silent, wrong files give exactly what stands in their .out file."""

from pathlib import Path

import golden
import pytest

from dfsql.compiler import check, compile

OK = sorted((golden.DATA / "ok").glob("*.dfsql"))
ERR = sorted((golden.DATA / "err").glob("*.dfsql"))


def test_there_is_enough_of_both() -> None:
    assert len(OK) >= 25
    assert len(ERR) >= 40


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_right_files_are_silent(path: Path) -> None:
    compilation = compile(golden.read(path), name=path.name)
    assert check(compilation) == []
    assert compilation.graphs


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_right_files_are_silent_without_a_sql_parser(path: Path) -> None:
    assert check(compile(golden.read(path), name=path.name), parse_sql=False) == []


@pytest.mark.parametrize("path", ERR, ids=lambda path: path.stem)
def test_wrong_files_give_their_gold(path: Path) -> None:
    compilation, findings = golden.findings_of(path)
    assert golden.render(compilation.script.source, findings) == path.with_suffix(".out").read_text(
        encoding="utf-8"
    )
    assert findings


def test_no_gold_without_its_file() -> None:
    outs = {path.stem for path in (golden.DATA / "err").glob("*.out")}
    assert outs == {path.stem for path in ERR}
