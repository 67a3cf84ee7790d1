"""The rules on whole graphs: each text, each path, and the order of the checks."""

import pytest
from random_graphs import chain, deep

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.envelope import EnvelopeError, from_envelope, to_envelope
from dfsql.compiler.graph import Graph, Kind, Node
from dfsql.compiler.submission import MAX_NODES, Size, check_graph, check_limits, measure

A = '{"node_type":"SQL","query":"a"}'
BAD_TYPE = '{"node_type":"x"}'
TYPES = "SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL"
UNKNOWN = f"Unknown node_type 'x'. Valid types: {TYPES}"
NO_TYPE = "failed to deserialize Durofut child: missing field `node_type` at line 1 column 2"


def node(node_type: str, more: str = "", left: str = A, right: str = A) -> str:
    return f'{{"node_type":"{node_type}","left_node":{left},"right_node":{right}{more}}}'


def loop(more: str) -> str:
    return f'{{"node_type":"LOOP","left_node":{A}{more}}}'


RULES = {
    "unknown type below": (node("THEN", right=BAD_TYPE), "root.right", UNKNOWN),
    "unknown type far below": (
        node("THEN", left=node("JOIN", f',"extra_nodes":[{A},{loop(f""","condition_node":{BAD_TYPE}""")}]')),
        "root.left.extra_nodes[1].condition_node",
        UNKNOWN,
    ),
    "condition on a THEN": (
        node("THEN", f',"condition_node":{A}'),
        "root",
        "condition_node is not valid for THEN nodes",
    ),
    "extras on a RACE": (
        node("RACE", f',"extra_nodes":[{A}]'),
        "root",
        "extra_nodes is not valid for RACE nodes",
    ),
    "condition inside the query": (
        loop(',"query":"{\\"condition_node\\":null}"'),
        "root",
        "condition_node in LOOP must be a first-class Durofut field, not embedded in query",
    ),
    "extras inside the query": (
        node("JOIN", ',"query":"{\\"extra_nodes\\":[]}"'),
        "root",
        "extra_nodes in JOIN must be a first-class Durofut field, not embedded in query",
    ),
    "child without a type": (node("THEN", right="{}"), "root.right", NO_TYPE),
    "query beside a condition is no JSON": (
        loop(f',"condition_node":{A},"query":"x"'),
        "root",
        "query in LOOP must be valid JSON config: expected value at line 1 column 1",
    ),
    "query beside extras is no object": (
        node("JOIN", f',"extra_nodes":[{A}],"query":"[1]"'),
        "root",
        "query in JOIN must be a JSON config object",
    ),
    # the order of checks
    "a node's children are decoded before its left subtree is looked at": (
        node("THEN", left=BAD_TYPE, right="{}"),
        "root.right",
        NO_TYPE,
    ),
    "left before right": (node("THEN", left=BAD_TYPE, right='{"node_type":"y"}'), "root.left", UNKNOWN),
    "a node's fields before its children": (
        node("THEN", f',"condition_node":{A}', left="{}"),
        "root",
        "condition_node is not valid for THEN nodes",
    ),
    "a node's children before its query": (
        loop(',"condition_node":{},"query":"x"'),
        "root.condition_node",
        NO_TYPE,
    ),
    "a node's query before its subtrees": (
        f'{{"node_type":"LOOP","left_node":{BAD_TYPE},"condition_node":{A},"query":"5"}}',
        "root",
        "query in LOOP must be a JSON config object",
    ),
}


