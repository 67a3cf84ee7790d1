"""The LALR loop: terminals of one region in, a tree or the place of the first mistake out."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from .build import BUILDERS, Builder
from .tables import load
from .terminals import Terminals
from .tree import Expr


class Failure(NamedTuple):
    """No rule goes on at terminal `at`; `expected` are the terminals that would have."""

    at: int
    expected: frozenset[str]


class Aliased(NamedTuple):
    """A tree that an alias follows; `alias` is the index of the alias's terminal."""

    tree: Expr
    alias: int


def parse_terminals(terminals: Terminals, builder: Builder) -> Expr | Aliased | Failure:
    """The tree of a region."""
    table = load()
    actions, gotos = table.actions, table.gotos
    reductions = _reductions()
    states = [table.start]
    values: list[Any] = []
    kinds = [*terminals.kinds, "$END"]
    index = 0
    kind = kinds[0]
    while True:
        action = actions[states[-1]].get(kind)
        if action is None:
            return Failure(index, frozenset(actions[states[-1]]))
        if action > 0:
            states.append(action - 1)
            values.append(index)
            index += 1
            kind = kinds[index]
        elif action < 0:
            origin, length, build = reductions[-action - 1]
            if build is not None:
                items = values[-length:]
                del values[-length:]
                values.append(build(builder, items))
            del states[-length:]
            states.append(gotos[states[-1]][origin])
        else:
            return values[0]  # type: ignore[no-any-return]


@cache
def _reductions() -> list[tuple[str, int, Callable[..., Any] | None]]:
    """Per rule: origin, length and the builder's method; None for a rule that only passes its child on."""
    builders = {**BUILDERS, "aliased": _aliased}
    return [(origin, length, builders[alias] if alias else None) for origin, length, alias in load().rules]


def _aliased(_: Builder, items: list[Any]) -> Aliased:
    return Aliased(*items)
