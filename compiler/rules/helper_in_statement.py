"""DF204: a variable helper and a workflow in one statement."""

from collections.abc import Iterator

from ...grammar import (
    Binary,
    Call,
    Expr,
    Finding,
    Label,
    Literal,
    Prefix,
    Region,
    Severity,
    strip_parens,
    walk,
)
from ..catalogue import FUNCTIONS, Role
from ..context import Context
from .rule import Rule

# Helpers behind these run while the statement is planned, before any function of it.
_PLANNED = frozenset({"|=>", "?>", "!>", "@>"})
_NO_TEXT = frozenset({"number", "null", "boolean", "bit", "hex"})
_WRAPPING = frozenset({"seq", "as", "loop", "if", "if_rows", "join", "join3", "race", "start"})


def _check(context: Context) -> Iterator[Finding]:
    helper: tuple[Call, Region] | None = None
    message = -1
    for region in context.script.regions:
        if region.tree is None:
            continue
        if region.message != message:
            message, helper = region.message, None
        if helper is not None:
            planned = region.fragment.map is None
            text = _ensured_text(region.tree, planned)
            if text is not None:
                yield _finding(helper, region, text)
                helper = None
        helper = _last_helper(region) or helper


def _last_helper(region: Region) -> tuple[Call, Region] | None:
    """A helper called by itself; one that is an operand is another rule's matter."""
    assert region.tree is not None
    tree = strip_parens(region.tree)
    if isinstance(tree, Call) and tree.name in FUNCTIONS and FUNCTIONS[tree.name][0].role is Role.HELPER:
        return tree, region
    return None


def _ensured_text(tree: Expr, planned: bool) -> Literal | None:
    """A plain text that is wrapped as a step when the statement runs."""
    for expr in walk(tree):
        operands: tuple[Expr, ...] = ()
        if isinstance(expr, Binary) and expr.operator in ("~>", "&", "|"):
            operands = (expr.left, expr.right)
        elif isinstance(expr, Binary) and expr.operator in _PLANNED and not planned:
            operands = (expr.left,)
        elif isinstance(expr, Prefix) and expr.operator == "@>" and not planned:
            operands = (expr.operand,)
        elif isinstance(expr, Call) and expr.name in _WRAPPING:
            operands = tuple(
                argument.value for argument in expr.arguments[: 1 if expr.name in ("start", "as") else None]
            )
        for operand in map(strip_parens, operands):
            if (
                isinstance(operand, Literal)
                and operand.kind not in _NO_TEXT
                and not operand.text.lstrip().startswith("{")
            ):
                return operand
    return None


def _finding(helper: tuple[Call, Region], region: Region, text: Literal) -> Finding:
    call, place = helper
    name = "await_instance" if call.name == "wait_for_completion" else call.name
    return RULE.finding(
        f"df.{name} cannot be used as a workflow step. Call df.{name} before df.start().",
        region.fragment.locate(text.start, text.end),
        help=f"send df.{name}(...) before this, as a statement of its own; df.sql('...') around the texts works too",
        labels=(Label(place.fragment.locate(call.start, call.end), "called in the same statement"),),
    )


RULE = Rule(
    code="DF204",
    name="helper-in-statement",
    severity=Severity.ERROR,
    aliases=("H-02",),
    summary="A variable helper and a workflow stand in one statement.",
    rationale=(
        "The server remembers that a helper ran in this statement and refuses every plain text that "
        "becomes a step after it, although the two have nothing to do with each other. One DO block, one "
        "function call, one message of several statements count as one statement."
    ),
    bad="SELECT df.setvar('k', 'v'), df.start('SELECT {k}');",
    good="SELECT df.setvar('k', 'v');\nSELECT df.start('SELECT {k}');",
    script=_check,
)
