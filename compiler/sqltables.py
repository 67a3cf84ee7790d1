"""What a statement's parse tree touches: tables read, tables written, functions called."""

from typing import Any, NamedTuple

from .sqlkinds import Tree, option_on, options


class Survey(NamedTuple):
    """Names in order of appearance, each once, with their schema where it is written."""

    tables_read: tuple[str, ...]
    tables_written: tuple[str, ...]
    functions: tuple[str, ...]


NOTHING = Survey((), (), ())

# Statements whose whole tree is looked at; of the others only the table they change counts.
_WALKED = frozenset(
    {
        "SelectStmt",
        "InsertStmt",
        "UpdateStmt",
        "DeleteStmt",
        "MergeStmt",
        "CallStmt",
        "CopyStmt",
        "CreateStmt",
        "CreateTableAsStmt",
        "DeclareCursorStmt",
        "ExecuteStmt",
        "ExplainStmt",
        "IndexStmt",
        "PrepareStmt",
        "ViewStmt",
    }
)
# node -> the key of the table whose rows or definition it changes
_CHANGED = {
    "InsertStmt": "relation",
    "UpdateStmt": "relation",
    "DeleteStmt": "relation",
    "MergeStmt": "relation",
    "CreateStmt": "relation",
    "AlterTableStmt": "relation",
    "AlterObjectSchemaStmt": "relation",
    "RenameStmt": "relation",
    "IndexStmt": "relation",
    "CreateTrigStmt": "relation",
    "RuleStmt": "relation",
    "RefreshMatViewStmt": "relation",
    "ViewStmt": "view",
    "intoClause": "rel",  # SELECT ... INTO
    "into": "rel",  # CREATE TABLE ... AS
}
_DROPPED = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"})
_CALL = frozenset({"FuncCall", "funccall"})
# Keys below which there is neither a table that is read nor a call.
_SKIPPED = frozenset(
    {
        "A_Const",
        "ColumnRef",
        "String",
        "ParamRef",
        "TypeName",
        "typeName",
        "names",
        "name",
        "fields",
        "funcname",
        "inhRelations",
        "lockingClause",
        "relation",
        "pktable",
        "rel",
        "view",
        "options",
    }
)
# One look-up a key, as the keys of a tree are new texts each time: True is noted, False skipped.
_NOTED = dict.fromkeys(_SKIPPED, False) | dict.fromkeys((*_CALL, *_CHANGED, "RangeVar"), True)
_Found = list[tuple[int, str]]  # (byte offset, name)


def table_name(node: Tree) -> str:
    """The name of a RangeVar as `schema.table`."""
    if "schemaname" not in node:
        return str(node["relname"])
    return ".".join([node[key] for key in ("catalogname", "schemaname", "relname") if key in node])


def survey(name: str, node: Tree) -> Survey:
    """The tables and functions of a statement.

    Written are tables whose rows or definition change; names bound by WITH are no tables. EXPLAIN without
    ANALYZE writes nothing.
    """
    if name == "TruncateStmt":
        return Survey((), _ordered([_place(item["RangeVar"]) for item in node["relations"]]), ())
    if name == "DropStmt":
        return Survey((), _dropped(node), ())
    if name not in _WALKED:
        changed = node.get(_CHANGED.get(name, ""))
        return Survey((), (table_name(changed),), ()) if changed else NOTHING
    walk = _Walk()
    walk.run({name: node})
    if name == "CopyStmt" and "relation" in node:
        (walk.writes if node.get("is_from") else walk.reads).append(_place(node["relation"]))
    if name == "ExplainStmt" and not option_on(options(node), "analyze", False):
        walk.writes.clear()
    return Survey(_ordered(walk.reads), _ordered(walk.writes), _ordered(walk.calls))


def _dropped(node: Tree) -> tuple[str, ...]:
    if node.get("removeType") not in _DROPPED:
        return ()
    return tuple(_dotted(item["List"]["items"]) for item in node["objects"])


def _dotted(names: list[dict[str, Any]]) -> str:
    return ".".join([name["String"]["sval"] for name in names])


def _place(node: Tree) -> tuple[int, str]:
    return node.get("location", 0), table_name(node)


def _ordered(found: _Found) -> tuple[str, ...]:
    if len(found) > 1:
        return tuple(dict.fromkeys([name for _, name in sorted(found)]))
    return (found[0][1],) if found else ()


class _Walk:
    """Collects from a tree, one scope of WITH names at a time, without recursion."""

    def __init__(self) -> None:
        self.reads: _Found = []
        self.writes: _Found = []
        self.calls: _Found = []
        self._scopes: list[tuple[Tree, frozenset[str]]] = []

    def run(self, tree: Tree) -> None:
        self._scopes.append((tree, frozenset()))
        while self._scopes:
            self._scope(*self._scopes.pop())

    def _scope(self, tree: Tree, hidden: frozenset[str]) -> None:
        """Everything below `tree` that has no WITH of its own; `hidden` are the WITH names in force."""
        queue = [tree]
        for node in queue:  # grows while it is walked
            if "withClause" in node:
                self._with(node, hidden)
                continue
            for key, value in node.items():
                kind = type(value)
                if kind is dict:
                    noted = _NOTED.get(key)
                    if noted:
                        self._note(key, value, hidden)
                    if noted is not False:
                        queue.append(value)
                elif kind is list and key not in _SKIPPED:
                    queue.extend(value)

    def _note(self, key: str, value: Tree, hidden: frozenset[str]) -> None:
        if key == "RangeVar":
            self._table(value, hidden)
        elif key in _CALL:
            self.calls.append((value.get("location", 0), _dotted(value["funcname"])))
        elif _CHANGED[key] in value:
            self.writes.append(_place(value[_CHANGED[key]]))

    def _table(self, node: Tree, hidden: frozenset[str]) -> None:
        bound = node["relname"] in hidden and "schemaname" not in node
        stands_in = node["relname"] == "_" and "alias" in node  # for `$x.*`, see `sqlmask`
        if not bound and not stands_in:
            self.reads.append(_place(node))

    def _with(self, node: Tree, hidden: frozenset[str]) -> None:
        """Opens the scopes of a WITH: without RECURSIVE, a query sees only the names before its own."""
        clause = node["withClause"]
        queries = [item["CommonTableExpr"] for item in clause["ctes"]]
        everything = hidden.union(query["ctename"] for query in queries)
        for query in queries:
            self._scopes.append((query["ctequery"], everything if clause.get("recursive") else hidden))
            hidden = hidden | {query["ctename"]}
        rest = {key: value for key, value in node.items() if key != "withClause"}
        self._scopes.append((rest, everything))
