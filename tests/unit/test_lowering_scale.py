"""Long and deep workflows, and texts that grow with every level: no recursion error, no endless computing."""

import sys

import pytest
from graph_shape import shape

from dfsql.compiler import check, compile, explain, from_envelope, to_envelope

pytestmark = pytest.mark.timeout(60)


def chain(count: int, operator: str = " ~> ") -> str:
    return operator.join(f"'SELECT {number}'" for number in range(count))


def nested(opening: str, closing: str, depth: int = 200) -> str:
    return f"{opening * depth}'SELECT 0'{closing * depth}"


INSIDE_THE_LIMITS = {
    "a chain of 250 steps": (chain(250), 499),
    "a join of 250": (chain(250, " & "), 499),
    "sequences to the right": (nested("('SELECT 1' ~> ", ")"), 401),
    "an else-if ladder": (nested("('SELECT 1' ?> 'SELECT 2' !> ", ")"), 601),
    "a ladder of branches": (nested("('SELECT 1' ?> (", ") !> 'SELECT 2')"), 601),
    "loops": (nested("@> (df.sleep(1) ~> ", ")", 100), 301),
    "calls": (nested("df.join('SELECT 1', ", ")"), 401),
    "prefixes": ("@> " * 200 + "df.sleep(1)", 201),
    "parentheses": (nested("(", ")", 2000), 1),
}


@pytest.mark.parametrize(("expression", "nodes"), INSIDE_THE_LIMITS.values(), ids=INSIDE_THE_LIMITS)
def test_deep_workflows_go_through_everything(expression: str, nodes: int) -> None:
    compilation = compile(f"SELECT df.start({expression});")
    (graph,) = compilation.graphs
    assert len(graph.nodes) == nodes
    assert "error" not in {finding.severity.value for finding in check(compilation)}
    envelope = to_envelope(graph)
    assert to_envelope(from_envelope(envelope)) == envelope
    assert explain(graph).count("\n") >= nodes // 4


def test_a_chain_of_five_thousand_steps() -> None:
    compilation = compile(f"SELECT df.start({chain(5000)});")
    (graph,) = compilation.graphs
    assert [node.id for node in graph.sequence(graph.root)] == [f"s{number}" for number in range(1, 5001)]
    (finding,) = check(compilation)
    assert (finding.code, finding.severity.value) == ("DF112", "error")
    assert finding.message == (
        "Invalid durable function graph: Graph exceeds maximum nesting depth of 256."
        " Simplify the workflow or break it into multiple instances."
    )
    assert to_envelope(graph).count("node_type") == 9999
    assert explain(graph).count("\n") == 4999


@pytest.mark.parametrize(
    ("steps", "severity"), [(205, None), (206, "warning"), (257, "warning"), (258, "error")]
)
def test_the_limit_of_depth(steps: int, severity: str | None) -> None:
    found = [(f.code, f.severity.value) for f in compile(f"SELECT df.start({chain(steps)});").findings]
    assert found == ([] if severity is None else [("DF112", severity)])


def balanced(count: int) -> str:
    return "'SELECT 1'" if count == 1 else f"({balanced(count // 2)} ~> {balanced(count - count // 2)})"


@pytest.mark.parametrize(
    ("steps", "severity"), [(4000, None), (4001, "warning"), (5000, "warning"), (5001, "error")]
)
def test_the_limit_of_nodes(steps: int, severity: str | None) -> None:
    found = [(f.code, f.severity.value) for f in compile(f"SELECT df.start({balanced(steps)});").findings]
    assert found == ([] if severity is None else [("DF112", severity)])


GROWING = {
    "conditionals left open": " ?> ".join(["'a'"] * 3000),
    "conditionals left open to the right": "('a' ?> " * 1000 + "'b'" + ")" * 1000,
    "conditionals left open in sequences": " ?> 'b' ~> ".join(["'a'"] * 1000),
    "text glued to nodes": " ~> 'a' || ".join(["'b'"] * 1000),
}


@pytest.mark.parametrize("expression", GROWING.values(), ids=GROWING)
def test_texts_that_double_with_every_level(expression: str) -> None:
    compilation = compile(f"SELECT df.start({expression});")
    assert {finding.code for finding in compilation.findings} <= {"DF103", "DF108"}
    assert len(to_envelope(compilation.graphs[0])) < 10_000_000


def test_what_is_left_open_twice_is_still_known() -> None:
    (graph,) = compile("SELECT df.start('a' ?> 'b' ?> 'c');").graphs
    inner = r"{\"condition\": \"a\", \"_partial_if\": true, \"then_branch\": \"b\"}"
    assert shape(graph) == f'{{"condition": "{inner}", "_partial_if": true, "then_branch": "c"}}'


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000 + "7", "1e" + "9" * 400, "0x" + "f" * 5000])
def test_numbers_of_any_length(digits: str) -> None:
    # Python refuses to turn more digits than this into a number
    assert sys.get_int_max_str_digits() < 5000
    for argument in (digits, f"'{digits}'", f"{digits}::int", f"-{digits}", f"{digits} * {digits}"):
        codes = {finding.code for finding in compile(f"SELECT df.start(df.sleep({argument}));").findings}
        assert codes <= {"DF202", "DF211"}


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_json_of_any_depth(depth: int) -> None:
    json = "[" * depth + "]" * depth
    compilation = compile(f"SELECT df.start(df.http_multipart('https://x', parts => '{json}'));")
    codes = {finding.code for finding in check(compilation)}
    assert codes <= {"DF210"}
    assert (depth == 100_000) == (codes == {"DF210"})
