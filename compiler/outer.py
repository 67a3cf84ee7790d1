"""Calls of schema df outside of any workflow: df.start itself, helpers, lookups.

Their names and arguments are checked as those inside a workflow are; what they do is no concern here.
"""

import re
from collections.abc import Iterator

from ..grammar import Call, Expr, Finding, Region, Script, children, walk
from .calls import Calls
from .catalogue import FUNCTIONS, Role
from .lower import Lowering
from .rules.invalid_value import RULE as INVALID
from .values import Sort, Value

# Behind these words `df.name (` is no call: INSERT INTO df.queue (id), GRANT ... ON FUNCTION df.http(text).
_DEFINES = re.compile(
    r"\b(?:into|on|only|table|view|type|function|procedure|routine|aggregate|exists|copy|references"
    r"|analyze|vacuum|verbose)\s+\Z",
    re.I,
)
_NODES = (Role.NODE, Role.OPERATOR)
_MODES = ("caller", "new")


def check_calls(script: Script) -> list[Finding]:
    """What is wrong with the calls that stand outside of workflows."""
    workflows: dict[int, set[int]] = {}
    for workflow in script.workflows:
        workflows.setdefault(workflow.region, set()).add(id(workflow.expr))
    findings: list[Finding] = []
    for number, region in enumerate(script.regions):
        if region.tree is not None:
            own = workflows.get(number, set())
            for call in _calls(region.tree, own):
                if not _DEFINES.search(region.fragment.text, max(0, call.start - 30), call.start):
                    _check(call, region, own, findings)
    return findings


def _calls(tree: Expr, workflows: set[int]) -> Iterator[Call]:
    """The calls outside of the workflows; what stands alone as a node is a workflow, so it is none of them."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if id(node) in workflows:
            continue
        if isinstance(node, Call) and (
            node.name not in FUNCTIONS or FUNCTIONS[node.name][0].role not in _NODES
        ):
            yield node
        stack.extend(reversed(children(node)))


def _check(call: Call, region: Region, workflows: set[int], findings: list[Finding]) -> None:
    calls = Calls(region.fragment, findings)
    lowering = Lowering(region.fragment, findings)
    values = [_value(argument.value, lowering, workflows) for argument in call.arguments]
    before = len(findings)
    calls.call(call, values)
    if call.name == "start" and len(findings) == before:
        _check_mode(call, values, region, findings)


def _value(expr: Expr, lowering: Lowering, workflows: set[int]) -> Value:
    """The value of an argument; only the server knows it where a workflow or another call takes part."""
    if any(id(part) in workflows or isinstance(part, Call) for part in walk(expr)):
        return Value(Sort.DYNAMIC, expr.start, expr.end)
    return lowering.evaluate(expr)


def _check_mode(call: Call, values: list[Value], region: Region, findings: list[Finding]) -> None:
    for position, (argument, value) in enumerate(zip(call.arguments, values, strict=True)):
        if argument.name != "transaction_mode" and (argument.name is not None or position != 3):
            continue
        if value.sort is Sort.TEXT and (value.text or "").lower() not in _MODES:
            message = f"invalid transaction_mode \"{value.text}\" for df.start(): expected 'caller' or 'new'"
            span = region.fragment.locate(value.start, value.end)
            findings.append(
                INVALID.finding(message, span, help="write 'new', or 'caller', which is the default")
            )
