"""Which definitions of a name reach its uses: a row for every rule of visibility."""

from collections.abc import Callable

import pytest
from drafts import break_, http, if_, if_rows, join, loop, named, race, signal, sleep, sql, then, wait

from dfsql.compiler.bindings import Bindings, Shape, Use, Why, analyse, result_nodes, shapes
from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.graph import Kind

X, Y = "SELECT $x", "SELECT $y"


def bind(name: str = "x", text: str = "SELECT 1") -> Draft:
    return sql(text, name)


def use() -> Draft:
    """The step whose use of `x` a test looks at."""
    return sql(X)


def found(draft: Draft) -> tuple[Bindings, Use]:
    """The bindings of a workflow and its only use of `x`."""
    bindings = analyse(assemble(draft))
    (only,) = (item for item in bindings.uses if item.name == "x")
    return bindings, only


# workflow -> ids of the definitions that reach the use, and whether it is bound on all paths
VISIBLE: list[tuple[str, Draft, list[str], bool]] = [
    # left part of a THEN: the right part, and everything after the THEN
    ("sequence", then(bind(), use()), ["s1"], True),
    ("sequence, later", then(bind(), sql(), sql(), use()), ["s1"], True),
    ("right-leaning", Draft(Kind.THEN, {"first": bind(), "second": then(sql(), use())}), ["s1"], True),
    ("last binding wins", then(bind(), bind(), use()), ["s2"], True),
    ("not before", then(use(), bind()), [], False),
    ("not in itself", sql(X, "x"), [], False),
    ("names are case-sensitive", then(bind("X"), use()), [], False),
    # IF condition: both branches and after
    ("condition, then", if_(bind(), use(), sql()), ["s1.cond.s1"], True),
    ("condition, else", if_(bind(), sql(), use()), ["s1.cond.s1"], True),
    ("condition, after", then(if_(bind(), sql(), sql()), use()), ["s1.cond.s1"], True),
    # IF branch: rest of the branch; after the IF only if that branch ran (N-03)
    ("branch, rest", if_(sql(), then(bind(), use()), sql()), ["s1.then.s1"], True),
    ("branch, after", then(if_(sql(), bind(), sql()), use()), ["s1.then.s1"], False),
    ("else, after", then(if_(sql(), sql(), bind()), use()), ["s1.else.s1"], False),
    ("both branches, after", then(if_(sql(), bind(), bind()), use()), ["s1.then.s1", "s1.else.s1"], True),
    ("not in the other branch", if_(sql(), bind(), use()), [], False),
    ("not in the condition", if_(use(), bind(), sql()), [], False),
    ("rebound in a branch", then(bind(), if_(sql(), bind(), sql()), use()), ["s1", "s2.then.s1"], True),
    ("if_rows branch", then(bind("q"), if_rows("q", bind(), sql()), use()), ["s2.then.s1"], False),
    ("if_rows asks", then(bind(), if_rows("x", sql(), sql())), ["s1"], True),
    ("if_rows asks for what it binds", if_rows("x", bind(), bind()), [], False),
    # JOIN branch: rest of the branch, after the JOIN, not in siblings (N-05)
    ("join, rest", join(then(bind(), use()), sql()), ["s1.j1.s1"], True),
    ("join, after", then(join(bind(), sql()), use()), ["s1.j1.s1"], True),
    ("join, third branch", then(join(sql(), sql(), bind()), use()), ["s1.j3.s1"], True),
    ("join, right sibling", join(bind(), use()), [], False),
    ("join, left sibling", join(use(), bind()), [], False),
    ("join, from before", then(bind(), join(use(), sql())), ["s1"], True),
    ("join, sibling rebinds", then(bind(), join(bind(), use())), ["s1"], True),
    ("join, later branch wins", then(join(bind(), bind(), sql()), use()), ["s1.j2.s1"], True),  # N-06
    ("join, earlier branch counts", then(bind(), join(bind(), sql()), use()), ["s2.j1.s1"], True),  # N-07
    (
        "join, later branch may win",
        then(join(bind(), if_(sql(), bind(), sql())), use()),
        ["s1.j1.s1", "s1.j2.s1.then.s1"],
        True,
    ),
    # RACE branch: rest of the branch; after the RACE only if it won (N-04)
    ("race, rest", race(then(bind(), use()), sql()), ["s1.r1.s1"], True),
    ("race, after", then(race(bind(), sql()), use()), ["s1.r1.s1"], False),
    ("race, both", then(race(bind(), bind()), use()), ["s1.r1.s1", "s1.r2.s1"], True),
    ("race, sibling", race(bind(), use()), [], False),
    ("race, only one can win", then(race(bind(), loop(sql())), use()), ["s1.r1.s1"], True),
    # LOOP body: rest of the body, the condition, after the loop; the next round unless it is the root
    ("loop, rest", then(sql(), loop(then(bind(), use()))), ["s2.body.s1"], True),
    ("loop, condition", then(sql(), loop(bind(), use())), ["s2.body.s1"], True),
    ("loop, after", then(loop(bind(), sql()), use()), ["s1.body.s1"], True),
    ("loop, condition binds", then(loop(sql(), bind()), use()), ["s1.while.s1"], True),
    ("loop, next round", then(sql(), loop(then(use(), bind()))), ["s2.body.s2"], False),  # N-11
    ("loop, next round, bound before", then(bind(), loop(then(use(), bind()))), ["s1", "s2.body.s2"], True),
    ("loop, from the condition", then(sql(), loop(use(), bind())), ["s2.while.s1"], False),
    ("loop, itself in the next round", then(sql(), loop(sql(X, "x"))), ["s2.body.s1"], False),
    ("root loop forgets", loop(then(use(), bind())), [], False),  # N-11
    ("root loop, condition", loop(bind(), use()), ["s1.body.s1"], True),
    ("root loop forgets its condition's names", loop(use(), bind()), [], False),
    ("loop inside the root loop", loop(loop(then(use(), bind()), sql())), ["s1.body.s1.body.s2"], False),
    ("loop as a branch keeps", join(loop(then(use(), bind()), sql()), sql()), ["s1.j1.s1.body.s2"], False),
    # breaks: bindings made before them survive, into the innermost loop only
    ("break after", then(loop(then(bind(), break_())), use()), ["s1.body.s1"], True),
    ("break before", then(loop(then(if_(sql(), break_(), sql()), bind())), use()), ["s1.body.s2"], False),
    (
        "break in a branch",
        then(loop(if_(sql(), then(bind(), break_()), sql())), use()),
        ["s1.body.s1.then.s1"],
        True,
    ),
    ("break skips", then(bind(), loop(then(break_(), bind())), use()), ["s1"], True),
    ("break in a join", then(loop(join(bind(), break_())), use()), ["s1.body.s1.j1.s1"], True),
    ("break hides later branches", then(loop(join(break_(), bind())), use()), [], False),
    ("break in a race", then(loop(race(break_(), bind()), sql()), use()), ["s1.body.s1.r2.s1"], False),
    ("break ends the inner loop", then(loop(loop(break_()), bind()), use()), ["s1.while.s1"], True),
    ("break in a condition", then(loop(bind(), break_()), use()), ["s1.body.s1"], True),
    # names that only an inner part knows, and loops around it that bring them round again, or do not
    (
        "outer loop brings back",
        then(sql(), loop(race(then(use(), bind()), sql()))),
        ["s2.body.s1.r1.s2"],
        False,
    ),
    (
        "by a break",
        then(sql(), loop(loop(then(sql(), race(then(use(), bind(), break_()), sql()))))),
        ["s2.body.s1.body.s2.r1.s2"],
        False,
    ),
    (
        "endless condition",
        then(sql(), loop(loop(then(use(), if_(sql(), break_(), sql()), bind()), loop(sql())))),
        [],
        False,
    ),
    ("hidden by a break", then(sql(), loop(loop(join(break_(), then(use(), bind()))))), [], False),
    (
        "not hidden by a break",
        then(sql(), loop(loop(join(then(use(), bind()), break_())))),
        ["s2.body.s1.body.s1.j1.s2"],
        False,
    ),
    # names on composites and on nodes that store nothing in the reference
    ("name on THEN", then(named(then(sql(), sql()), "x"), use()), ["t2"], True),
    ("name on THEN, not inside", named(then(sql(), use()), "x"), [], False),
    ("name on IF", then(named(if_(sql(), sql(), sql()), "x"), use()), ["s1"], True),
    ("name on IF_ROWS", then(bind("q"), named(if_rows("q", sql(), sql()), "x"), use()), ["s2"], True),
    ("name on JOIN", then(named(join(sql(), sql()), "x"), use()), ["s1"], True),
    ("name on RACE", then(named(race(sql(), sql()), "x"), use()), ["s1"], True),
    ("name on LOOP", then(named(loop(sql(), sql()), "x"), use()), ["s1"], True),
    ("name on LOOP, left by a break", then(named(loop(break_()), "x"), use()), ["s1"], True),
    ("name on IF hides its branches", then(named(if_(sql(), bind(), sql()), "x"), use()), ["s1"], True),
    ("name on sleep", then(named(sleep(), "x"), use()), ["s1"], True),
    ("name on wait", then(named(wait(), "x"), use()), ["s1"], True),
    ("name on signal", then(named(signal(), "x"), use()), ["s1"], True),
    ("name on http", then(named(http(), "x"), use()), ["s1"], True),
    ("name on break", then(loop(named(break_("v"), "x")), use()), ["s1.body.s1"], True),
    # where a use may stand
    ("in a url", then(bind(), http("https://h/$x.id")), ["s1"], True),
    ("in a break value", loop(then(bind(), break_("$x.summary"))), ["s1.body.s1"], True),
]


