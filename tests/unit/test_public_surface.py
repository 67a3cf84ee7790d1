"""The public surface: exported names, what loading them costs, one exception tree."""

import ast
import subprocess
import sys
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest

import dfsql

ROOMS = ("grammar", "compiler", "cli")
DOORS = ("dfsql", *(f"dfsql.{room}" for room in ROOMS))


def every_module() -> list[str]:
    """The names of all modules of the rooms, read from the folders: collecting tests imports none of them."""
    root = Path(next(iter(dfsql.__path__)))
    paths = (path.relative_to(root) for room in ROOMS for path in (root / room).rglob("*.py"))
    return sorted(
        ".".join(("dfsql", *path.with_suffix("").parts)).removesuffix(".__init__") for path in paths
    )


def loaded_by(code: str) -> set[str]:
    """The names of the modules that a fresh interpreter has loaded after running `code`."""
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n@', *sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.rsplit("@", 1)[1].split())


def type_checking_names() -> dict[str, str]:
    """Name -> room, as the imports under TYPE_CHECKING in the package's file say it."""
    assert dfsql.__file__ is not None
    tree = ast.parse(Path(dfsql.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, functions; each by name (ruff's order)."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("door", DOORS)
def test_all_is_sorted_and_every_name_exists(door: str) -> None:
    module = import_module(door)
    assert module.__all__ == sorted(set(module.__all__), key=_order)
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []


def test_lazy_names_are_the_public_names() -> None:
    assert list(dfsql._ROOMS) == dfsql.__all__
    assert type_checking_names() == dfsql._ROOMS


def test_public_names_come_from_the_doors_of_their_rooms() -> None:
    for name, room in dfsql._ROOMS.items():
        assert getattr(dfsql, name) is getattr(import_module(f"dfsql.{room}"), name)


def test_functions_stay_functions_when_modules_of_the_same_name_are_loaded() -> None:
    code = (
        "import dfsql.compiler.explain.svg, dfsql; assert callable(dfsql.explain) and callable(dfsql.check)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_dir_lists_the_public_names_before_they_are_loaded() -> None:
    assert set(dfsql.__all__) <= set(dir(dfsql))


def test_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="'dfsql' has no attribute 'no_such_name'"):
        dfsql.__getattr__("no_such_name")


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import dfsql", {"dfsql.grammar", "dfsql.compiler", "lark", "networkx", "click", "pgparse", "rich"}),
        ("from dfsql import parse; parse(\"'SELECT 1';\")", {"lark", "networkx", "click", "dfsql.compiler"}),
        ("from dfsql.cli import main; main(['--version'])", {"lark", "networkx", "pgparse", "rich"}),
        ("from dfsql.cli import main; main(['lint', '--help'])", {"networkx", "pgparse", "psycopg", "rich"}),
    ],
    ids=["import", "parse", "version", "help"],
)
def test_heavy_modules_wait_until_they_are_needed(code: str, forbidden: set[str]) -> None:
    loaded = loaded_by(code)
    assert "dfsql" in loaded
    assert loaded & forbidden == set()


def test_every_public_exception_is_in_one_tree() -> None:
    errors = {
        cls
        for name in every_module()
        for _, cls in getmembers(import_module(name), isclass)
        if issubclass(cls, Exception) and cls.__module__.startswith("dfsql.") and cls.__name__[0] != "_"
    }
    assert dfsql.DfsqlError in errors
    assert [cls for cls in errors if not issubclass(cls, dfsql.DfsqlError)] == []


@pytest.mark.parametrize("name", every_module())
def test_every_module_says_in_one_line_what_it_is(name: str) -> None:
    module = import_module(name)
    assert module.__doc__, "no docstring"
    assert module.__doc__.strip().splitlines()[0].endswith((".", ":")), "the first line is not a sentence"
