"""Random SQL steps: what they return, the names they use and bind, and the row that each leaves in the table `effects`."""

from random import Random

from workflow_trees import Node

ME = "{sys_instance_id}"
VARIABLES = {"two": "2", "quoted": "'it''s'", "table": "effects", "indirect": "$w?"}
NUMBERS = ("a", "b", "c")  # names that SQL steps with a number bind
LISTS = ("l", "m")  # names of several rows, or none
ANYTHING = ("w", "z")  # names on any other kind of node

# What a step selects, and the statements that make rows otherwise. {e} is the effect.
_NUMBER = (
    "SELECT {i} AS n",
    "SELECT {i} AS n, 'it''s \"x\"' AS t, NULL AS v",
    "SELECT {r} + 1 AS n",
    "SELECT {two} * {i} AS n, {quoted} AS t",
    "SELECT 1 AS n, 2 AS t, 3 AS n",
    "SELECT {i}, {i} + 1",
    "SELECT count(*) AS n FROM {table} WHERE instance = '{me}' AND step = '{tag}'",
    "SELECT flaky() AS n",
)
_ANY = (
    "SELECT",
    "SELECT pg_sleep(0)",
    "SELECT true AS b, 1.50 AS d, 2.0::float8 AS f, '{{\"k\": [1, null]}}'::jsonb AS j",
    "SELECT ARRAY[1, {i}] AS list, 'NaN'::float8 AS f",
    "SELECT '{{x' AS t",
    "SELECT NULL AS n",
    "SELECT 7 AS n WHERE false",
)
_LIST = (
    "SELECT g AS k, 'r' || g AS t FROM generate_series(1, {i}) AS g",
    "SELECT g AS k, NULL AS t, g > 1 AS v FROM generate_series(1, 2) AS g",
    "SELECT g AS k FROM generate_series(1, 0) AS g",
)
_WRONG = (
    "SELECT 1/0 AS n",
    "SELECT $unbound",
    "SELECT $a.n, $b, $c, $w.k",
    "SELECT ({r}).nothing",
    "SELECT 'x'::int",
    "SELECT * FROM nowhere",
)
TRUTHS = (
    "SELECT true", "SELECT 0", "SELECT ''", "SELECT ' No '", "SELECT 'off'", "SELECT 1 WHERE false",
    "SELECT '[]'::jsonb", "SELECT NULL", "SELECT 0.00", "SELECT '-0.0'", "SELECT", "SELECT pg_sleep(0)",
    "SELECT false AS a, true AS b", "SELECT {r} > 1", "SELECT {i} = ANY($l)", "SELECT '[]'", "SELECT 1e-3::float8",
)  # fmt: skip


class Steps:
    """Makes steps that use names bound before."""

    def __init__(self, rng: Random, exact: bool) -> None:
        self.rng = rng
        self.exact = exact
        self.tags = 0
        self.names: set[str] = set()  # bound before, as far as one can see

    def tag(self) -> str:
        self.tags += 1
        return f"T{self.tags}"

    def maybe_named(self, node: Node, names: tuple[str, ...], chance: float = 0.3) -> Node:
        if self.rng.random() < chance:
            node.name = self.rng.choice(names)
            self.names.add(node.name)
        return node

    def plain(self) -> Node:
        tag = self.tag()
        return Node("SQL", text=f"INSERT INTO effects VALUES ('{ME}', '{tag}', '')", tag=tag)

    def step(self) -> Node:
        """A SQL step that leaves a row in the table of effects."""
        tag = self.tag()
        kind = self.rng.random()
        if kind < 0.06:
            return self.maybe_named(self.without_transaction(tag), ANYTHING)
        row = f"VALUES ('{ME}', '{tag}', {self.note()})"
        if kind < 0.2:
            return self.maybe_named(Node("SQL", text=f"INSERT INTO effects {row}", tag=tag), ANYTHING)
        if kind < 0.26:
            text = f"INSERT INTO effects {row} RETURNING {self.rng.randrange(9)} AS n, step AS t"
            return self.maybe_named(Node("SQL", text=text, tag=tag), NUMBERS)
        if kind < 0.28:
            text = f"INSERT INTO deferred VALUES ('{ME}', '{tag}'), ('{ME}', '{tag}')"
            return Node("SQL", text=text, tag=tag)
        pool, names = self.rng.choices(
            [(_NUMBER, NUMBERS), (_ANY, ANYTHING), (_LIST, LISTS), (_WRONG, NUMBERS)], (5, 2, 2, 0.25)
        )[0]
        select = self.fill(self.rng.choice(pool), tag)
        text = f"WITH e AS (INSERT INTO effects {row}) {select}"
        return self.maybe_named(Node("SQL", text=text, tag=tag), names, 0.6)

    def without_transaction(self, tag: str) -> Node:
        if self.exact:
            return Node("SQL", text=self.rng.choice(("DO $$BEGIN NULL; END$$", "", "-- nothing")))
        return Node("SQL", text=self.rng.choice((f"CALL bump('{ME}', '{tag}')", "VACUUM empty")), tag=tag)

    def fill(self, text: str, tag: str = "") -> str:
        """The placeholders of a template; what is no placeholder of ours stays, as a variable's name."""
        for place, value in (
            ("{i}", str(self.rng.randrange(1, 5))),
            ("{r}", self.reference()),
            ("{me}", ME),
            ("{tag}", tag),
        ):
            text = text.replace(place, value)
        return text.replace("{{", "{").replace("}}", "}")

    def reference(self) -> str:
        known = sorted(self.names & set(NUMBERS))
        if not known or self.rng.random() < 0.02:
            return str(self.rng.randrange(4))
        name = self.rng.choice(known)
        return self.rng.choice((f"${name}", f"${name}?", f"${name}.n?", f"coalesce(${name}.absent?, 1)"))

    def note(self) -> str:
        """What the row of effects says: what a name stands for at this moment."""
        known = sorted(self.names)
        if not known or self.rng.random() < 0.3:
            return self.rng.choice(("''", "{quoted}", "'{table}'", f"$${self.rng.randrange(9)}$$"))
        name = self.rng.choice(known)
        if name in LISTS:
            return self.rng.choice(
                (f"(SELECT count(*)::text FROM ${name}.*)", f"(2 = ANY(${name}))::text", f"(${name}?)::text")
            )
        if name in ANYTHING:
            return "({indirect})::text" if name == "w" and self.rng.random() < 0.3 else f"(${name}?)::text"
        return f"({self.reference()})::text"
