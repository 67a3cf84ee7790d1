"""Packaging: the list of packages is complete, and the wheel holds the rooms and works alone."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

import dfsql

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["setuptools"]["packages"]
DATA: dict[str, list[str]] = PROJECT["tool"]["setuptools"]["package-data"]
# Folders that never hold a package of ours; `build` and the dotted ones are made by tools.
ELSEWHERE = {"tests", "docs", "examples", "bench", "build", "dist"}

WORKFLOW = "'SELECT 1 AS n' |=> 'one' ~> 'SELECT $one.n';\n"


def folder(package: str) -> Path:
    return ROOT.joinpath(*package.split(".")[1:])


def files_of_packages() -> set[str]:
    """The files that a wheel must hold, by the list of packages and the table of data."""
    wanted = set()
    for package in PACKAGES:
        for pattern in ["*.py", *DATA.get(package, [])]:
            wanted |= {f"{package.replace('.', '/')}/{path.name}" for path in folder(package).glob(pattern)}
    return wanted


def test_every_folder_with_an_init_is_listed() -> None:
    found = {
        ".".join(("dfsql", *path.parent.relative_to(ROOT).parts))
        for path in ROOT.rglob("__init__.py")
        if not (
            {part for part in path.relative_to(ROOT).parts if part[0] == "."} or ELSEWHERE & set(path.parts)
        )
    }
    assert sorted(PACKAGES) == sorted(found)


def test_every_data_file_of_a_package_is_listed() -> None:
    loose = [
        str(path.relative_to(ROOT))
        for package in PACKAGES[1:]
        for path in folder(package).iterdir()
        if path.is_file()
        and path.suffix not in {".py", ".pyc"}
        and not any(path.match(pattern) for pattern in DATA.get(package, []))
    ]
    assert loose == []


def test_every_pattern_of_data_files_matches_something() -> None:
    assert [
        (package, pattern)
        for package, patterns in DATA.items()
        for pattern in patterns
        if not list(folder(package).glob(pattern))
    ] == []


def test_the_checkers_see_every_room() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    linked = re.search(r"^ROOMS := (.*)$", makefile, re.M)
    assert linked
    assert {package.split(".")[1] for package in PACKAGES[1:]} <= set(linked[1].split())


@pytest.mark.parametrize(
    "requirement",
    [
        *PROJECT["project"]["dependencies"],
        *(r for extra in PROJECT["project"]["optional-dependencies"].values() for r in extra),
    ],
)
def test_dependencies_are_bounded_on_both_sides(requirement: str) -> None:
    parsed = Requirement(requirement)
    signs = {specifier.operator for specifier in parsed.specifier}
    assert signs == ({">="} if parsed.name == "setuptools" else {">=", "<"})


def test_version_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", dfsql.__version__)


# ---- the wheel, built and installed ------------------------------------------------------------------------


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def closure(names: list[str]) -> list[Distribution]:
    """The installed distributions that the named ones need, themselves included."""
    found: dict[str, Distribution] = {}
    queue = list(names)
    while queue:
        parsed = Requirement(queue.pop())
        if parsed.name in found or (parsed.marker and not parsed.marker.evaluate({"extra": ""})):
            continue
        found[parsed.name] = distribution(parsed.name)
        queue += found[parsed.name].requires or []
    return list(found.values())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built by way of the sdist, from a copy of the checkout in a folder with an impossible name."""
    copy = tmp_path_factory.mktemp("build") / "other.clone 1"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    )
    built = run(sys.executable, "-m", "build", "--no-isolation", cwd=copy)
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = (copy / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`dfsql` in an environment that holds the wheel and exactly its declared base dependencies.

    The dependencies are links into this environment: the test needs no network, and one that is not
    declared is not there.
    """
    place = tmp_path_factory.mktemp("install")
    environment, libraries = place / "venv", place / "libraries"
    libraries.mkdir()
    for dist in closure(PROJECT["project"]["dependencies"]):
        for top in {file.parts[0] for file in dist.files or []} - {"..", "__pycache__"}:
            if not (libraries / top).exists():
                (libraries / top).symlink_to(Path(str(dist.locate_file(top))))
    made = run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=place)
    assert made.returncode == 0, made.stderr
    [site] = environment.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)
    installed = run(*pip, cwd=place)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return environment / "bin" / "dfsql"


@pytest.mark.slow
def test_wheel_holds_the_rooms_and_nothing_else(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files_of_packages()


@pytest.mark.slow
def test_wheel_says_its_licence_and_its_types(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
    assert "License-Expression: PostgreSQL" in metadata
    assert f"Version: {dfsql.__version__}" in metadata
    assert "dfsql/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_installed_program_tells_its_version(program: Path, tmp_path: Path) -> None:
    done = run(program, "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert dfsql.__version__ in done.stdout


@pytest.mark.slow
def test_installed_program_lints_in_another_folder(program: Path, tmp_path: Path) -> None:
    (tmp_path / "good.dfsql").write_text(WORKFLOW, encoding="utf-8")
    (tmp_path / "bad.dfsql").write_text(WORKFLOW.replace("$one", "$two"), encoding="utf-8")
    good, bad = (run(program, "lint", name, cwd=tmp_path) for name in ("good.dfsql", "bad.dfsql"))
    assert (good.returncode, good.stderr) == (0, ""), good.stdout
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "bad.dfsql" in bad.stdout + bad.stderr


@pytest.mark.slow
def test_installed_program_runs_as_a_module(program: Path, tmp_path: Path) -> None:
    done = run(program.with_name("python"), "-m", "dfsql", "rule", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "DF" in done.stdout
