"""The LALR loop: terminals of one region in, a tree or the place of the first mistake out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from .build import BUILDERS, Builder
from .tables import load
from .terminals import Terminals
from .tree import Expr


@dataclass(frozen=True, slots=True)
class Failure:
    """No rule goes on at terminal `index`; `expected` are the terminals that would have."""

    index: int
    expected: frozenset[str]


def parse_terminals(terminals: Terminals, builder: Builder) -> Expr | tuple[Expr, int] | Failure:
    """The tree of a region; (tree, terminal index) when an alias follows the expression."""
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


def _aliased(_: Builder, items: list[Any]) -> tuple[Any, ...]:
    return tuple(items)
