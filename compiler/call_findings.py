"""What is wrong with a call: its name, its arguments, or a value that the server would refuse."""

from difflib import get_close_matches

from ..grammar import MISTAKES, Call, Edit, Finding, Fix, Fragment
from .arguments import Given, Mismatch, call_text
from .catalogue import FUNCTIONS
from .leaves import CallError
from .rules.unknown_function import RULE as UNKNOWN
from .rules.wrong_arguments import RULE as ARGUMENTS
from .values import text_map

# Names that other workflow systems have for the same thing.
_ELSEWHERE = {
    "delay": "sleep", "wait": "sleep", "pause": "sleep", "timer": "sleep", "cron": "wait_for_schedule",
    "schedule": "wait_for_schedule", "wait_for_event": "wait_for_signal", "wait_signal": "wait_for_signal",
    "event": "wait_for_signal", "parallel": "join", "all": "join", "any": "race", "first": "race", "then": "seq",
    "sequence": "seq", "chain": "seq", "while": "loop", "repeat": "loop", "request": "http", "call": "http",
    "run_workflow": "start", "set_var": "setvar",
}  # fmt: skip


def unknown_function(node: Call, fragment: Fragment) -> Finding:
    """Schema df has no such function; the closest name is suggested."""
    close = get_close_matches(node.name, sorted(FUNCTIONS), 1, 0.6)
    if node.name in _ELSEWHERE:
        close = [_ELSEWHERE[node.name]]
    help = "correct the name; a function of your own is called inside a quoted step"
    span = fragment.locate(node.start, node.name_end)
    fixes: tuple[Fix, ...] = ()
    if close:
        help = f"did you mean df.{close[0]}?"
        fixes = (Fix(f"write df.{close[0]}", (Edit(span, f"df.{close[0]}"),)),)
    return UNKNOWN.finding(f"function df.{node.name} does not exist", span, help=help, fixes=fixes)


def positional_after_named(node: Call, fragment: Fragment) -> Finding | None:
    """An argument without a name behind one with a name; None where there is none."""
    named = False
    for argument in node.arguments:
        if named and argument.name is None:
            span = fragment.locate(argument.value.start, argument.value.end)
            return MISTAKES["positional-after-named"].finding(span)
        named = named or argument.name is not None
    return None


def mismatch(node: Call, given: list[Given], found: Mismatch, fragment: Fragment) -> Finding:
    """No form of the function takes these arguments."""
    span = fragment.locate(node.start, node.name_end)
    if found.argument is not None:
        written = node.arguments[found.argument]
        span = fragment.locate(written.value.start, written.value.end)
        if written.name is not None and found.reason.startswith("there is no"):
            span = fragment.locate(written.name_start, written.name_end)
    forms = " or ".join(function.signature() for function in FUNCTIONS[node.name])
    help = f"the function is {forms}"
    fixes: tuple[Fix, ...] = ()
    if found.suggestion:
        help = f"did you mean {found.suggestion}? The function is {forms}"
        fixes = (Fix(f"write {found.suggestion}", (Edit(span, found.suggestion),)),)
    message = f"function {call_text(node.name, given)} does not exist: {found.reason}"
    return ARGUMENTS.finding(message, span, help=help, fixes=fixes)


def refusal(node: Call, refused: CallError, fragment: Fragment) -> Finding:
    """A value that the server would refuse, at its place in the text where that is known."""
    value = refused.value
    span = fragment.locate(*((node.start, node.end) if value is None else (value.start, value.end)))
    places = text_map(value, fragment) if value is not None and refused.part is not None else None
    fixes: tuple[Fix, ...] = ()
    if places is not None and refused.part is not None:
        span = places.span(*refused.part)
        if refused.suggestion is not None:
            fixes = (Fix(f"write {refused.suggestion}", (Edit(span, refused.suggestion),)),)
    return refused.rule.finding(refused.message, span, help=refused.help, fixes=fixes)


def bad_name(name: str) -> str | None:
    """The server's text for a name that is no identifier."""
    if not name:
        return "df.as: result name cannot be empty"
    if name.isascii() and name.isidentifier():
        return None
    return f"df.as: result name '{name}' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*"
