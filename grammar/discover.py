"""Finds the workflows of a parsed region: arguments of df.start and df.explain, and composers."""

from .fragment import Fragment
from .script import Workflow
from .tree import Binary, Call, Compound, Expr, Literal, Name, Prefix, children, strip_parens

# Functions of schema df whose value is a node; the catalogue in the compiler knows their parameters.
CONSTRUCTORS = frozenset(
    "sql seq as sleep wait_for_schedule loop break if if_rows join join3 race http http_multipart wait_for_signal"
    " as_op loop_prefix_op if_then_op if_else_op".split()
)
# The operators of the language, spelt as in the grammar's tree.
BINARY_OPERATORS = frozenset({"~>", "&", "|", "|=>", "?>", "!>"})
LOOP_OPERATOR = "@>"
# Those that PostgreSQL itself has for no type.
OWN_OPERATORS = ("~>", "|=>", "?>", "!>")


def is_dsl_operator(operator: str) -> bool:
    """Whether an operator token is, or by mistake contains, one of the language's own."""
    return (
        operator in BINARY_OPERATORS
        or any(own in operator for own in OWN_OPERATORS)
        or operator == LOOP_OPERATOR
    )


def is_composer(node: Expr) -> bool:
    """Whether an expression builds a node: an operator of the language or a constructor call."""
    node = strip_parens(node)
    while isinstance(node, Binary) and not is_dsl_operator(node.operator):
        if node.operator != "||":
            return False
        node = strip_parens(node.left)
    if isinstance(node, Binary):
        return not _coordinate(node)
    if isinstance(node, Prefix):
        return is_dsl_operator(node.operator) or node.operator.endswith(LOOP_OPERATOR)
    return isinstance(node, Call) and node.name in CONSTRUCTORS


def _coordinate(node: Binary) -> bool:
    """`box ~> 1` of the extension cube: a column and a number, of which neither can be a step."""
    return (
        node.operator == "~>" and isinstance(node.left, Name) and getattr(node.right, "kind", "") == "number"
    )


def workflows_of(tree: Expr, fragment: Fragment, statement: int, region: int) -> list[Workflow]:
    """The workflows below a region's tree, in source order; a composer's own operands are not listed again."""
    found: list[Workflow] = []
    stack: list[tuple[Expr, bool]] = [(tree, False)]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, Call) and node.name in ("start", "explain"):
            first = _first_argument(node)
            if first is not None:
                found.append(Workflow(node.name, first, fragment, statement, region, node))
            stack.extend((argument.value, True) for argument in reversed(node.arguments))
            continue
        if not inside and is_composer(node):
            found.append(Workflow("composer", node, fragment, statement, region))
            inside = True
        # An opaque group starts afresh: what it holds is an expression of its own.
        fresh = isinstance(node, Compound) and node.form in ("call", "subquery")
        stack.extend((child, inside and not fresh) for child in reversed(children(node)))
    return found


def _first_argument(call: Call) -> Expr | None:
    name = "fut" if call.name == "start" else "input"
    for position, argument in enumerate(call.arguments):
        if argument.name == name or (argument.name is None and position == 0):
            return argument.value
    return None


def explained_text(workflow: Workflow) -> Literal | None:
    """The quoted DSL text that df.explain would evaluate, if its argument is one literal."""
    node = strip_parens(workflow.expr)
    if workflow.kind != "explain" or not isinstance(node, Literal):
        return None
    return node
