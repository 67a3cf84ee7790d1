"""Random workflows that can be executed, the same ones for the same seed.

They are made so that their outcome is determined: every race has a branch that never ends, every loop counts its own
rows in the table `effects`, every signal is sent at a moment that does not matter.
"""

from collections.abc import Callable
from random import Random

from random_statements import ANYTHING, LISTS, ME, NUMBERS, TRUTHS, Steps
from workflow_trees import Node, Workflow

_BREAKS = (None, "null", "42", "done", '{"k": [1, 2.0]}', '{"v": $a?}', "$w?", "$a.n", "$nobody", '"$b?"', "")


def random_workflow(rng: Random, *, exact: bool = False, blockers: bool = True) -> Workflow:
    """A workflow of about 3 to 40 nodes; `exact`: without statements that may run more than once."""
    return _Maker(rng, exact, blockers).workflow()


class _Maker(Steps):
    """One workflow in the making."""

    def __init__(self, rng: Random, exact: bool, blockers: bool) -> None:
        super().__init__(rng, exact)
        self.budget = rng.choice((3, 6, 10, 16, 24))
        self.may_block = blockers
        self.kept: list[tuple[str, str]] = []
        self.live: dict[str, list[Node]] = {}
        self.blockers = 0
        self.signals: list[str] = []  # of this line: several waits may share one
        self.bound: set[str] = set()  # in the branches of the innermost join
        self.rounds = 1  # how often this place is visited
        self.pauses = 3  # waits of a second that are left

    def workflow(self) -> Workflow:
        if self.rng.random() < 0.25:
            root = self.loop(0)
        else:
            root = self.node(0, in_loop=False)
            while self.budget > 0:
                root = self.maybe_named(Node("THEN", [root, self.node(0, in_loop=False)]), ANYTHING)
        for node in root.walk():
            node.operator = self.rng.random() < 0.5
        return Workflow(root, self.kept, self.live, self.blockers)

    # Composites

    def node(self, depth: int, in_loop: bool) -> Node:
        self.budget -= 1
        makers: list[tuple[float, Callable[[], Node]]] = [(3, self.step)]
        makers += [(0.5, self.sleep), (0.5, self.signal)]
        if in_loop:
            makers.append((0.25, self.leave))
        if self.budget > 0 and depth < 5:
            makers += [
                (3, lambda: self.then(depth, in_loop)),
                (1.2, lambda: self.choice(depth, in_loop)),
                (1.2, lambda: self.join(depth, in_loop)),
                (1, lambda: self.race(depth, in_loop)),
                (1.2 if depth < 3 else 0, lambda: self.loop(depth)),
                (0.2, self.broadcast),
            ]
        elif not in_loop:
            makers.append((0.02, self.leave))
        weights = [weight for weight, _ in makers]
        return self.rng.choices([make for _, make in makers], weights)[0]()

    def then(self, depth: int, in_loop: bool) -> Node:
        first = self.node(depth + 1, in_loop)
        return self.maybe_named(Node("THEN", [first, self.node(depth + 1, in_loop)]), ANYTHING)

    def choice(self, depth: int, in_loop: bool) -> Node:
        known = sorted(self.names & {*NUMBERS, *LISTS})
        if known and self.rng.random() < 0.4:
            arms = self.arms(depth, in_loop)
            name = (
                self.rng.choice(known) if self.rng.random() < 0.9 else self.rng.choice(("nobody", *ANYTHING))
            )
            return self.maybe_named(Node("IF_ROWS", arms, name), ANYTHING)
        condition = self.condition(depth, in_loop)
        arms = self.arms(depth, in_loop)
        return self.maybe_named(Node("IF", [condition, *arms]), ANYTHING)

    def arms(self, depth: int, in_loop: bool) -> list[Node]:
        """One of them runs, so nobody can rely on their names."""
        found = []
        for _ in range(2):
            names = set(self.names)
            found.append(self.node(depth + 1, in_loop))
            self.names = names
        return found

    def condition(self, depth: int, in_loop: bool) -> Node:
        if self.rng.random() < 0.2:
            return self.node(depth + 1, in_loop)
        text = self.fill(self.rng.choice(TRUTHS))
        if "$l" in text and "l" not in self.names:
            text = "SELECT $${}$$"
        return self.maybe_named(Node("SQL", text=text), ANYTHING)

    def branch(self, make: Callable[[], Node]) -> Node:
        """A branch sees the names bound before, and waits for signals of its own."""
        signals, self.signals = self.signals, []
        names = set(self.names)
        node = make()
        self.signals = signals
        self.bound |= self.names
        self.names = names
        return node

    def join(self, depth: int, in_loop: bool) -> Node:
        outer, self.bound = self.bound, set()
        parts = [
            self.branch(lambda: self.node(depth + 1, in_loop)) for _ in range(self.rng.choice((2, 2, 3)))
        ]
        self.names |= self.bound
        self.bound = outer
        return self.maybe_named(Node("JOIN", parts), ANYTHING)

    def broadcast(self) -> Node:
        """Several branches that wait for one signal, and all get it."""
        name = f"live{len(self.live)}"
        waits = [
            Node("SIGNAL", text=name, name=self.rng.choice((None, *ANYTHING)))
            for _ in range(self.rng.choice((1, 2, 3)))
        ]
        self.live[name] = waits
        return waits[0] if len(waits) == 1 else Node("JOIN", [*waits])

    def race(self, depth: int, in_loop: bool) -> Node:
        winner = self.branch(lambda: self.node(depth + 1, in_loop))
        loser = self.loser(depth)
        lost = self.rng.randrange(2)
        parts = [loser, winner] if lost == 0 else [winner, loser]
        return self.maybe_named(Node("RACE", parts, lost=lost), ANYTHING)

    # Branches that never end

    def loser(self, depth: int) -> Node:
        node = self.endless(depth)
        for below in node.walk():
            below.fate = "lost" if below.fate == "runs" else below.fate
        return node

    def endless(self, depth: int) -> Node:
        """Steps, something that never ends, steps that never begin."""
        node = self.blocker(depth)
        if self.rng.random() < 0.6:
            node = Node("THEN", [self.plain(), node], name=self.rng.choice((None, "a")))
        if self.rng.random() < 0.4:
            after = self.plain()
            after.fate = "never"
            node = Node("THEN", [node, after])
        return node

    def blocker(self, depth: int) -> Node:
        kind = self.rng.randrange(8 if depth < 4 else 3)
        if kind == 0:
            return Node("SLEEP", text="3600", name=self.rng.choice((None, "a")))
        if kind == 1:
            return Node("SIGNAL", text="never", timeout=self.rng.choice((None, 3600)))
        if kind == 2 and self.may_block and self.blockers == 0:
            self.blockers += 1
            tag = self.tag()
            text = f"INSERT INTO effects SELECT '{ME}', '{tag}', '' FROM pg_sleep(600)"
            return Node("SQL", text=text, tag=tag, fate="blocks")
        if kind == 3:
            return Node("JOIN", [self.plain(), self.endless(depth + 1)])
        if kind == 4:
            return Node("RACE", [self.endless(depth + 1), self.endless(depth + 1)])
        if kind == 5:
            return Node("LOOP", [self.endless(depth + 1)])
        if kind == 6:
            return Node("LOOP", [self.plain()])  # it spins
        return Node("SLEEP", text="3600")

    # Loops

    def loop(self, depth: int) -> Node:
        """It ends when it has left a number of rows, at the latest."""
        self.budget -= 2
        tag = self.tag()
        turns = min(self.rng.choice((1, 2, 2, 3, 3, 4)), 8 // self.rounds)
        before, self.rounds = self.rounds, self.rounds * turns
        turn = Node("SQL", text=f"INSERT INTO effects VALUES ('{ME}', '{tag}', '')", tag=tag)
        more = f"SELECT count(*) % {turns} <> 0 FROM effects WHERE instance = '{ME}' AND step = '{tag}'"
        names = set(self.names)
        body = self.node(depth + 1, in_loop=True)
        node = self.loop_of(depth, turn, more, body, names)
        self.rounds = before
        return node

    def loop_of(self, depth: int, turn: Node, more: str, body: Node, before: set[str]) -> Node:
        if self.rng.random() < 0.6:
            body = Node("THEN", [turn, body] if self.rng.random() < 0.5 else [body, turn])
            body = self.maybe_named(body, ANYTHING)
            condition = self.maybe_named(Node("SQL", text=more), ANYTHING)
            if self.rng.random() < 0.3:
                first = self.node(depth + 2, in_loop=True)
                condition = self.maybe_named(Node("THEN", [first, condition]), ANYTHING)
            return self.maybe_named(Node("LOOP", [body, condition]), ANYTHING)
        early = self.rng.random() < 0.7
        inside, self.names = self.names, before if early else self.names
        out = self.way_out(Node("IF", [Node("SQL", text=more), self.step(), self.leave()]))
        self.names |= inside
        links = [turn, out, body] if early else [body, turn, out]
        body = Node("THEN", [Node("THEN", links[:2]), links[2]])
        return self.maybe_named(Node("LOOP", [self.maybe_named(body, ANYTHING)]), ANYTHING)

    def way_out(self, node: Node) -> Node:
        """A break goes through branches of joins and races."""
        kind = self.rng.randrange(4)
        if kind == 0:
            parts = [node, self.branch(self.step)]
            self.rng.shuffle(parts)
            return Node("JOIN", parts)
        if kind == 1:
            lost = self.rng.randrange(2)
            return Node("RACE", [self.loser(3), node] if lost == 0 else [node, self.loser(3)], lost=lost)
        return node

    def leave(self) -> Node:
        return self.maybe_named(Node("BREAK", text=self.rng.choice(_BREAKS)), ANYTHING)

    # Waits

    def sleep(self) -> Node:
        seconds = "1" if self.rounds == 1 and self.rng.random() < 0.1 else "0"
        return self.maybe_named(Node("SLEEP", text=seconds), ANYTHING)

    def signal(self) -> Node:
        """Sent long before, or never; it may be that an earlier wait has taken it."""
        self.pauses -= 1
        if self.pauses < 0:
            return self.sleep()
        if not self.signals or self.rng.random() < 0.6:
            self.signals.append(f"kept{len(self.kept)}_{self.rng.randrange(1000)}")
        name = self.rng.choice(self.signals)
        if self.rng.random() < 0.8:
            payload = self.rng.choice(('{"b": 1, "aa": [2]}', "yes", "42", '"42"', "", "{}"))
            self.kept.append((name, payload))
        return self.maybe_named(Node("SIGNAL", text=name, timeout=1), ANYTHING)
