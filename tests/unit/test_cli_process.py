"""What only a process of its own shows: help, locales, colour, pipes, and what a start costs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dfsql
from dfsql.cli import main
from dfsql.cli.commands import COMMANDS

BAD = "'SELECT ''é''' ~> ;\n"


def process(folder: Path, *args: str, **env: str) -> "subprocess.CompletedProcess[bytes]":
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("LC_ALL", "LANG", "PYTHONUTF8", "PYTHONUNBUFFERED")
    }
    command = [sys.executable, "-m", "dfsql", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, env=clean | env, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bad.dfsql").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_a_missing_sql_parser_is_a_note(folder: Path) -> None:
    (folder / "flow.dfsql").write_text("'SELECT FROM WHERE' ~> 'SELECT 2';\n")
    code = "import sys; from dfsql.cli import main; sys.modules.update(pgparse=None, postgast=None); sys.exit(main())"
    command = [sys.executable, "-c", code, "lint", "flow.dfsql"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "no findings in 1 file\n")
    assert run.stderr == (
        "dfsql: note: the SQL inside steps was not checked: the package pgparse is not installed\n"
    )
    assert b"DF701" in process(folder, "lint", "flow.dfsql").stdout


HELP = {
    "lint": ("PATH...", "--format", "--fail-on", "--target", "--stdin-filename", "[default: warning]"),
    "compile": ("FILE...", "--format", "--output", "--stdin-filename", "json|sql|dot|mermaid"),
    "run": ("[FILE[:NAME]]", "--dsn", "--watch", "--no-watch", "--attach", "--detach", "--stdin-filename"),
    "ps": ("--dsn", "--all", "--status", "--limit", "--json"),
    "status": ("ID", "--dsn", "--json"),
    "result": ("ID", "--dsn"),
    "signal": ("ID NAME [JSON]", "--dsn"),
    "cancel": ("ID", "--dsn", "--reason"),
    "retry": ("ID", "--dsn"),
    "explain": (
        "FILE[:NAME]",
        "--instance",
        "--dsn",
        "--format",
        "--output",
        "--full",
        "--engine",
        "--focus",
        "--stdin-filename",
    ),
    "fmt": ("PATH...", "--check", "--diff", "--stdin-filename"),
    "rule": ("[CODE]", "--format", "text|json"),
    "install": (
        "--dsn",
        "--operators-schema",
        "public|df|pg_catalog",
        "--dry-run",
        "--as-extension",
        "--name",
    ),
    "uninstall": ("--dsn", "--force"),
    "worker": ("--dsn", "--concurrency", "--database"),
    "db": ("path", "status", "stop", "reset", "psql"),
}


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_every_option(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, flag]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: dfsql {command} ")
    assert [word for word in HELP[command] if word not in " ".join(out.split())] == []
    assert out.isascii()


def test_help_lists_the_commands_and_the_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name}  " not in out] == []
    assert [line.split()[0] for line in out.split("Exit status:\n")[1].splitlines()] == list("012345")


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert capsys.readouterr().out == f"dfsql {dfsql.__version__}\n"


def test_version_loads_no_parser_of_command_lines() -> None:
    code = "import sys; from dfsql.cli import main; main(['--version']); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert (
        loaded & {"click", "dfsql.grammar", "dfsql.compiler", "dataclasses", "argparse", "inspect"} == set()
    )


def test_lint_loads_nothing_heavy(folder: Path) -> None:
    code = "import sys; from dfsql.cli import main; main(['lint', 'bad.dfsql']); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "dfsql.cli.lint" in loaded
    heavy = {"rich", "networkx", "lark", "graphviz", "psycopg", "asyncio", "dfsql.cli.explain", "difflib"}
    assert loaded & heavy - {"difflib"} == set()


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["C", "no utf-8 mode", "latin-1"],
)  # fmt: skip
def test_output_is_utf8_in_every_locale(folder: Path, env: dict[str, str]) -> None:
    run = process(folder, "lint", "bad.dfsql", **env)
    assert run.returncode == 1
    assert "1 | 'SELECT ''é''' ~> ;\n".encode() in run.stdout
    assert b"\r" not in run.stdout
    run = process(folder, "compile", "bad.dfsql", **env)
    assert "é".encode() in run.stderr


@pytest.mark.parametrize(
    ("env", "painted"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
    ids=str,
)
def test_colour_when_it_is_asked_for(folder: Path, env: dict[str, str], painted: bool) -> None:
    assert (b"\x1b[" in process(folder, "lint", "bad.dfsql", **env).stdout) is painted
    assert b"\x1b[" not in process(folder, "lint", "bad.dfsql", "--format", "concise", **env).stdout
    assert (b"\x1b[" in process(folder, "compile", "bad.dfsql", **env).stderr) is painted


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    ("env", "painted"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)],
    ids=str,
)
def test_colour_on_a_terminal(folder: Path, env: dict[str, str], painted: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dfsql", "lint", "bad.dfsql"]
    subprocess.run(
        command, cwd=folder, stdout=theirs, env={**os.environ, "TERM": "xterm", **env}, check=False
    )
    os.close(theirs)
    written = os.read(ours, 10_000)
    os.close(ours)
    assert (b"\x1b[" in written) is painted


@pytest.mark.parametrize(
    "args", [("--version",), ("lint", "bad.dfsql"), ("rule",), ("-h",)], ids=lambda args: args[0]
)
def test_a_closed_pipe_is_silent(folder: Path, args: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "dfsql", *args]
    run = subprocess.run(command, cwd=folder, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (run.returncode, run.stderr) == (141, b"")


@pytest.mark.parametrize("buffering", ["", "1"])
def test_a_reader_that_leaves_is_noticed_in_the_middle(folder: Path, buffering: str) -> None:
    (folder / "long.dfsql").write_text("SELECT df.start('SELECT 1' ~> 'SELECT 2');\n" * 300)
    command = [sys.executable, "-m", "dfsql", "compile", "long.dfsql"]
    env = {**os.environ, "PYTHONUNBUFFERED": buffering}
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, env=env) as run:
        assert run.stdout is not None
        assert run.stdout.read(2) == b"{\n"
        run.stdout.close()
        assert run.wait() == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("args", [("--version",), ("lint", "bad.dfsql"), ("rule",)], ids=lambda args: args[0])
def test_a_full_disk_is_said(folder: Path, args: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "dfsql", *args]
        run = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False)
    assert run.returncode == 2
    assert run.stderr == b"dfsql: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors(folder: Path, closed: str) -> None:
    line = f"exec {sys.executable} -m dfsql lint bad.dfsql {closed}"
    run = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, check=False)
    assert run.returncode == (2 if ">&-" in closed.replace("2>&-", "") else 1)
    assert b"Traceback" not in run.stderr