@pytest.mark.parametrize(
    ("draft", "reaching", "always"), [row[1:] for row in VISIBLE], ids=[row[0] for row in VISIBLE]
)
def test_visibility(draft: Draft, reaching: list[str], always: bool) -> None:
    _, seen = found(draft)
    assert seen.reachable
    assert [definition.node.id for definition in seen.definitions] == reaching
    assert seen.on_all_paths is always
    assert seen.never_bound is (not reaching)
    assert seen.sometimes_bound is (bool(reaching) and not always)


# workflow -> (id of the node, role) of every gap
GAPS: list[tuple[Draft, list[tuple[str, str]]]] = [
    (then(if_(sql(), bind(), sql()), use()), [("s1", "else")]),
    (then(if_(sql(), sql(), bind()), use()), [("s1", "then")]),
    (then(bind("q"), if_rows("q", bind(), sql()), use()), [("s2", "else")]),
    (then(race(bind(), sql()), use()), [("s1", "branch2")]),
    (then(if_(sql(), bind(), race(sql(), bind())), use()), [("s1.else.s1", "branch1")]),
    (then(join(if_(sql(), bind(), sql()), sql()), use()), [("s1.j1.s1", "else")]),
    (then(if_(if_(sql(), bind(), sql()), sql(), sql()), use()), [("s1.cond.s1", "else")]),
    (then(if_(sql(), bind(), sql()), if_(sql(), sql(), bind()), use()), [("s1", "else"), ("s2", "then")]),
    (then(sql(), loop(then(use(), bind()))), [("s2", "first round")]),
    (then(sql(), loop(use(), bind())), [("s2", "first round")]),
    (then(if_(sql(), bind(), sql()), loop(then(use(), bind()))), [("s1", "else")]),
    (then(loop(then(if_(sql(), break_(), sql()), bind())), use()), [("s1.body.s1.then.s1", "break")]),
    (then(loop(race(break_(), bind()), sql()), use()), [("s1.body.s1.r1.s1", "break")]),
    (then(loop(race(then(bind(), break_()), sql()), sql()), use()), [("s1", "end")]),
    (then(bind(), if_(sql(), bind(), sql()), use()), []),
    (then(sql(), use()), []),
]


