"""The structural binding analysis against paths and dominators in an explicit control-flow graph."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import networkx as nx
import pytest

from dfsql.compiler.bindings import Bindings, Gap, Why, analyse
from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.flow import validate_acyclic
from dfsql.compiler.graph import Graph, Kind, Node

NAMES = ("a", "b", "c")
NEVER_BOUND = "z"
BATCHES, GRAPHS = 12, 200


ROLES: dict[Kind, tuple[tuple[str, ...], ...]] = {
    Kind.THEN: (("first", "second"),),
    Kind.IF: (("then", "else", "condition"),),
    Kind.IF_ROWS: (("then", "else"),),
    Kind.JOIN: (("branch1", "branch2"), ("branch1", "branch2", "branch3")),
    Kind.RACE: (("branch1", "branch2"),),
    Kind.LOOP: (("body",), ("body", "condition")),
}
COMPOSITES = (Kind.IF, Kind.IF_ROWS, Kind.JOIN, Kind.RACE, Kind.LOOP, Kind.LOOP)


def random_draft(rng: random.Random, size: int, density: float) -> Draft:
    """A tree with few names, so that they clash; breaks stand anywhere, loops with and without conditions."""
    if size == 1:
        draft = Draft(rng.choice((Kind.SQL, Kind.SQL, Kind.SQL, Kind.BREAK)))
    else:
        draft = Draft(Kind.THEN if rng.random() < 0.5 else rng.choice(COMPOSITES))
        roles = rng.choice(ROLES[draft.kind])
        for role in roles:
            share = rng.randint(1, max(1, size - len(roles) + 1))
            draft.children[role] = random_draft(rng, share, density)
    if rng.random() < density:
        draft.name = rng.choice(NAMES)
    draft.query = query(rng, draft.kind, density)
    return draft


def query(rng: random.Random, kind: Kind, density: float = 0.0) -> str | None:
    names = [name for name in NAMES if rng.random() < density]
    if kind is Kind.SQL:
        return "SELECT " + ", ".join(f"${name}" for name in names)
    if kind is Kind.BREAK:
        return json.dumps({"break_value": f"${names[0]}" if names else None})
    if kind is Kind.IF_ROWS:
        return json.dumps(
            {"condition_type": "result_has_rows", "result_name": names[0] if names else NEVER_BOUND}
        )
    return None


def buried_draft(rng: random.Random) -> Draft:
    """Names deep inside of loops and joins that do not know them, but may bring their values round again."""
    draft = random_draft(rng, rng.randint(2, 4), 0.5)
    for _ in range(rng.randint(2, 6)):
        kind = rng.choice((Kind.THEN, *COMPOSITES))
        roles = rng.choice(ROLES[kind])
        inner, place = draft, rng.choice(roles)
        children = {role: inner if role == place else bystander(rng) for role in roles}
        draft = Draft(kind, children, query(rng, kind))
    return draft


def bystander(rng: random.Random) -> Draft:
    """A step without names: a plain one, a break, perhaps a break, or an endless loop."""
    step, leave = Draft(Kind.SQL, query="SELECT"), Draft(Kind.BREAK, query="{}")
    choice = Draft(Kind.RACE, {"branch1": leave, "branch2": step})
    return rng.choice((step, step, leave, choice, choice, Draft(Kind.LOOP, {"body": step})))


Point = tuple[int, str, int]  # node, what happens, copy


@dataclass
class Paths:
    """A control-flow graph: where a node begins ("in"), binds its name ("bound") and hands on ("out").

    A JOIN is there twice. Its branches side by side are what their uses see; they lead nowhere. Its branches
    one after another, without uses, are what comes after it: each overwrites what the ones before it bound.
    """

    graph: Graph
    edges: "nx.DiGraph" = field(default_factory=nx.DiGraph)
    uses: set[Point] = field(default_factory=set)
    copies: int = 0

    def __post_init__(self) -> None:
        self.start = self.point(-1, "start")
        self.edges.add_edge(self.start, self.add(self.graph.root, self.point(-1, "uncaught"), True)[0])

    def point(self, index: int, what: str) -> Point:
        self.copies += 1
        return (index, what, self.copies)

    def add(self, node: Node, leave: Point, seen: bool) -> tuple[Point, Point]:
        """(beginning, end) of a new copy; `leave` is where a break goes, `seen` whether uses count."""
        begin, end = self.point(node.index, "in"), self.point(node.index, "end")
        out = self.point(node.index, "out")
        if seen:
            self.uses.add(begin)
        way = [end, out] if node.name is None else [end, self.point(node.index, "bound"), out]
        if node.kind is Kind.BREAK:
            way[-1] = leave
        self.edges.add_node(begin)
        nx.add_path(self.edges, way)
        self.fill(node, begin, end, leave, seen)
        return begin, out

    def fill(self, node: Node, begin: Point, end: Point, leave: Point, seen: bool) -> None:
        child = dict(self.graph.children(node))
        if not child:
            self.edges.add_edge(begin, end)
        elif node.kind is Kind.THEN:
            self.chain(begin, [child["first"], child["second"]], end, leave, seen)
        elif node.kind is Kind.LOOP:
            head = self.point(node.index, "head")
            again = self.point(node.index, "again")
            self.edges.add_edge(begin, head)
            self.chain(head, list(child.values()), again, end, seen)  # a break goes to the end
            if node.index > 0:  # the root loop forgets: nothing of a round is left in the next one
                self.edges.add_edge(again, head)
            if "condition" in child:
                self.edges.add_edge(again, end)
        elif node.kind is Kind.JOIN:
            if seen:
                for branch in child.values():
                    self.edges.add_edge(begin, self.add(branch, self.point(-1, "nowhere"), True)[0])
            if all(self.exits(branch) for branch in child.values()):
                self.chain(begin, list(child.values()), end, leave, False)
        else:
            if "condition" in child:
                begin, before = self.point(node.index, "test"), begin
                self.chain(before, [child.pop("condition")], begin, leave, seen)
            for branch in child.values():
                self.chain(begin, [branch], end, leave, seen)

    def chain(self, at: Point, nodes: Iterable[Node], end: Point, leave: Point, seen: bool) -> None:
        for node in nodes:
            begin, out = self.add(node, leave, seen)
            self.edges.add_edge(at, begin)
            at = out
        self.edges.add_edge(at, end)

    def exits(self, node: Node) -> bool:
        """Whether a branch can come to an end or a break."""
        leave = self.point(-1, "leave")
        begin, out = self.add(node, leave, False)
        reached = nx.descendants(self.edges, begin)
        return out in reached or leave in reached

    def search(self, starts: Iterable[Point], stops: set[Point]) -> set[Point]:
        """The points that some path reaches; a path goes no further than a stop."""
        found: set[Point] = set()
        stack = list(starts)
        while stack:
            for target in self.edges.adj[stack.pop()]:
                if target not in found:
                    found.add(target)
                    if target not in stops:
                        stack.append(target)
        return found


def cases(seed: int) -> Iterable[tuple[random.Random, Graph]]:
    rng = random.Random(seed)
    for number in range(GRAPHS):
        draft = random_draft(rng, rng.randint(2, 10), 0.35) if number % 2 else buried_draft(rng)
        graph = assemble(draft)
        if len(graph.nodes) <= 60:
            yield rng, graph


def check(graph: Graph, found: Bindings) -> None:
    """Every use of every name, in a control-flow graph made for the purpose."""
    paths = Paths(graph)
    live = paths.search([paths.start], set())
    bound: dict[str, set[Point]] = {name: set() for name in (*NAMES, NEVER_BOUND)}
    for point in live:
        if point[1] == "bound":
            bound[graph.nodes[point[0]].name or ""].add(point)
    unbound = {name: paths.search([paths.start], points) for name, points in bound.items()}
    reached = {point: paths.search([point], points) for points in bound.values() for point in points}
    running = {point[0] for point in live & paths.uses}
    for node in graph.nodes:
        assert (found.stopped_by(node) is None) is (node.index in running) or node.kind is Kind.THEN, node.id
    for use in found.uses:
        places = {point for point in paths.uses if point[0] == use.node.index}
        assert use.reachable is (use.node.index in running)
        always = not (places & unbound[use.name])
        assert use.on_all_paths is always, (use.node.id, use.name)
        definitions = {point[0] for point in bound[use.name] if places & reached[point]}
        assert {definition.node.index for definition in use.definitions} == definitions, (
            use.node.id,
            use.name,
        )
        if len(bound[use.name]) == len(places & live) == 1 and use.reachable:
            check_dominator(paths, min(places), min(bound[use.name]), use.on_all_paths)


def check_dominator(paths: Paths, place: Point, definition: Point, always: bool) -> None:
    """A single definition is seen on all paths exactly where it dominates the use."""
    dominators = nx.immediate_dominators(paths.edges, paths.start)
    at: Point | None = place
    while at is not None and at not in (definition, paths.start):
        at = dominators.get(at)
    assert (at == definition) is always


@pytest.mark.parametrize("seed", range(BATCHES))
def test_bindings_agree_with_paths(seed: int) -> None:
    for _, graph in cases(seed):
        check(graph, analyse(graph))
        validate_acyclic(graph)


def drafts_in_order(draft: Draft) -> list[Draft]:
    found, stack = [], [draft]
    while stack:
        found.append(stack.pop())
        stack += reversed(found[-1].children.values())
    return found


def close_gap(gap: Gap, name: str, drafts: list[Draft]) -> None:
    """Bind the name where a gap says that nothing does."""
    draft = drafts[gap.node.index]
    if gap.role == "end":
        draft = draft.children["body"]
    elif gap.role not in ("break", "first round"):
        draft = draft.children[gap.role]
    step, inner = Draft(Kind.SQL, query="SELECT 0", name=name), rebuilt(draft)
    draft.kind, draft.query, draft.name = Kind.THEN, None, None
    order = (inner, step) if gap.role == "end" else (step, inner)
    draft.children = dict(zip(("first", "second"), order, strict=True))


def rebuilt(draft: Draft) -> Draft:
    return Draft(draft.kind, dict(draft.children), draft.query, draft.name)


@pytest.mark.parametrize("seed", range(BATCHES))
def test_binding_the_name_in_every_gap_binds_it_on_all_paths(seed: int) -> None:
    for rng, graph in cases(seed + 1000):
        found = analyse(graph)
        partial = [use for use in found.uses if use.sometimes_bound]
        assert all(not found.gaps(use) for use in found.uses if not use.sometimes_bound)
        for use in rng.sample(partial, min(2, len(partial))):
            copy = drafts_of(graph)
            drafts = drafts_in_order(copy)
            gaps = found.gaps(use)
            assert gaps
            if use.node.kind is not Kind.SQL:
                continue
            mark = drafts[use.node.index].query = f"{use.node.query} /* used here */"
            for gap in reversed(gaps):  # the innermost first
                close_gap(gap, use.name, drafts)
            after = [item for item in analyse(assemble(copy)).uses if item.node.query == mark]
            (again,) = (item for item in after if item.name == use.name)
            assert again.on_all_paths, (use.node.id, use.name, gaps)


def drafts_of(graph: Graph) -> Draft:
    drafts = [Draft(node.kind, query=node.query, name=node.name) for node in graph.nodes]
    for node in graph.nodes:
        drafts[node.index].children = {role: drafts[at] for role, at in node.children.items()}
    return drafts[0]


@pytest.mark.parametrize("seed", range(BATCHES // 4))
def test_every_definition_reaches_a_use_or_misses_it_for_a_reason(seed: int) -> None:
    for _, graph in cases(seed + 2000):
        found = analyse(graph)
        for use in found.uses:
            if not use.reachable:
                assert found.misses(use) == ()
                continue
            missing = {miss.definition.index for miss in found.misses(use)}
            reaching = {definition.node.index for definition in use.definitions}
            assert not missing & reaching
            assert len(missing) + len(reaching) == len(found.definitions_of(use.name))
            for miss in found.misses(use):
                assert (miss.why is Why.DEAD) <= (found.stopped_by(miss.definition) is not None)


@pytest.mark.parametrize("seed", range(BATCHES // 4))
def test_answers_about_any_step_are_those_for_its_uses(seed: int) -> None:
    for _, graph in cases(seed + 3000):
        found = analyse(graph)
        wide = analyse(graph)
        for node in graph.nodes:  # widens the flow of every name to the whole graph
            if node.kind is not Kind.THEN:
                names = wide.names_in_scope(node)
                assert names == tuple(name for name in NAMES if wide.reaching(node, name)[0])
        for use in found.uses:
            assert wide.reaching(use.node, use.name) == (use.definitions, use.on_all_paths)
            assert wide.gaps(use) == found.gaps(use)
