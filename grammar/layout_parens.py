"""Where the formatter adds parentheses: where the table that pg_durable prints would be read differently.

The printed table has six levels, `|=>` tightest, then `&`, `|`, `~>`, the conditionals (right to left) and `@>`.
PostgreSQL has one level for all of them, read from left to right. A left operand whose loosest operator stands
below the next one in the printed table is put in parentheses, so that both readings agree on the real one.

`a ~> b |=> 'y'` stays as it is: it names the sequence, whose result is that of `b`, so both readings name the
same value, and hardly any workflow is written otherwise.
"""

from .discover import BINARY_OPERATORS, LOOP_OPERATOR
from .tree import Binary, Compound, Expr, Prefix, children

_THEN, _TIGHT, _LOOP = 2, 9, 0
_LEVELS = {"|=>": 5, "&": 4, "|": 3, "~>": _THEN, "?>": 1, "!>": 1}
# Operators that PostgreSQL does not put on the one level of "any other operator".
_ELSEWHERE = frozenset({"+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>", "!="})


def is_step_operator(node: Expr) -> bool:
    """Whether a node is one of the six binary operators of the language."""
    return isinstance(node, Binary) and node.operator in BINARY_OPERATORS


def is_loop(node: Expr) -> bool:
    """Whether a node is `@> body`."""
    return isinstance(node, Prefix) and node.operator == LOOP_OPERATOR


def added_parentheses(nodes: list[Expr]) -> dict[int, Expr]:
    """The nodes that parentheses are put around, by `id`; parents stand first in `nodes`."""
    wrapped: dict[int, Expr] = {}
    levels: dict[int, int] = {}  # of the loosest operator that is not in parentheses
    loops: dict[int, Expr] = {}  # node -> the loop that stands unclosed at its right edge
    for node in reversed(nodes):
        if isinstance(node, Binary):
            if on_the_level(node):
                _close_left(node, levels, loops, wrapped)
            levels[id(node)] = _level(node, levels, wrapped)
            edge: Expr = node.right
        elif isinstance(node, Prefix):
            levels[id(node)] = _LOOP if is_loop(node) else _TIGHT
            edge = node.operand
        else:
            continue
        if is_loop(node):
            loops[id(node)] = node
        elif id(edge) in loops:
            loops[id(node)] = loops[id(edge)]
    return wrapped


def in_reach(root: Expr) -> list[Expr]:
    """The nodes of a workflow, parents first; what other functions and sub-selects hold is left as it is written."""
    found: list[Expr] = []
    work = [root]
    while work:
        node = work.pop()
        found.append(node)
        if not (isinstance(node, Compound) and node.form in ("call", "subquery")):
            work.extend(reversed(children(node)))
    return found


def on_the_level(node: Binary) -> bool:
    """All symbols but arithmetic and comparisons share the one level of the language's operators."""
    return node.operator not in _ELSEWHERE and not node.operator[0].isalpha()


def _close_left(
    node: Binary, levels: dict[int, int], loops: dict[int, Expr], wrapped: dict[int, Expr]
) -> None:
    left = node.left
    if _misleads(left, levels.get(id(left), _TIGHT), node.operator):
        wrapped[id(left)] = left
    elif id(left) in loops:
        loop = loops[id(left)]
        wrapped[id(loop)] = loop


def _misleads(left: Expr, level: int, operator: str) -> bool:
    """Whether the printed table would not take the whole of `left` as the operand of `operator`."""
    if level == _TIGHT:
        return False
    if operator == "|=>" and level == _THEN:
        return False
    if operator == "!>" and isinstance(left, Binary) and left.operator == "?>":
        return False
    own = _LEVELS.get(operator, _TIGHT)
    return level < own or (level == own == _LEVELS["?>"])


def _level(node: Binary, levels: dict[int, int], wrapped: dict[int, Expr]) -> int:
    if node.operator not in _LEVELS:
        return _TIGHT
    left = _TIGHT if id(node.left) in wrapped else levels.get(id(node.left), _TIGHT)
    return min(_LEVELS[node.operator], left)
