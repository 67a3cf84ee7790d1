"""The nodes of a dfgraph/1 workflow, put together: ids, roles, and the one tree they must form."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..grammar import Span
from .build import Draft, decode_config
from .dfgraph_forms import (
    GraphFormatError,
    a_flag,
    a_text,
    a_text_or_null,
    an_object,
    anything,
    did_you_mean,
    one_of,
)
from .graph import LEAF_KINDS, Graph, Kind
from .submission import is_rows_config

NODE = {
    "id": a_text,
    "kind": one_of("kind", [kind.value for kind in Kind]),
    "children": an_object,
    "query": a_text_or_null,
    "name": a_text_or_null,
    "span": anything,
    "name_span": anything,
    "scope": a_text,
    "dynamic": a_flag,
    "config": an_object,
}
_ROLES: Mapping[Kind, tuple[str, ...]] = {
    Kind.THEN: ("first", "second"),
    Kind.IF: ("then", "else", "condition"),
    Kind.IF_ROWS: ("then", "else"),
    Kind.RACE: ("branch1", "branch2"),
}


def draft_tree(nodes: Sequence[Mapping[str, Any]], root: str, where: str) -> Draft:
    """The tree that the nodes form. Raises GraphFormatError when they form none, or one that cannot be."""
    places = _places(nodes, where)
    if root not in places:
        raise GraphFormatError(f"{where}.root", f"no node has the id '{root}'")
    parents = _parents(nodes, places, root, where)
    drafts = [_draft(node, f"{where}.nodes[{at}]") for at, node in enumerate(nodes)]
    for at, node in enumerate(nodes):
        if node["id"] != root and node["id"] not in parents:
            raise GraphFormatError(f"{where}.nodes[{at}]", f"'{node['id']}' is not reached from the root")
        roles = _roles(Kind(node["kind"]), node["children"], f"{where}.nodes[{at}].children")
        drafts[at].children = {role: drafts[places[node["children"][role]]] for role in roles}
    _check_order(nodes, places, root, where)
    return drafts[places[root]]


def verify_places(graph: Graph, nodes: Sequence[Mapping[str, Any]], where: str) -> None:
    """Ids and scopes follow from a node's place, so those written must be the ones that follow."""
    for node, written in zip(graph.nodes, nodes, strict=True):
        place = f"{where}.nodes[{node.index}]"
        if written["id"] != node.id:
            raise GraphFormatError(f"{place}.id", f"is '{written['id']}', but its place makes it '{node.id}'")
        if written["scope"] != node.scope:
            message = f"is '{written['scope']}', but '{node.id}' runs in '{node.scope}'"
            raise GraphFormatError(f"{place}.scope", message)


def _places(nodes: Sequence[Mapping[str, Any]], where: str) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, node in enumerate(nodes):
        if node["id"] in places:
            message = f"the id '{node['id']}' is taken by nodes[{places[node['id']]}]"
            raise GraphFormatError(f"{where}.nodes[{at}].id", message)
        places[node["id"]] = at
    return places


def _parents(
    nodes: Sequence[Mapping[str, Any]], places: Mapping[str, int], root: str, where: str
) -> dict[str, str]:
    """The parent of each node but the root; a second parent, or one below the node, is an error."""
    parents: dict[str, str] = {}
    stack = [root]
    while stack:
        node = nodes[places[stack.pop()]]
        for role, child in node["children"].items():
            place = f"{where}.nodes[{places[node['id']]}].children.{role}"
            a_text(child, place)
            if child not in places:
                raise GraphFormatError(place, f"no node has the id '{child}'")
            if child == root or child in parents:
                raise GraphFormatError(place, _second_parent(child, node["id"], parents))
            parents[child] = node["id"]
            stack.append(child)
    return parents


def _second_parent(child: str, parent: str, parents: Mapping[str, str]) -> str:
    above: str | None = parent
    while above is not None and above != child:
        above = parents.get(above)
    if above == child:
        return f"'{child}' is its own ancestor: the nodes form a cycle"
    return f"'{child}' is already a child of '{parents[child]}'"


def _check_order(
    nodes: Sequence[Mapping[str, Any]], places: Mapping[str, int], root: str, where: str
) -> None:
    stack = [root]
    for at, node in enumerate(nodes):
        expected = stack.pop()
        if node["id"] != expected:
            message = f"nodes stand in pre-order: '{expected}' belongs here, not '{node['id']}'"
            raise GraphFormatError(f"{where}.nodes[{at}]", message)
        children = node["children"]
        stack.extend(children[role] for role in reversed(_roles(Kind(node["kind"]), children, "")))


def _roles(kind: Kind, given: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The roles of a node's children in their order. Raises when these are not the kind's."""
    if kind is Kind.JOIN:
        expected = tuple(f"branch{number}" for number in range(1, max(2, len(given)) + 1))
    elif kind is Kind.LOOP:
        expected = ("body", "condition") if "condition" in given else ("body",)
    else:
        expected = _ROLES.get(kind, ())
    for role in given:
        if role not in expected:
            message = f"'{role}' is no role in {kind.value}{did_you_mean(role, expected)}"
            raise GraphFormatError(where, message)
    for role in expected:
        if role not in given:
            raise GraphFormatError(where, f"{kind.value} lacks the child '{role}'")
    return expected


def _draft(node: Mapping[str, Any], where: str) -> Draft:
    """The node without its children."""
    kind, query = Kind(node["kind"]), node["query"]
    if kind in LEAF_KINDS and query is None:
        raise GraphFormatError(f"{where}.query", f"{kind.value} needs one, but it is null")
    if kind in (Kind.THEN, Kind.RACE) and query is not None:
        raise GraphFormatError(f"{where}.query", f"{kind.value} has none, so it must be null")
    if kind is Kind.IF_ROWS and not is_rows_config(query):
        raise GraphFormatError(f"{where}.query", "IF_ROWS needs the config that names a stored result")
    if node.get("config") != decode_config(kind, query):
        raise GraphFormatError(f"{where}.config", "is not what the query holds")
    return Draft(
        kind,
        query=query,
        name=node["name"],
        span=node["span"] or Span(0, 0),
        name_span=node["name_span"],
        dynamic=node["dynamic"],
    )
