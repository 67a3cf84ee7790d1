"""Reading: standard input, folders, and files that are no proper text."""

import io
import json
import sys
from pathlib import Path

import pytest

from dfsql.cli import main

FLOW = "'SELECT 1' ~> 'SELECT 2';\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def lint(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[str]]:
    status = main(["lint", "--format", "concise", *args])
    return status, capsys.readouterr().out.splitlines()


WIDE = "bad.dfsql:1:1: error[DF021] this file is written in {}, not in UTF-8"
BAD_INPUTS = [
    ("empty", b"", 0, "bad.dfsql:1:1: info[DF020] no workflow found in this file"),
    ("comments", b"-- only\n/* comments */\n", 0, "bad.dfsql:1:1: info[DF020] no workflow found in this file"),
    ("blank", b" \t\r\n\r\n", 0, "bad.dfsql:1:1: info[DF020] no workflow found in this file"),
    ("crlf", b"'SELECT 1'\r\n  ~> ;\r\n", 1, "bad.dfsql:2:3: error[DF007] ~> has nothing on its right"),
    ("tabs", b"'SELECT 1'\t~>\t;\n", 1, "bad.dfsql:1:12: error[DF007] ~> has nothing on its right"),
    ("wide", "'日本語' ~> ;".encode(), 1, "bad.dfsql:1:7: error[DF007] ~> has nothing on its right"),
    ("latin", b"-- x\n'caf\xe9' ~> 'b\xe9' ~> ;", 1, "bad.dfsql:2:5: error[DF021] this byte is not UTF-8: 0xe9"),
    ("cut off", "'é".encode()[:-1], 1, "bad.dfsql:1:2: error[DF021] this byte is not UTF-8: 0xc3"),
    ("utf-16", FLOW.encode("utf-16"), 1, WIDE.format("UTF-16")),
    ("utf-16-le", FLOW.encode("utf-16-le"), 1, WIDE.format("UTF-16")),
    ("utf-16-be", FLOW.encode("utf-16-be"), 1, WIDE.format("UTF-16")),
    ("utf-32", FLOW.encode("utf-32"), 1, WIDE.format("UTF-32")),
    ("nul", b"SELECT df.start('SELECT 1' \0);", 1, "bad.dfsql:1:28: error[DF011] the file holds a NUL character"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status", "line"), [row[1:] for row in BAD_INPUTS], ids=[row[0] for row in BAD_INPUTS]
)
def test_bad_input_is_one_clear_finding(
    folder: Path, data: bytes, status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.dfsql").write_bytes(data)
    assert lint(capsys, "bad.dfsql") == (status, [line])


@pytest.mark.parametrize("command", ["lint", "compile", "explain", "fmt"])
@pytest.mark.parametrize("data", [row[1] for row in BAD_INPUTS], ids=[row[0] for row in BAD_INPUTS])
def test_no_command_breaks_on_bad_input(folder: Path, command: str, data: bytes) -> None:
    (folder / "bad.dfsql").write_bytes(data)
    assert main([command, "bad.dfsql"]) in (0, 1, 4)


def test_byte_order_mark_is_no_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bom.dfsql").write_bytes(b"\xef\xbb\xbf" + FLOW.encode())
    assert lint(capsys, "bom.dfsql") == (0, [])
    (folder / "bom.dfsql").write_bytes(b"\xef\xbb\xbf'SELECT 1' ~> ;")
    assert lint(capsys, "bom.dfsql")[1][0].startswith("bom.dfsql:1:12: ")


@pytest.mark.slow
def test_ten_megabytes_work(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filler = "-- " + "x" * 997 + "\n"
    (folder / "big.dfsql").write_text(FLOW + filler * 10_000 + "'SELECT 3' ~> ;\n")
    assert lint(capsys, "big.dfsql") == (
        1,
        ["big.dfsql:10002:12: error[DF007] ~> has nothing on its right"],
    )


@pytest.mark.parametrize(("data", "codec"), [("utf-16", "UTF-16"), ("utf-16-be", "UTF-16BE")])
def test_the_help_names_what_iconv_needs(
    folder: Path, data: str, codec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.dfsql").write_bytes(FLOW.encode(data))
    assert main(["lint", "bad.dfsql"]) == 1
    assert f"iconv -f {codec} -t UTF-8\n" in capsys.readouterr().out


def test_standard_input_is_read_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, b"'SELECT 1' ~> ;")
    assert len(lint(capsys, "-", "-")[1]) == 1


def test_a_name_that_is_empty_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", ""]) == 2
    assert capsys.readouterr().err == "dfsql: cannot read '': the name of a file is empty\n"


def test_standard_input_has_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, b"'SELECT 1' ~> ;")
    assert lint(capsys, "-")[1][0].startswith("<stdin>:1:12: ")
    feed(monkeypatch, b"'SELECT 1' ~> ;")
    assert lint(capsys, "-", "--stdin-filename", "a/b.dfsql")[1][0].startswith("a/b.dfsql:1:12: ")


def test_workflow_of_standard_input_is_called_after_the_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, FLOW.encode())
    assert main(["compile", "-", "--stdin-filename", "a/nightly.dfsql"]) == 0
    workflow = json.loads(capsys.readouterr().out)["workflows"][0]
    assert (workflow["name"], workflow["source"]) == ("nightly", "a/nightly.dfsql")


def test_explain_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, b"SELECT df.start('SELECT 1', 'x'), df.start('SELECT 2', 'y');")
    assert main(["explain", "-:y"]) == 0
    assert capsys.readouterr().out.split() == ["SQL:", "SELECT", "2"]


@pytest.mark.parametrize("closed", [None, "detached"])
def test_closed_standard_input_is_status_2(
    closed: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = None
    if closed:
        stream = io.TextIOWrapper(io.BytesIO())
        stream.buffer.close()
    monkeypatch.setattr(sys, "stdin", stream)
    assert main(["lint", "-"]) == 2
    assert "cannot read standard input" in capsys.readouterr().err


def test_folders_are_walked_in_order_without_hidden_ones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "b.dfsql",
        "a/z.dfsql",
        "a-b/y.dfsql",
        ".git/x.dfsql",
        "a/.venv/w.dfsql",
        "c.sql",
        "a/B.dfsql",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("'SELECT 1' ~> ;")
    _, lines = lint(capsys, ".")
    assert [line.split(":")[0] for line in lines] == ["a/B.dfsql", "a/z.dfsql", "a-b/y.dfsql", "b.dfsql"]
    _, lines = lint(capsys, "b.dfsql", "a", "./b.dfsql", ".git")
    assert [line.split(":")[0] for line in lines] == ["b.dfsql", "a/B.dfsql", "a/z.dfsql", ".git/x.dfsql"]


def test_paths_are_relative_with_forward_slashes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "a.dfsql").write_text("~>")
    for argument in (str(folder / "in" / "a.dfsql"), "./in//a.dfsql", "in/../in/a.dfsql"):
        assert lint(capsys, argument)[1][0].startswith("in/a.dfsql:1:1: ")


def test_a_name_that_is_no_unicode_is_written(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    try:
        (folder / "caf\udce9.dfsql").write_text("~>")
    except OSError:  # a file system that takes Unicode only
        pytest.skip("no such names here")
    assert main(["lint", "--format", "concise", "."]) == 1
    assert capsysbinary.readouterr().out.startswith("caf\ufffd.dfsql:1:1: ".encode())
    assert main(["lint", "--format", "json", "."]) == 1
    assert json.loads(capsysbinary.readouterr().out)["findings"][0]["path"] == "caf\udce9.dfsql"