@pytest.mark.parametrize(("draft", "gaps"), GAPS)
def test_gaps_name_the_ways_on_which_nothing_binds(draft: Draft, gaps: list[tuple[str, str]]) -> None:
    bindings, seen = found(draft)
    assert [(gap.node.id, gap.role) for gap in bindings.gaps(seen)] == gaps


# workflow -> why its only definition of `x` does not reach the use, and the node between the two
MISSES: list[tuple[Draft, Why, str | None]] = [
    (join(bind(), use()), Why.SIBLING, "s1"),
    (join(sql(), use(), then(sql(), bind())), Why.SIBLING, "s1"),
    (race(use(), bind()), Why.SIBLING, "s1"),
    (join(if_(sql(), bind(), sql()), loop(use(), sql())), Why.SIBLING, "s1"),
    (if_(sql(), bind(), use()), Why.OTHER_BRANCH, "s1"),
    (if_rows("q", use(), bind()), Why.OTHER_BRANCH, "s1"),
    (if_(use(), bind(), sql()), Why.LATER, None),
    (then(use(), bind()), Why.LATER, None),
    (then(use(), loop(bind(), sql())), Why.LATER, None),
    (then(sql(), loop(then(use(), break_(), bind()))), Why.DEAD, None),
    (loop(then(use(), bind())), Why.NEXT_ROUND, "s1"),
    (loop(use(), bind()), Why.NEXT_ROUND, "s1"),
    (sql(X, "x"), Why.ENCLOSING, None),
    (named(if_(sql(), use(), sql()), "x"), Why.ENCLOSING, None),
    (named(then(sql(), use()), "x"), Why.ENCLOSING, None),
    (then(loop(join(break_(), bind())), use()), Why.OTHER, None),
    (then(loop(if_(sql(), then(bind(), loop(sql())), break_())), use()), Why.OTHER, None),
]


