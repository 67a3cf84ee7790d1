"""What sort of statement a parse tree is, and whether it may run inside a transaction block."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

Tree = Mapping[str, Any]


class Transactional(Enum):
    """Whether a statement can run inside a transaction block; MAYBE depends on what the server holds."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


# Nodes whose name does not tell the command, or not in its words.
_KINDS = {
    "AlterEnumStmt": "ALTER TYPE",
    "AlterObjectDependsStmt": "ALTER",
    "AlterRoleSetStmt": "ALTER ROLE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "AlterDatabaseRefreshCollStmt": "ALTER DATABASE",
    "AlterEventTrigStmt": "ALTER EVENT TRIGGER",
    "AlterFdwStmt": "ALTER FOREIGN DATA WRAPPER",
    "AlterForeignServerStmt": "ALTER SERVER",
    "AlterSeqStmt": "ALTER SEQUENCE",
    "AlterStatsStmt": "ALTER STATISTICS",
    "AlterTableMoveAllStmt": "ALTER TABLE",
    "AlterTableSpaceOptionsStmt": "ALTER TABLESPACE",
    "CheckPointStmt": "CHECKPOINT",
    "ClosePortalStmt": "CLOSE",
    "CompositeTypeStmt": "CREATE TYPE",
    "ConstraintsSetStmt": "SET CONSTRAINTS",
    "CreateAmStmt": "CREATE ACCESS METHOD",
    "CreateEnumStmt": "CREATE TYPE",
    "CreateEventTrigStmt": "CREATE EVENT TRIGGER",
    "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER",
    "CreateForeignServerStmt": "CREATE SERVER",
    "CreateOpClassStmt": "CREATE OPERATOR CLASS",
    "CreateOpFamilyStmt": "CREATE OPERATOR FAMILY",
    "CreatePLangStmt": "CREATE LANGUAGE",
    "CreateRangeStmt": "CREATE TYPE",
    "CreateSeqStmt": "CREATE SEQUENCE",
    "CreateStatsStmt": "CREATE STATISTICS",
    "CreateStmt": "CREATE TABLE",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "CreateTrigStmt": "CREATE TRIGGER",
    "CreatedbStmt": "CREATE DATABASE",
    "DeclareCursorStmt": "DECLARE",
    "DropTableSpaceStmt": "DROP TABLESPACE",
    "DropdbStmt": "DROP DATABASE",
    "IndexStmt": "CREATE INDEX",
    "RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW",
    "RuleStmt": "CREATE RULE",
    "SecLabelStmt": "SECURITY LABEL",
    "VariableShowStmt": "SHOW",
    "ViewStmt": "CREATE VIEW",
}
_OBJECT_KEYS = {
    "AlterFunctionStmt": ("ALTER", "objtype"),
    "AlterObjectSchemaStmt": ("ALTER", "objectType"),
    "AlterOwnerStmt": ("ALTER", "objectType"),
    "AlterTableStmt": ("ALTER", "objtype"),
    "DefineStmt": ("CREATE", "kind"),
    "DropStmt": ("DROP", "removeType"),
    "RenameStmt": ("ALTER", "renameType"),
}
_OBJECTS = {
    "COLUMN": "TABLE",
    "TABCONSTRAINT": "TABLE",
    "DOMCONSTRAINT": "DOMAIN",
    "ATTRIBUTE": "TYPE",
    "MATVIEW": "MATERIALIZED VIEW",
    "TSCONFIGURATION": "TEXT SEARCH CONFIGURATION",
    "TSDICTIONARY": "TEXT SEARCH DICTIONARY",
    "TSPARSER": "TEXT SEARCH PARSER",
    "TSTEMPLATE": "TEXT SEARCH TEMPLATE",
    "FDW": "FOREIGN DATA WRAPPER",
}
_TRANSACTIONS = {
    "TRANS_STMT_BEGIN": "BEGIN",
    "TRANS_STMT_START": "START TRANSACTION",
    "TRANS_STMT_COMMIT": "COMMIT",
    "TRANS_STMT_ROLLBACK": "ROLLBACK",
    "TRANS_STMT_SAVEPOINT": "SAVEPOINT",
    "TRANS_STMT_RELEASE": "RELEASE",
    "TRANS_STMT_ROLLBACK_TO": "ROLLBACK TO",
    "TRANS_STMT_PREPARE": "PREPARE TRANSACTION",
    "TRANS_STMT_COMMIT_PREPARED": "COMMIT PREPARED",
    "TRANS_STMT_ROLLBACK_PREPARED": "ROLLBACK PREPARED",
}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def leftmost(select: Tree) -> Tree:
    """The first SELECT of a UNION, INTERSECT or EXCEPT: it names the columns and holds INTO."""
    while "larg" in select:
        select = select["larg"]
    return select


