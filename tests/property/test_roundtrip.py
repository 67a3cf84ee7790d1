"""Laws: a graph survives the envelope and dfgraph/1, and both texts survive the graph."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_graph

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.dfgraph import dumps, from_dfgraph, to_dfgraph
from dfsql.compiler.envelope import (
    EnvelopeError,
    decode_operand,
    decode_strict,
    draft_to_envelope,
    from_envelope,
    to_envelope,
)
from dfsql.compiler.graph import Graph, Kind
from dfsql.compiler.jsontext import JsonError, Object, Value, read

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
# Objects that look much like nodes, most of them wrong somewhere.
NODE_LIKE: st.SearchStrategy[object] = st.recursive(
    st.fixed_dictionaries({"node_type": st.sampled_from(["SQL", "SLEEP", "sql"])}, optional={"query": TEXTS}),
    lambda inner: st.fixed_dictionaries(
        {"node_type": st.sampled_from(["THEN", "IF", "JOIN", "LOOP", "RACE", "SQL"])},
        optional={
            **dict.fromkeys(
                ("left_node", "right_node", "condition_node"), inner | st.just(None) | st.just({})
            ),
            "extra_nodes": st.lists(inner | JSON, max_size=3),
            "query": st.sampled_from(["x", "{}", '{"extra_nodes":1}', "[]", None]),
            "result_name": st.sampled_from(["a", "1", None, 5]),
        },
    ),
    max_leaves=8,
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Drawn by seed: hypothesis finds the seed, `random_graph` makes the graph."""
    return random_graph(random.Random(draw(st.integers(0, 1 << 32))), draw(st.integers(1, 120)))


@given(graphs())
@settings(deadline=None)
def test_envelope(graph: Graph) -> None:
    text = to_envelope(graph)
    again = from_envelope(text, graph.name)
    assert again == graph
    assert to_envelope(again) == text


@given(TEXTS)
def test_envelope_keeps_every_text(text: str) -> None:
    graph = assemble(Draft(Kind.SQL, query=text))
    envelope = to_envelope(graph)
    assert from_envelope(envelope) == graph
    assert envelope == json.dumps(
        {"node_type": "SQL", "query": text}, ensure_ascii=False, separators=(",", ":")
    )


@given(st.lists(graphs(), max_size=3))
@settings(deadline=None, max_examples=50)
def test_dfgraph(many: list[Graph]) -> None:
    text = dumps(to_dfgraph(many, version="1"))
    again = from_dfgraph(text)
    assert again == many
    assert dumps(to_dfgraph(again, version="1")) == text


@given(NODE_LIKE)
@settings(deadline=None)
def test_node_like_texts_are_read_or_refused_alike(value: object) -> None:
    """Strict and lenient reading agree on what they take, and what a graph takes it gives back."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        strict = decode_strict(text)
    except EnvelopeError:
        strict = None
    try:
        lenient = decode_operand(text)
    except EnvelopeError:
        lenient = None
    assert (strict is None) == (lenient is None)
    if strict is None or lenient is None:
        return
    assert draft_to_envelope(strict) == draft_to_envelope(lenient)
    try:
        graph = from_envelope(text)
    except EnvelopeError:
        return
    assert to_envelope(graph) == draft_to_envelope(strict)
    assert from_envelope(to_envelope(graph)) == graph


@given(JSON, st.sampled_from([None, 2]))
def test_json_reader_agrees_with_the_standard_library(value: object, indent: int | None) -> None:
    assert _plain(read(json.dumps(value, ensure_ascii=indent is None, indent=indent))) == value


@given(st.text('{}[]",:0123-.eE \n\\utrfalsn', max_size=12))
def test_json_reader_refuses_what_the_standard_library_refuses(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        expected = ValueError
    try:
        found = _plain(read(text))
    except JsonError as error:
        # The reference has no infinite doubles, and no half surrogates.
        assert expected is ValueError or "out of range" in str(error) or "surrogate" in str(error)
    else:
        assert found == expected


def _plain(value: Value) -> object:
    if isinstance(value, Object):
        return {member.key: _plain(member.value) for member in value.members}
    return [_plain(each) for each in value] if isinstance(value, list) else value