@pytest.mark.parametrize(("draft", "why", "node"), MISSES)
def test_misses_say_why(draft: Draft, why: Why, node: str | None) -> None:
    bindings, seen = found(draft)
    (miss,) = bindings.misses(seen)
    assert miss.definition.name == "x"
    assert (miss.why, miss.node.id if miss.node else None) == (why, node)


def test_a_definition_that_is_bound_again_is_a_miss_too() -> None:
    bindings, seen = found(then(bind(), bind(), use()))
    (miss,) = bindings.misses(seen)
    assert (miss.definition.id, miss.why) == ("s1", Why.OTHER)


# workflow -> (cause, first step that never runs) of each stretch of dead code
DEAD: list[tuple[Draft, list[tuple[str, str]]]] = [
    (then(loop(sql()), sql(), sql()), [("s1", "s2")]),
    (then(loop(sql(), sql()), sql()), []),
    (then(loop(if_(sql(), break_(), sql())), sql()), []),
    (then(loop(loop(break_())), sql()), [("s1", "s2")]),
    (loop(then(break_(), sql(), loop(sql()), sql())), [("s1.body.s1", "s1.body.s2")]),
    (loop(then(if_(sql(), break_(), break_()), sql())), [("s1.body.s1", "s1.body.s2")]),
    (
        loop(then(if_(break_(), sql(), sql()), sql())),
        [
            ("s1.body.s1.cond.s1", "s1.body.s2"),
            ("s1.body.s1.cond.s1", "s1.body.s1.then.s1"),
            ("s1.body.s1.cond.s1", "s1.body.s1.else.s1"),
        ],
    ),
    (loop(break_(), sql()), [("s1.body.s1", "s1.while.s1")]),
    (then(join(sql(), loop(sql())), sql()), [("s1.j2.s1", "s2")]),
    (then(loop(join(break_(), loop(sql()))), sql()), [("s1", "s2")]),
    (then(loop(join(break_(), sql())), sql()), []),
    (then(race(loop(sql()), loop(sql())), sql()), [("s1", "s2")]),
    (then(race(loop(sql()), sql()), sql()), []),
    (then(break_(), sql()), [("s1", "s2")]),
    (named(then(sql(), loop(sql())), "x"), []),
]