def kind_of(name: str, node: Tree) -> str:
    """The command in upper case: "SELECT", "CREATE INDEX", "ALTER TABLE" and so on."""
    if name in _COMPUTED:
        return _COMPUTED[name](node)
    if name in _OBJECT_KEYS:
        verb, key = _OBJECT_KEYS[name]
        word = str(node.get(key, "")).removeprefix("OBJECT_")
        return f"{verb} {_OBJECTS.get(word, word.replace('_', ' '))}".rstrip()
    fixed = _KINDS.get(name)
    return fixed or _CAPITAL.sub(" ", name.removesuffix("Stmt")).upper()


def _select(node: Tree) -> str:
    first = leftmost(node)
    if "intoClause" in first:
        return "SELECT INTO"
    return "VALUES" if "valuesLists" in first else "SELECT"


def _set(node: Tree) -> str:
    return "RESET" if str(node.get("kind")).startswith("VAR_RESET") else "SET"


_COMPUTED: dict[str, Callable[[Tree], str]] = {
    "SelectStmt": _select,
    "VariableSetStmt": _set,
    "TransactionStmt": lambda node: _TRANSACTIONS.get(node.get("kind", "TRANS_STMT_BEGIN"), "BEGIN"),
    "VacuumStmt": lambda node: "VACUUM" if node.get("is_vacuumcmd") else "ANALYZE",
    "FetchStmt": lambda node: "MOVE" if node.get("ismove") else "FETCH",
    "GrantStmt": lambda node: "GRANT" if node.get("is_grant") else "REVOKE",
    "GrantRoleStmt": lambda node: "GRANT" if node.get("is_grant") else "REVOKE",
    "CreateFunctionStmt": lambda node: "CREATE PROCEDURE" if node.get("is_procedure") else "CREATE FUNCTION",
    "CreateTableAsStmt": lambda node: (
        "CREATE MATERIALIZED VIEW" if node.get("objtype") == "OBJECT_MATVIEW" else "CREATE TABLE AS"
    ),
}

# PostgreSQL 14 to 18 refuses these in a transaction block whatever their options say; a step cannot end its
# own transaction either.
_NEVER = frozenset(
    {
        "TransactionStmt",
        "CreatedbStmt",
        "DropdbStmt",
        "CreateTableSpaceStmt",
        "DropTableSpaceStmt",
        "AlterSystemStmt",
    }
)
_PUBLICATION_CHANGES = frozenset(
    f"ALTER_SUBSCRIPTION_{word}"
    for word in ("SET_PUBLICATION", "ADD_PUBLICATION", "DROP_PUBLICATION", "REFRESH", "REFRESH_PUBLICATION")
)
_BLOCK_ENDS = re.compile(r"\b(?:commit|rollback|call|do)\b", re.IGNORECASE)


