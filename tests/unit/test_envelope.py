"""The envelope's text, and what becomes of texts that may be envelopes."""

import random

import pytest
from random_graphs import chain, deep, random_draft

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.envelope import (
    EnvelopeError,
    Opaque,
    check_graph,
    decode_operand,
    decode_strict,
    draft_to_envelope,
    from_envelope,
    to_envelope,
)
from dfsql.compiler.graph import Kind
from dfsql.grammar import DfsqlError

A = '{"node_type":"SQL","query":"a"}'
B = '{"node_type":"SQL","query":"b"}'
C = '{"node_type":"SQL","query":"c"}'
CANONICAL = {
    "sql": A,
    "escapes": '{"node_type":"SQL","query":"\\"\\\\\\n\\u0001 é/🙂"}',
    "empty sql": '{"node_type":"SQL","query":""}',
    "sleep": '{"node_type":"SLEEP","query":"5"}',
    "schedule": '{"node_type":"WAIT_SCHEDULE","query":"{\\"cron_expr\\":\\"0 6 * * MON\\"}"}',
    "signal": '{"node_type":"SIGNAL","query":"{\\"signal_name\\":\\"go\\",\\"timeout_seconds\\":null}"}',
    "break": '{"node_type":"BREAK","query":"{\\"break_value\\":null}"}',
    "named": '{"node_type":"SQL","query":"a","result_name":"x"}',
    "then": f'{{"node_type":"THEN","left_node":{A},"right_node":{B}}}',
    "race": f'{{"node_type":"RACE","left_node":{A},"right_node":{B},"result_name":"r"}}',
    "join": f'{{"node_type":"JOIN","left_node":{A},"right_node":{B}}}',
    "join3": f'{{"node_type":"JOIN","left_node":{A},"right_node":{B},"extra_nodes":[{C}]}}',
    "join4": f'{{"node_type":"JOIN","left_node":{A},"right_node":{B},"extra_nodes":[{C},{A}]}}',
    "loop": f'{{"node_type":"LOOP","left_node":{A}}}',
    "while": f'{{"node_type":"LOOP","left_node":{A},"condition_node":{B}}}',
    "if": f'{{"node_type":"IF","left_node":{A},"right_node":{B},"condition_node":{C}}}',
    "if_rows": f'{{"node_type":"IF","left_node":{A},"right_node":{B},'
    '"query":"{\\"condition_type\\":\\"result_has_rows\\",\\"result_name\\":\\"x\\"}"}',
    "config kept beside a condition": f'{{"node_type":"LOOP","left_node":{A},"condition_node":{B},"query":"{{ }}"}}',
}
ROLES = {
    "if": {"then": "a", "else": "b", "condition": "c"},
    "while": {"body": "a", "condition": "b"},
    "join4": {"branch1": "a", "branch2": "b", "branch3": "c", "branch4": "a"},
    "then": {"first": "a", "second": "b"},
}


@pytest.mark.parametrize("text", CANONICAL.values(), ids=CANONICAL)
def test_canonical_texts_round_trip(text: str) -> None:
    assert to_envelope(from_envelope(text)) == text
    draft = decode_operand(text)
    assert draft is not None
    assert draft_to_envelope(draft) == text


@pytest.mark.parametrize("case", ROLES)
def test_roles_of_children(case: str) -> None:
    graph = from_envelope(CANONICAL[case], name="w")
    assert graph.name == "w"
    assert {role: child.query for role, child in graph.children(graph.root)} == ROLES[case]


def test_if_rows_is_a_kind_of_its_own() -> None:
    assert from_envelope(CANONICAL["if_rows"]).root.kind is Kind.IF_ROWS
    assert from_envelope(CANONICAL["if"]).root.kind is Kind.IF


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (' { "query" : "a" , "node_type" : "SQL" }\n', A),
        ('{"node_type":"SQL","query":"a","left_node":null,"result_name":null,"extra_nodes":[]}', A),
        ('{"node_type":"SQL","query":"a","unknown":1,"unknown":{"x":[]}}', A),
        (f'{{"right_node": {B},"left_node": {A},"node_type":"THEN"}}', CANONICAL["then"]),
    ],
)
def test_other_ways_to_write_a_node(text: str, canonical: str) -> None:
    assert to_envelope(from_envelope(text)) == canonical


SQL_TEXTS = [
    *[
        "SELECT 1",
        "",
        "{",
        "{}",
        '{"foo":1}',
        '{"node_type":5}',
        '{"node_type":null}',
        "5",
        "null",
        '"SQL"',
        "[1]",
    ],
    '{"node_type":"sql","query":"x"}',
    '{"node_type":"FOO"}',
    '{"condition": "c", "_partial_if": true, "then_branch": "t"}',
    A + " x",
    A + A,
    '{"node_type":"SQL","query":NaN}',
]


@pytest.mark.parametrize("text", SQL_TEXTS)
def test_operands_that_are_sql(text: str) -> None:
    assert decode_operand(text) is None