@pytest.mark.parametrize(("draft", "dead"), DEAD)
def test_dead_code(draft: Draft, dead: list[tuple[str, str]]) -> None:
    bindings = analyse(assemble(draft))
    assert [(item.cause.id, item.first.id) for item in bindings.dead_code] == dead
    for item in bindings.dead_code:
        assert bindings.stopped_by(item.first) is item.cause


def test_nothing_reaches_a_step_that_never_runs() -> None:
    bindings, seen = found(then(bind(), loop(sql()), use()))
    assert (seen.reachable, seen.definitions, seen.on_all_paths) == (False, (), True)
    assert not seen.never_bound
    assert bindings.misses(seen) == ()
    assert [item.name for item in bindings.unused] == ["x"]


def test_stopped_by_knows_the_inside_of_dead_code() -> None:
    bindings = analyse(assemble(then(loop(sql()), if_(sql(), then(sql(), sql()), sql()))))
    stopped = {node.id for node in bindings.graph.nodes if bindings.stopped_by(node)}
    assert stopped == {"s2", "s2.cond.s1", "s2.then.t2", "s2.then.s1", "s2.then.s2", "s2.else.s1"}


def test_uses_come_in_the_order_of_execution() -> None:
    graph = assemble(then(bind(), if_(sql(X), sql(X), then(sql("$x.a, $x.b"), sql(X)))))
    seen = [(use.node.id, use.reference.start) for use in analyse(graph).uses]
    assert seen == [
        ("s2.cond.s1", 7),
        ("s2.then.s1", 7),
        ("s2.else.s1", 0),
        ("s2.else.s1", 6),
        ("s2.else.s2", 7),
    ]


def test_questions_about_definitions_and_steps() -> None:
    graph = assemble(then(bind(), join(bind("y", X), bind("y", "SELECT '{v}' "), bind("z")), sql(X), sql(Y)))
    bindings = analyse(graph)
    x, y1, y2, _ = bindings.definitions
    assert bindings.definitions_of("y") == (y1, y2)
    assert bindings.definitions_of("w") == ()
    assert [use.node.id for use in bindings.uses_of(x)] == ["s2.j1.s1", "s3"]
    assert bindings.uses_of(y1) == ()
    assert [use.node.id for use in bindings.uses_of(y2)] == ["s4"]
    assert [item.node.id for item in bindings.unused] == ["s2.j1.s1", "s2.j3.s1"]
    assert [use.name for use in bindings.uses_at(graph.by_id["s4"])] == ["y"]
    assert bindings.uses_at(graph.by_id["s1"]) == ()
    inside = bindings.definitions_in(graph.by_id["s2"])
    assert [item.node.id for item in inside] == ["s2.j1.s1", "s2.j2.s1", "s2.j3.s1"]
    assert bindings.definitions_in(graph.by_id["s1"]) == (x,)
    assert [(item.node.id, item.name) for item in bindings.variables] == [("s2.j2.s1", "v")]


def test_names_in_scope_are_those_that_may_be_bound() -> None:
    graph = assemble(
        then(
            bind("b"), if_(bind("a"), bind("d"), sql()), join(bind("e"), sql()), loop(then(sql(), bind("f")))
        )
    )
    bindings = analyse(graph)
    scopes = {node.id: bindings.names_in_scope(node) for node in graph.nodes if node.kind is not Kind.THEN}
    assert scopes["s1"] == ()
    assert scopes["s2"] == scopes["s2.cond.s1"] == ("b",)
    assert scopes["s2.then.s1"] == scopes["s2.else.s1"] == ("a", "b")
    assert scopes["s3"] == scopes["s3.j1.s1"] == scopes["s3.j2.s1"] == ("a", "b", "d")
    assert scopes["s4"] == ("a", "b", "d", "e")
    assert scopes["s4.body.s1"] == ("a", "b", "d", "e", "f")