def transactional(name: str, node: Tree) -> Transactional:
    """Whether the statement can run inside a transaction block.

    MAYBE: CALL and DO (the body may commit), REINDEX and CLUSTER of a table (refused where it is
    partitioned), and forms of ALTER and DROP SUBSCRIPTION. A PL/pgSQL DO body that neither commits, rolls
    back nor calls anything that could is YES.
    """
    if name in _NEVER:
        return Transactional.NO
    decide = _DECIDED.get(name)
    return Transactional.YES if decide is None else decide(node)


def _yes_unless(refused: object) -> Transactional:
    return Transactional.NO if refused else Transactional.YES


def options(node: Tree, key: str = "options") -> dict[str, Any]:
    """Name -> value of a list of options; an option without a value counts as "true"."""
    found: dict[str, Any] = {}
    for item in node.get(key, ()):
        element = item.get("DefElem", {})
        found[element.get("defname", "")] = _option_value(element.get("arg"))
    return found


def _option_value(arg: Any) -> str:
    if not isinstance(arg, dict):
        return "true"
    for kind, value in arg.items():
        if kind == "Boolean":
            return "true" if value.get("boolval") else "false"
        if kind == "Integer":
            return str(value.get("ival", 0))
        if kind == "TypeName":
            return str(value.get("names", [{}])[-1].get("String", {}).get("sval", ""))
        return str(value.get("sval", ""))
    return "true"


def option_on(found: Mapping[str, str], name: str, default: bool) -> bool:
    """Whether a boolean option is set, by PostgreSQL's words for it."""
    return default if name not in found else found[name].lower() not in ("false", "off", "0")


def _reindex(node: Tree) -> Transactional:
    if "relation" not in node:
        return Transactional.NO  # a schema, a database, the system catalogues
    return (
        Transactional.NO if option_on(options(node, "params"), "concurrently", False) else Transactional.MAYBE
    )


def _alter_table(node: Tree) -> Transactional:
    for item in node.get("cmds", ()):
        command = item.get("AlterTableCmd", {})
        if command.get("def", {}).get("PartitionCmd", {}).get("concurrent"):
            return Transactional.NO  # DETACH PARTITION ... CONCURRENTLY
    return Transactional.YES


def _create_subscription(node: Tree) -> Transactional:
    found = options(node)
    return _yes_unless(option_on(found, "create_slot", option_on(found, "connect", True)))


def _alter_subscription(node: Tree) -> Transactional:
    kind = node.get("kind", "ALTER_SUBSCRIPTION_OPTIONS")
    if kind in _PUBLICATION_CHANGES:
        return _yes_unless(option_on(options(node), "refresh", True))
    return Transactional.MAYBE if kind == "ALTER_SUBSCRIPTION_OPTIONS" else Transactional.YES


def _do(node: Tree) -> Transactional:
    found = options(node, "args")
    if found.get("language", "plpgsql") == "plpgsql" and not _BLOCK_ENDS.search(found.get("as", "")):
        return Transactional.YES
    return Transactional.MAYBE


_DECIDED: dict[str, Callable[[Tree], Transactional]] = {
    "VacuumStmt": lambda node: _yes_unless(node.get("is_vacuumcmd")),
    "IndexStmt": lambda node: _yes_unless(node.get("concurrent")),
    "DropStmt": lambda node: _yes_unless(node.get("concurrent")),
    "ReindexStmt": _reindex,
    "ClusterStmt": lambda node: Transactional.MAYBE if "relation" in node else Transactional.NO,
    "DiscardStmt": lambda node: _yes_unless(node.get("target", "DISCARD_ALL") == "DISCARD_ALL"),
    "AlterDatabaseStmt": lambda node: _yes_unless("tablespace" in options(node)),
    "AlterTableStmt": _alter_table,
    "CreateSubscriptionStmt": _create_subscription,
    "AlterSubscriptionStmt": _alter_subscription,
    "DropSubscriptionStmt": lambda node: Transactional.MAYBE,
    "CallStmt": lambda node: Transactional.MAYBE,
    "DoStmt": _do,
}