@pytest.mark.parametrize(("text", "path", "message"), RULES.values(), ids=RULES)
def test_graph_rules(text: str, path: str, message: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        from_envelope(text)
    assert str(caught.value) == f"Invalid durable function graph: {path}: {message}"


STRUCTURE = 'new row for relation "nodes" violates check constraint "nodes_structure_chk"'
NAME = 'new row for relation "nodes" violates check constraint "nodes_result_name_chk"'
CONSTRAINTS = {
    "leaf without a query": ('{"node_type":"SQL"}', STRUCTURE),
    "leaf with a child": (f'{{"node_type":"SQL","query":"a","left_node":{A}}}', STRUCTURE),
    "THEN without a second": (f'{{"node_type":"THEN","left_node":{A}}}', STRUCTURE),
    "THEN with a query": (node("THEN", ',"query":"x"'), STRUCTURE),
    "RACE with a query": (node("RACE", ',"query":"x"'), STRUCTURE),
    "JOIN of one": (f'{{"node_type":"JOIN","right_node":{A}}}', STRUCTURE),
    "LOOP with a right": (node("LOOP"), STRUCTURE),
    "LOOP without a body": ('{"node_type":"LOOP"}', STRUCTURE),
    "IF with neither condition nor query": (node("IF"), STRUCTURE),
    "name": ('{"node_type":"SQL","query":"a","result_name":"1st"}', NAME),
    "empty name": ('{"node_type":"SQL","query":"a","result_name":""}', NAME),
    "IF that nothing decides": (node("IF", ',"query":"{}"'), "IF node missing condition_node"),
    "a graph rule elsewhere speaks first": (
        node("THEN", left='{"node_type":"SQL"}', right=BAD_TYPE),
        f"Invalid durable function graph: root.right: {UNKNOWN}",
    ),
}


@pytest.mark.parametrize(("text", "message"), CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_table_constraints(text: str, message: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        from_envelope(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("more", ["", ',"query":"not JSON"', ',"query":"[]"'])
def test_join_and_loop_take_any_query_when_nothing_is_added_to_it(more: str) -> None:
    for text in (node("JOIN", more), loop(more)):
        assert to_envelope(from_envelope(text)) == text


DEPTH = (
    "Graph exceeds maximum nesting depth of 256. Simplify the workflow or break it into multiple instances."
)
COUNT = (
    "Workflow exceeds maximum node count of 10000. Simplify the workflow or break it into multiple instances."
)


def wide(steps: int) -> Graph:
    """A balanced sequence: many nodes, little depth."""
    row = [Draft(Kind.SQL, query=str(number)) for number in range(steps)]
    while len(row) > 1:
        pairs = [
            Draft(Kind.THEN, {"first": a, "second": b}) for a, b in zip(row[::2], row[1::2], strict=False)
        ]
        row = pairs + row[len(pairs) * 2 :]
    return assemble(row[0])


def test_depth_limit() -> None:
    assert check_limits(chain(257)) is None
    assert measure(chain(257)) == Size(256, 513)
    problem = check_limits(chain(258))
    assert problem is not None
    path = "root" + ".left" * 257
    assert (problem.path, problem.message) == (path, DEPTH)
    assert problem.text == f"Invalid durable function graph: {path}: {DEPTH}"
    assert isinstance(problem.at, Node)
    assert problem.at.id == "s1"


def test_depth_limit_through_every_kind_of_child() -> None:
    assert check_limits(deep(256)) is None
    problem = check_limits(deep(257))
    assert problem is not None
    assert problem.message == DEPTH
    assert problem.path.startswith("root.right.left.right.left.left.right.left.right.left.left.right")
    assert problem.path.count(".") == 257


def test_node_limit() -> None:
    assert check_limits(wide(5000)) is None
    graph = wide(5001)
    assert len(graph.nodes) == MAX_NODES + 1
    problem = check_limits(graph)
    assert problem is not None
    assert problem.message == COUNT
    # Children are counted when their parent is visited: the last THEN's second child is one too many.
    last = max(node.index for node in graph.nodes if node.kind is Kind.THEN)
    assert problem.at is graph.child(graph.nodes[last], "second")
    assert measure(graph).nodes == 10_001


def test_node_limit_names_the_child_that_is_too_many() -> None:
    branches = {f"branch{number}": Draft(Kind.SQL, query="x") for number in range(1, MAX_NODES + 3)}
    problem = check_limits(assemble(Draft(Kind.JOIN, branches)))
    assert problem is not None
    assert problem.path == "root.extra_nodes[9997]"


@pytest.mark.parametrize(
    "graph",
    [chain(300), chain(300, right=True), deep(300), wide(5001), wide(8000), chain(20_000), deep(5)],
    ids=["left", "right", "deep", "wide", "wider", "long", "fine"],
)
def test_the_walk_for_all_rules_and_the_one_for_limits_agree(graph: Graph) -> None:
    assert check_graph(graph) == check_limits(graph)


def test_a_deep_operand_is_measured_from_the_root_of_the_whole() -> None:
    inner = to_envelope(chain(257))
    text = f'{{"node_type":"LOOP","left_node":{inner}}}'
    with pytest.raises(EnvelopeError) as caught:
        from_envelope(text)
    assert str(caught.value) == f"Invalid durable function graph: root{'.left' * 257}: {DEPTH}"
