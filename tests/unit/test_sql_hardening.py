"""The scripts of schema df: names that nobody can divert, and statements that any owner may run in one transaction.

PostgreSQL's own parser reads every script; the rules are ours, after what linters of extension scripts ask for.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from dfsql.sql import this_release

pgparse = pytest.importorskip("pgparse")

RELEASE = this_release()
SCRIPTS = (*RELEASE.schema, *RELEASE.upgrades)

# Functions whose search path is not fixed, each with the reason. One whose body is parsed when it is created
# (BEGIN ATOMIC, RETURN) needs none: its names are resolved once, and checked like those of other statements.
CHECKED = (
    "called by CHECK constraints for every row that is written: a SET clause would cost more than the check"
)
CHECKED_ROWS = (
    "called by a CHECK for every row written, where a SET clause would cost most; all in it is qualified"
)
CALLERS_PATH = {
    **dict.fromkeys(
        (
            "df._is_id",
            "df._is_name",
            "df._is_instance_status",
            "df._is_node_status",
            "df._may_have_result",
            "df._is_node_type",
            "df._is_node_shape",
        ),
        CHECKED,
    ),
    "_duroxide.is_vars": CHECKED_ROWS,
    "_duroxide.guard": "resets all settings of the session, which a SET clause would put back at its end",
    "df.explain": "evaluates an expression of the caller, whose operators and functions the caller's path finds",
    "df._is_id": CHECKED_ROWS,
    "df._is_instance_status": CHECKED_ROWS,
    "df._is_name": CHECKED_ROWS,
    "df._is_node_shape": CHECKED_ROWS,
    "df._is_node_status": CHECKED_ROWS,
    "df._is_node_type": CHECKED_ROWS,
    "df._may_have_result": CHECKED_ROWS,
    "_duroxide.render": "regclass and the like must be read by the path that printed them; runs with the step's rights",
}
SAFE_PATHS = (["pg_catalog", "pg_temp"], ["pg_catalog", "df", "pg_temp"])

# What a script may consist of; anything else (transaction control, COPY, ALTER SYSTEM, ...) must be thought about.
STATEMENTS = {
    "AlterTableStmt", "CommentStmt", "CompositeTypeStmt", "CreateFunctionStmt", "CreatePolicyStmt",
    "CreateSchemaStmt", "CreateStmt", "CreateTrigStmt", "DefineStmt", "DoStmt", "GrantStmt", "IndexStmt",
    "InsertStmt", "UpdateStmt", "VariableSetStmt", "ViewStmt",
}  # fmt: skip

TYPE_KEYS = {"argType", "returnType", "typeName", "TypeName"}
RELATION_KEYS = {"relation", "RangeVar", "table", "pktable", "view"}
OPERATOR_KINDS = {"AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL", "AEXPR_NULLIF"}


class Statement(NamedTuple):
    """One statement of a script."""

    script: str
    kind: str
    tree: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.script}: {self.kind} {self.name}"

    @property
    def name(self) -> str:
        """The name of what a CREATE FUNCTION creates; else empty."""
        return ".".join(words(self.tree.get("funcname", [])))

    def options(self, name: str) -> list[Any]:
        """The values of the options of that name of a CREATE FUNCTION or CREATE OPERATOR."""
        found = self.tree.get("options") or self.tree.get("definition") or []
        return [part["DefElem"].get("arg") for part in found if part["DefElem"]["defname"] == name]


def words(names: list[Any]) -> list[str]:
    """The parts of a name."""
    return [part["String"]["sval"] for part in names]


def statements(text: str, script: str = "") -> list[Statement]:
    """The statements of a script."""
    found = pgparse.parse(text.replace("@operators_schema@", "public"))
    return [Statement(script, *next(iter(part["stmt"].items()))) for part in found]


def inside(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value at any depth."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key, value
            yield from inside(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from inside(value)


def unqualified(statement: Statement) -> Iterator[str]:
    """Names in a statement that the search path decides.

    Left to the path that the first script fixes: `void`, and the `=` behind IN.
    """
    local = {value["ctename"] for key, value in inside(statement.tree) if key == "CommonTableExpr"}
    for key, value in inside(statement.tree):
        if key in TYPE_KEYS and len(value["names"]) == 1 and words(value["names"]) != ["void"]:
            yield f"type {words(value['names'])[0]}"
        elif key in ("funcname", "objname") and len(value) == 1:  # calls, triggers, grants, comments
            yield f"function {words(value)[0]}"
        elif key == "A_Expr" and len(value.get("name", [])) == 1 and value["kind"] in OPERATOR_KINDS:
            yield f"operator {words(value['name'])[0]}"
        elif (
            key in RELATION_KEYS
            and "schemaname" not in value
            and value.get("relname", "") not in {"", *local}
        ):
            yield f"relation {value['relname']}"
        elif key == "CaseExpr" and "arg" in value:
            yield "CASE x WHEN"


def paths(statement: Statement) -> list[list[str]]:
    """The search paths that a CREATE FUNCTION fixes."""
    settings = [part["VariableSetStmt"] for part in statement.options("set")]
    return [
        [arg["A_Const"]["sval"]["sval"] for arg in part["args"]]
        for part in settings
        if part["name"] == "search_path"
    ]


def body(statement: Statement) -> str:
    """The text of the function or block."""
    lists = [value for key, value in inside(statement.tree) if key == "items"]
    return "\n".join(part["String"]["sval"] for items in lists for part in items if "String" in part)


def is_definer(statement: Statement) -> bool:
    """Whether a CREATE FUNCTION says SECURITY DEFINER."""
    return any(part["Boolean"].get("boolval", False) for part in statement.options("security"))


def problems(statement: Statement) -> list[str]:
    """What is wrong with a statement."""
    found = [] if statement.kind in STATEMENTS else ["a kind of statement that is not expected"]
    found += [
        key for key, value in inside(statement.tree) if key in ("replace", "if_not_exists") and value is True
    ]
    found += unqualified(statement)
    if statement.kind == "CreateFunctionStmt":
        found += function_problems(statement)
    return found


def function_problems(statement: Statement) -> Iterator[str]:
    """What is wrong with a function."""
    fixed = paths(statement)
    if not fixed and "sql_body" not in statement.tree and statement.name not in CALLERS_PATH:
        yield "the search path is the caller's"
    if [path for path in fixed if path not in SAFE_PATHS]:
        yield "an unsafe search path"
    if is_definer(statement):
        if fixed != [["pg_catalog", "pg_temp"]]:
            yield "SECURITY DEFINER without the one safe search path"
        for command in re.findall(r"\bEXECUTE\s+(?!(?:pg_catalog\.)?format\s*\(|')(\S+)", body(statement)):
            yield f"dynamic SQL that is neither fixed nor format(): {command}"


EVERY = [statement for part in SCRIPTS for statement in statements(part.text, part.name)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_names_cannot_be_diverted(script: Any) -> None:
    found = {str(statement): problems(statement) for statement in statements(script.text, script.name)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_explains_itself_first(script: Any) -> None:
    opening = re.match(r"(--.*\n)+", script.text)
    assert opening
    assert len(opening[0]) > 100
    assert not re.search(r"^\\", script.text, re.M), "a command of psql"


def test_the_first_statement_fixes_the_search_path() -> None:
    first = EVERY[0]
    assert (first.kind, first.tree["name"], first.tree["is_local"]) == (
        "VariableSetStmt",
        "search_path",
        True,
    )


def test_no_exception_is_out_of_date() -> None:
    functions = [part for part in EVERY if part.kind == "CreateFunctionStmt" and "sql_body" not in part.tree]
    loose = {function.name for function in functions if not paths(function)}
    assert set(CALLERS_PATH) == loose
    assert all(CALLERS_PATH.values())


HEAD = "CREATE FUNCTION df.f() RETURNS pg_catalog.int4 LANGUAGE plpgsql "
TAIL = " AS $$ BEGIN RETURN 1; END $$"
SAFE = "SET search_path = pg_catalog, pg_temp"
PLANTED = [
    ("CREATE OR REPLACE FUNCTION df.f() RETURNS pg_catalog.int4 LANGUAGE sql " + SAFE + " AS 'SELECT 1'", "replace"),
    ("CREATE TABLE IF NOT EXISTS df.t ()", "if_not_exists"),
    ("CREATE TABLE t ()", "relation t"),
    ("CREATE TABLE df.t (a text)", "type text"),
    ("CREATE TABLE df.t (a pg_catalog.timestamptz DEFAULT now())", "function now"),
    ("CREATE TABLE df.t (a pg_catalog.int4 CHECK (a > 1))", "operator >"),
    ("CREATE POLICY p ON df.t USING (EXISTS (SELECT FROM x))", "relation x"),
    ("CREATE POLICY p ON df.t USING (CASE a WHEN 1 THEN true END)", "CASE x WHEN"),
    ("COMMIT", "a kind of statement that is not expected"),
    (HEAD + TAIL, "the search path is the caller's"),
    (HEAD.replace("df.f", "f") + SAFE + TAIL, "function f"),
    ("CREATE TRIGGER t AFTER INSERT ON df.t EXECUTE FUNCTION f()", "function f"),
    ("REVOKE ALL ON FUNCTION f() FROM PUBLIC", "function f"),
    (HEAD + "SET search_path = df, pg_catalog" + TAIL, "an unsafe search path"),
    (HEAD + "SECURITY DEFINER" + TAIL, "SECURITY DEFINER without the one safe search path"),
    (HEAD + "SECURITY DEFINER SET search_path = pg_catalog, df, pg_temp" + TAIL, "SECURITY DEFINER without the one safe search path"),
    (HEAD + "SECURITY DEFINER " + SAFE + " AS $$ BEGIN EXECUTE a || b; END $$", "dynamic SQL that is neither fixed nor format(): a"),
    (HEAD + "SECURITY DEFINER " + SAFE + " AS $$ BEGIN EXECUTE format('%I', a); EXECUTE 'x'; END $$", None),
    (HEAD + SAFE + TAIL, None),
    ("CREATE FUNCTION df.f() RETURNS pg_catalog.text LANGUAGE sql RETURN upper('x')", "function upper"),
    ("CREATE FUNCTION df.f() RETURNS pg_catalog.text LANGUAGE sql RETURN pg_catalog.upper('x')", None),
    ("CREATE VIEW df.v AS WITH a AS (SELECT FROM df.t) SELECT FROM a", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), PLANTED)
def test_planted_mistakes_are_seen(text: str, problem: str | None) -> None:
    [statement] = statements(text)
    assert (problem in problems(statement)) if problem else (problems(statement) == [])