def test_what_reaches_a_join_tells_which_bindings_the_reference_would_lose() -> None:
    graph = assemble(then(bind(), join(bind(), sql()), sql(X)))
    definitions, always = analyse(graph).reaching(graph.by_id["s2"], "x")
    assert ([item.node.id for item in definitions], always) == (["s1"], True)
    assert analyse(graph).reaching(graph.by_id["s2"], "w") == ((), False)


SHAPES: list[tuple[Draft, set[Shape], list[str]]] = [
    (sql(), {Shape.ROWS}, ["s1"]),
    (http(), {Shape.HTTP}, ["s1"]),
    (signal(), {Shape.SIGNAL}, ["s1"]),
    (sleep(), {Shape.SLEEP}, ["s1"]),
    (wait(), {Shape.SCHEDULE}, ["s1"]),
    (break_("v"), {Shape.BREAK}, ["s1"]),
    (join(sql(), http()), {Shape.ARRAY}, ["s1"]),
    (Draft(Kind.SQL, query="'SELECT ' || c", dynamic=True), {Shape.UNKNOWN}, ["s1"]),
    (then(sql(), http()), {Shape.HTTP}, ["s2"]),
    (then(sql(), then(http(), signal())), {Shape.SIGNAL}, ["s3"]),
    (if_(sleep(), sql(), http()), {Shape.ROWS, Shape.HTTP}, ["s1.then.s1", "s1.else.s1"]),
    (if_rows("x", sql(), sql()), {Shape.ROWS}, ["s1.then.s1", "s1.else.s1"]),
    (race(signal(), sleep()), {Shape.SIGNAL, Shape.SLEEP}, ["s1.r1.s1", "s1.r2.s1"]),
    (loop(then(sleep(), sql()), http()), {Shape.ROWS}, ["s1.body.s2"]),
    (loop(then(sql(), break_("v"))), {Shape.BREAK}, ["s1.body.s2"]),
    (
        loop(if_(sql(), break_("v"), http()), sql()),
        {Shape.BREAK, Shape.HTTP},
        ["s1.body.s1.then.s1", "s1.body.s1.else.s1"],
    ),
    (loop(join(sql(), break_("v")), sql()), {Shape.BREAK, Shape.ARRAY}, ["s1.body.s1", "s1.body.s1.j2.s1"]),
    (loop(sql(), break_("v")), {Shape.BREAK, Shape.ROWS}, ["s1.body.s1", "s1.while.s1"]),
    (loop(loop(break_("v")), sql()), {Shape.BREAK}, ["s1.body.s1.body.s1"]),
    (loop(then(loop(break_("v")), sql()), sql()), {Shape.ROWS}, ["s1.body.s2"]),
    (if_(sql(), break_("v"), sql()), {Shape.ROWS}, ["s1.else.s1"]),
    (loop(sql()), set(), []),
]


@pytest.mark.parametrize(("draft", "expected", "nodes"), SHAPES)
def test_shapes_of_results(draft: Draft, expected: set[Shape], nodes: list[str]) -> None:
    graph = assemble(draft)
    assert shapes(graph, graph.root) == expected
    assert [node.id for node in result_nodes(graph, graph.root)] == nodes


def nest(count: int, wrap: Callable[[Draft], Draft], inner: Draft) -> Draft:
    for _ in range(count):
        inner = wrap(inner)
    return inner


@pytest.mark.parametrize(
    "draft",
    [
        then(bind(), *(sql() for _ in range(4_000)), use()),
        then(bind(), nest(2_000, lambda inner: Draft(Kind.THEN, {"first": sql(), "second": inner}), use())),
        then(bind(), nest(1_500, lambda inner: if_(sql(), inner, sql()), use())),
        then(bind(), nest(1_500, lambda inner: loop(then(sql(), inner), sql()), use())),
        then(bind(), nest(1_500, lambda inner: join(sql(), inner), use())),
    ],
    ids=["chain", "right-leaning chain", "nested IFs", "nested LOOPs", "nested JOINs"],
)
def test_depth_costs_no_recursion(draft: Draft) -> None:
    _, seen = found(draft)
    assert [definition.node.id for definition in seen.definitions] == ["s1"]
    assert seen.on_all_paths