DECODER = {
    '{"node_type":"THEN","left_node":123}': "Durofut children must be JSON objects",
    '{"node_type":"THEN","right_node":"abc"}': "Durofut children must be JSON objects",
    '{"node_type":"IF","condition_node":"a1b2"}': "condition_node must be a Durofut JSON object",
    '{"node_type":"IF","condition_node":42}': "condition_node must be a Durofut JSON object",
    '{"node_type":"JOIN","extra_nodes":["x"]}': "extra_nodes entries must be Durofut JSON objects",
    '{"node_type":"JOIN","extra_nodes":null}': "invalid type: null, expected a sequence",
    '{"node_type":"JOIN","extra_nodes":{}}': "invalid type: map, expected a sequence",
    '{"node_type":"SQL","query":5}': "invalid type: integer `5`, expected a string",
    '{"node_type":"SQL","query":1.5}': "invalid type: floating point `1.5`, expected a string",
    '{"node_type":"SQL","query":true}': "invalid type: boolean `true`, expected a string",
    '{"node_type":"SQL","result_name":[]}': "invalid type: sequence, expected a string",
    '{"node_type":"SQL","query":"a","query":"b"}': "duplicate field `query`",
    '{"node_type":"SQL","left_node":null,"left_node":null}': "duplicate field `left_node`",
}


@pytest.mark.parametrize(("text", "message"), DECODER.items())
def test_operands_that_are_malformed_nodes(text: str, message: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        decode_operand(text)
    expected = f"Invalid Durofut JSON: failed to deserialize workflow step: {message} at line 1 column "
    assert str(caught.value).startswith(expected)
    node_type = text.split('"')[3]
    with pytest.raises(EnvelopeError) as caught:
        decode_strict(text)
    assert str(caught.value).startswith(
        f"Malformed Durofut JSON with node_type '{node_type}': {message} at line 1"
    )


def test_position_of_a_decoder_message() -> None:
    with pytest.raises(EnvelopeError, match=r"expected a string at line 1 column 28$"):
        decode_operand('{"node_type":"SQL","query":5}')
    with pytest.raises(EnvelopeError, match=r"expected a string at line 2 column 10$"):
        decode_operand('{"node_type":"SQL",\n "query":5}')


TYPES = "SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL"


@pytest.mark.parametrize(
    ("text", "node_type"),
    [
        ('{"node_type":"sql","query":"x"}', "sql"),
        ('{"node_type":"FOO"}', "FOO"),
        ('{"node_type":"a","query":5}', "a"),
    ],
)
def test_strict_reading_refuses_unknown_types(text: str, node_type: str) -> None:
    reason = f"Unknown node_type '{node_type}'. Valid types: {TYPES}"
    with pytest.raises(EnvelopeError) as caught:
        decode_strict(text)
    assert str(caught.value) == reason
    with pytest.raises(EnvelopeError) as caught:
        from_envelope(text)
    assert str(caught.value) == f"Invalid durable function: {reason}"


@pytest.mark.parametrize("text", ["SELECT 1", "{}", '{"node_type":5}', A + "x"])
def test_strict_reading_leaves_sql_alone_but_a_graph_needs_a_node(text: str) -> None:
    assert decode_strict(text) is None
    with pytest.raises(EnvelopeError, match="not a node envelope"):
        from_envelope(text)


def test_the_error_is_one_of_ours_and_a_value_error() -> None:
    assert issubclass(EnvelopeError, DfsqlError)
    assert issubclass(EnvelopeError, ValueError)


def test_wrong_child_composes_and_is_found_with_its_path() -> None:
    wrong = f'{{"node_type":"THEN","left_node":{A},"right_node":{{"node_type":"sql"}}}}'
    operand = decode_operand(wrong)
    assert isinstance(operand, Opaque)
    operand.name = "x"
    root = Draft(Kind.LOOP, {"body": operand})
    named = wrong[:-1] + ',"result_name":"x"}'
    assert draft_to_envelope(root) == f'{{"node_type":"LOOP","left_node":{named}}}'
    problem = check_graph(root)
    assert problem is not None
    assert problem.at is operand
    assert problem.text == (
        f"Invalid durable function graph: root.left.right: Unknown node_type 'sql'. Valid types: {TYPES}"
    )


def test_child_that_does_not_decode_is_written_as_it_was() -> None:
    wrong = f'{{"node_type":"LOOP","left_node":{{ "x" : 1 }},"condition_node":{A}}}'
    operand = decode_operand(wrong)
    assert operand is not None
    assert draft_to_envelope(operand) == wrong


@pytest.mark.parametrize("right", [False, True])
def test_a_long_chain_is_written_and_refused_without_recursion(right: bool) -> None:
    text = to_envelope(chain(10_000, right=right))
    assert text.count('"node_type"') == 19_999
    with pytest.raises(EnvelopeError, match="exceeds maximum nesting depth of 256"):
        from_envelope(text)
    operand = decode_operand(text)
    assert isinstance(operand, Opaque)
    assert draft_to_envelope(operand) == text


def test_absurd_nesting_is_an_error_or_sql_and_never_a_crash() -> None:
    text = '{"node_type":"LOOP","left_node":' * 50_000
    assert decode_operand(text) is None
    with pytest.raises(EnvelopeError, match="nesting depth"):
        from_envelope(text + A + "}" * 50_000)


def test_deepest_nesting_that_is_allowed() -> None:
    graph = deep(256)
    assert from_envelope(to_envelope(graph)) == graph


def test_drafts_and_graphs_are_written_alike() -> None:
    for seed in range(20):
        draft = random_draft(random.Random(seed), 50)
        assert draft_to_envelope(draft) == to_envelope(assemble(draft))
