"""The names of the columns a statement returns, as PostgreSQL chooses them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .sqlkinds import Tree, leftmost


def returned_columns(name: str, node: Tree) -> tuple[str | None, ...] | None:
    """The names of the columns that a statement returns; None when it returns no rows.

    A None among the names stands for columns that the text does not tell (`*`, EXECUTE, FETCH).
    """
    if name == "SelectStmt":
        first = leftmost(node)
        return None if "intoClause" in first else _select_columns(first)
    if name == "ExplainStmt":
        return ("QUERY PLAN",)
    if name == "VariableShowStmt":
        return ("name", "setting", "description") if node.get("name") == "all" else (node.get("name"),)
    if name == "ExecuteStmt" or (name == "FetchStmt" and not node.get("ismove")):
        return (None,)
    targets = node.get("returningList") or node.get("returningClause", {}).get("exprs")  # up to 17, from 18
    return tuple([_column(target["ResTarget"]) for target in targets]) if targets else None


def _select_columns(select: Tree) -> tuple[str | None, ...]:
    if "valuesLists" in select:
        width = len(select["valuesLists"][0]["List"]["items"])
        return tuple(f"column{number}" for number in range(1, width + 1))
    return tuple([_column(target["ResTarget"]) for target in select.get("targetList", ())])


# Expressions that PostgreSQL names after themselves when they are a column without AS.
_NAMED: Mapping[str, str] = {
    "A_ArrayExpr": "array",
    "CoalesceExpr": "coalesce",
    "GroupingFunc": "grouping",
    "JsonArrayAgg": "json_arrayagg",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonObjectConstructor": "json_object",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "MergeSupportFunc": "merge_action",
    "RowExpr": "row",
    "XmlSerialize": "xmlserialize",
}
_UNNAMED = "?column?"


def _column(target: Tree) -> str | None:
    """The name PostgreSQL gives to a column; None for `*` and for what differs between its versions."""
    weak = _UNNAMED  # the name a cast or CASE gives, used when what is inside has none
    while True:
        if "name" in target:
            return str(target["name"])
        step = _inside(target["val"])
        while isinstance(step, _Inside):
            weak = step.name if weak == _UNNAMED and step.name else weak
            if step.node is None:
                return weak
            step = _inside(step.node)
        if step is None or isinstance(step, str):
            return weak if step == _UNNAMED else step
        target, weak = step, _UNNAMED  # the only column of a subselect


class _Inside(NamedTuple):
    """The name is found in `node`; if there is none in it, `name` is taken."""

    node: Tree | None
    name: str | None = None


def _inside(node: Tree) -> "str | _Inside | Tree | None":
    """A column name, None where it is not known, or where to look on."""
    ((kind, value),) = node.items()
    if kind in _NAMED:
        return _NAMED[kind]
    find = _FINDERS.get(kind)
    return _UNNAMED if find is None else find(value)


def _reference(value: Tree) -> str | None:
    last = value["fields"][-1]
    return str(last["String"]["sval"]) if "String" in last else None


def _indirection(value: Tree) -> str | _Inside | None:
    if "A_Star" in value["indirection"][-1]:
        return None
    names = [item["String"]["sval"] for item in value["indirection"] if "String" in item]
    return names[-1] if names else _Inside(value["arg"])


def _subselect(value: Tree) -> str | Tree | None:
    kind = value.get("subLinkType", "EXISTS_SUBLINK")
    if kind != "EXPR_SUBLINK":
        return {"EXISTS_SUBLINK": "exists", "ARRAY_SUBLINK": "array"}.get(kind, _UNNAMED)
    first = leftmost(value["subselect"]["SelectStmt"])
    if "valuesLists" in first:
        return "column1"
    targets = first.get("targetList")
    return dict(targets[0]["ResTarget"]) if targets else None


def _operation(value: Tree, prefix: str, suffix: str = "") -> str:
    return str(value.get("op", "")).removeprefix(prefix).removesuffix(suffix).lower()


def _xml(value: Tree) -> str:
    return _UNNAMED if value.get("op") == "IS_DOCUMENT" else _operation(value, "IS_")


_FINDERS: dict[str, "Callable[[Tree], str | _Inside | Tree | None]"] = {
    "ColumnRef": _reference,
    "A_Indirection": _indirection,
    "FuncCall": lambda value: str(value["funcname"][-1]["String"]["sval"]),
    "A_Const": lambda value: None if "boolval" in value else _UNNAMED,  # "bool" up to 14
    "A_Expr": lambda value: "nullif" if value.get("kind") == "AEXPR_NULLIF" else _UNNAMED,
    "TypeCast": lambda value: _Inside(value["arg"], value["typeName"]["names"][-1]["String"]["sval"]),
    "CollateClause": lambda value: _Inside(value["arg"]),
    "CaseExpr": lambda value: _Inside(value.get("defresult"), "case"),
    "SubLink": _subselect,
    "MinMaxExpr": lambda value: _operation(value, "IS_"),
    "SQLValueFunction": lambda value: _operation(value, "SVFOP_", "_N"),
    "XmlExpr": _xml,
    "JsonFuncExpr": lambda value: _operation(value, "", "_OP"),
}
