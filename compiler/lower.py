"""Lowering: a workflow's expression to a graph, as the server's functions would build it.

Evaluation goes bottom-up over the tree with a stack of values, so depth costs no recursion. Where the
server would raise an error, a finding with its text is reported and the value becomes an error.
"""

from collections.abc import Callable

from ..grammar import (
    BINARY_OPERATORS,
    LOOP_OPERATOR,
    MISTAKES,
    Binary,
    Call,
    Cast,
    Compound,
    Edit,
    Expr,
    Finding,
    Fix,
    Fragment,
    Literal,
    Name,
    Paren,
    Prefix,
    Span,
    Workflow,
    children,
    is_composer,
    is_dsl_operator,
)
from .build import Draft
from .calls import Calls
from .casts import cast_value
from .catalogue import FUNCTIONS
from .constants import NUMBERS, arithmetic, bitwise, literal_value, signed
from .rules.boolean_workflow import RULE as BOOLEAN
from .rules.glued_envelope import RULE as GLUED_TEXT
from .rules.glued_operator import RULE as GLUED
from .rules.open_conditional import RULE as OPEN
from .rules.operand_type import RULE as TYPE
from .rules.wrong_arguments import RULE as ARGUMENTS
from .values import Sort, Value, known_text

_COMPARISONS = frozenset({"=", "<", ">", "<=", ">=", "<>", "!="})
_LOGICAL = frozenset({"AND", "OR"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^"})
# Forms whose value is a boolean.
_TESTS = ("is ", "in", "not in", "like", "not like", "ilike", "not ilike", "similar", "not similar", "between",
          "not between", "any", "some", "all")  # fmt: skip
_NOT_TEXT = {"array": "text[]", "row": "record"}
_QUOTE = "a step is quoted SQL text or a df. function; quote this operand or cast it to text"


# Operators that make a boolean of two texts.
_MATCHES = frozenset({"~", "!~", "~*", "!~*", "~~", "!~~", "~~*", "!~~*", "^@"})
# Operators of PostgreSQL for several types, none of them text: two untyped literals fit all of them.
_OVERLOADED = frozenset(
    "@> <@ && -> ->> #> #>> #- # >> << @@ @? ?| ?& -|- &< &> <<| |>> &<| |&> ~= ##".split()
)
# What an operator between two steps was probably meant to be.
_MEANT = {
    "~": "~>", "->": "~>", "->>": "~>", ">>": "~>", "|>": "~>", "~~": "~>",
    "&&": "&", "|=": "|=>", "?": "?>", "!": "!>",
}  # fmt: skip


def _guess(operator: str) -> str | None:
    meant = _MEANT.get(operator)
    return None if meant is None else f"did you mean {meant}?"


class Lowering:
    """Evaluates the expressions of one fragment; `findings` collects what the server would refuse."""

    def __init__(self, fragment: Fragment, findings: list[Finding]) -> None:
        self.fragment = fragment
        self.findings = findings
        self.calls = Calls(self.fragment, self.findings)
        self.partials = self.calls.partials

    def run(self, workflow: Workflow) -> Draft | None:
        """The root draft of a workflow's expression; None when the server would refuse to build it."""
        value = self.evaluate(workflow.expr)
        root = self.calls.root(value, workflow.kind)
        if root is None:
            return None
        self._open_conditionals(root)
        return root

    # ---- evaluation

    def evaluate(self, expr: Expr) -> Value:
        """The value of an expression."""
        values: list[Value] = []
        stack: list[tuple[Expr, int]] = [(expr, 0)]  # the number of parts that are evaluated already
        while stack:
            node, count = stack.pop()
            if count:
                given = values[-count:]
                del values[-count:]
                values.append(self._combine(node, given))
                continue
            parts = self._parts(node)
            if parts:
                stack.append((node, len(parts)))
                stack.extend([(part, 0) for part in reversed(parts)])
            else:
                values.append(self._combine(node, []))
        return values[0]

    def _parts(self, node: Expr) -> tuple[Expr, ...]:
        """The operands that are evaluated: of a CASE the workflows in it, of other opaque forms nothing."""
        if isinstance(node, Compound) and node.form.startswith("case"):
            return tuple(operand for operand in node.operands if is_composer(operand))
        if isinstance(node, Compound):
            return node.operands[:1] if node.form == "collate" or node.form.startswith(_TESTS) else ()
        return children(node)

    def _combine(self, node: Expr, given: list[Value]) -> Value:
        if isinstance(node, Literal):
            return literal_value(node)
        if isinstance(node, Paren):
            return given[0]
        if isinstance(node, Binary):
            return self._binary(node, *given)
        if isinstance(node, Prefix):
            return self._prefix(node, given[0])
        if isinstance(node, Call):
            return self.calls.call(node, given)
        if isinstance(node, Cast):
            return cast_value(node, given[0])
        if isinstance(node, Compound):
            return self._compound(node, given)
        if isinstance(node, Name) and node.parts[-1:] == ("*",):
            return Value(Sort.OTHER, node.start, node.end, type_name="record")
        if (
            isinstance(node, Name)
            and len(node.parts) == 2
            and node.parts[0] == "df"
            and node.parts[1] in FUNCTIONS
        ):
            return self._uncalled(node)
        return Value(Sort.DYNAMIC, node.start, node.end)

    def _uncalled(self, node: Name) -> Value:
        """`df.break` without parentheses is a column to PostgreSQL."""
        span = self.fragment.locate(node.start, node.end)
        help = f"a function is called with parentheses: {FUNCTIONS[node.parts[1]][0].signature()}"
        fixes = (Fix("add the parentheses", (Edit(Span(span.end, span.end), "()"),)),)
        found = ARGUMENTS.finding(f"df.{node.parts[1]} is no call", span, help=help, fixes=fixes)
        self.findings.append(found)
        return self._error(node)

    def _compound(self, node: Compound, given: list[Value]) -> Value:
        if node.form == "collate":
            given[0].start, given[0].end = node.start, node.end
            return given[0]
        if given and not node.form.startswith("case"):
            self._no_boolean(node.form.upper(), node.at, node.at + len(node.form.split()[0]), given)
            return Value(Sort.BOOLEAN, node.start, node.end)
        if node.form in _NOT_TEXT:
            return Value(Sort.OTHER, node.start, node.end, type_name=_NOT_TEXT[node.form])
        return Value(Sort.DYNAMIC, node.start, node.end)

    # ---- operators

    def _prefix(self, node: Prefix, operand: Value) -> Value:
        operator = node.operator
        if operator == LOOP_OPERATOR:
            if not self._textual(node, operator, [operand]):
                return self._error(node)
            return self.calls.loop(node, operand, None)
        if operator == "NOT":
            self._no_boolean("NOT", node.at, node.at_end, [operand])
            return Value(Sort.BOOLEAN, node.start, node.end)
        if operator in ("-", "+") and operand.sort in NUMBERS:
            return signed(node, operand)
        if operator in BINARY_OPERATORS:
            span = self.fragment.locate(node.at, node.at_end)
            self.findings.append(MISTAKES["missing-left"].finding(span, operator=operator))
            return self._error(node)
        if is_dsl_operator(operator) or operator.endswith(LOOP_OPERATOR):
            return self._glued(node, operator)
        return Value(Sort.DYNAMIC, node.start, node.end)

    def _binary(self, node: Binary, left: Value, right: Value) -> Value:
        operator = node.operator
        if operator in BINARY_OPERATORS:
            return self._dsl(node, left, right)
        if operator == "||":
            return self._concatenate(node, left, right)
        if operator in _COMPARISONS or operator in _LOGICAL:
            self._no_boolean(operator, node.at, node.at_end, [left, right])
            return Value(Sort.BOOLEAN, node.start, node.end)
        if operator in _ARITHMETIC:
            if any(value.sort in (Sort.NODE, Sort.PARTIAL) for value in (left, right)):
                return self._no_operator(node, left, right)
            return arithmetic(node, left, right)
        if operator == "=>@>" or is_dsl_operator(operator) or operator.endswith(LOOP_OPERATOR):
            unknown = left.type_text == right.type_text == "unknown"
            if operator == LOOP_OPERATOR and not unknown and not _any_dsl(left, right):
                return Value(Sort.BOOLEAN, node.start, node.end)
            return (
                self._glued(node, operator)
                if operator != LOOP_OPERATOR
                else self._no_operator(node, left, right)
            )
        both_texts = left.sort is Sort.TEXT and right.sort is Sort.TEXT
        if operator in _MATCHES and (both_texts or _any_dsl(left, right)):
            return self._match(node)
        if both_texts or _any_dsl(left, right):
            return self._no_operator(node, left, right)
        return Value(Sort.DYNAMIC, node.start, node.end)

    def _dsl(self, node: Binary, left: Value, right: Value) -> Value:
        if node.operator in ("&", "|"):
            builtin = bitwise(node, left, right)
            if isinstance(builtin, str):
                self.findings.append(
                    TYPE.finding(builtin, self.fragment.locate(node.start, node.end), help=_QUOTE)
                )
                return self._error(node)
            if builtin is not None:
                return builtin
        if not self._textual(node, node.operator, [left, right]):
            return self._error(node)
        build: dict[str, Callable[[Expr, Value, Value], Value]] = {
            "~>": self.calls.seq,
            "&": self.calls.join,
            "|": self.calls.race,
            "|=>": self.calls.name,
            "?>": self.calls.if_then,
            "!>": self.calls.if_else,
        }
        return build[node.operator](node, left, right)

    def _textual(self, node: Binary | Prefix, operator: str, operands: list[Value]) -> bool:
        """Whether all operands are text; else a finding."""
        if any(value.sort is Sort.ERROR for value in operands):
            return False
        wrong = [value for value in operands if not value.is_textual]
        if not wrong:
            return True
        types = " ".join([operands[0].type_text, operator, operands[-1].type_text])
        if len(operands) == 1:
            types = f"{operator} {operands[0].type_text}"
        self.findings.append(
            TYPE.finding(
                f"operator does not exist: {types}",
                self.fragment.locate(wrong[0].start, wrong[0].end),
                help=_QUOTE,
            )
        )
        return False

    def _match(self, node: Binary) -> Value:
        """`'a' ~ 'b'`: a pattern match, most likely a misspelt `~>`."""
        self.findings.append(
            BOOLEAN.finding(
                f"{node.operator} turns this workflow into a boolean",
                self.fragment.locate(node.at, node.at_end),
                help=_guess(node.operator)
                or "write the condition as a quoted SQL step, and branch on it with ?> and !>",
            )
        )
        return self._error(node)

    def _no_operator(self, node: Binary, left: Value, right: Value) -> Value:
        unknown = left.type_text == right.type_text == "unknown" and node.operator in _OVERLOADED
        kind = "is not unique" if unknown else "does not exist"
        self.findings.append(
            TYPE.finding(
                f"operator {kind}: {left.type_text} {node.operator.lower()} {right.type_text}",
                self.fragment.locate(node.at, node.at_end),
                help=_guess(node.operator)
                or "operators group from the left at one level; put the part that belongs together in parentheses",
            )
        )
        return self._error(node)

    def _glued(self, node: Binary | Prefix, operator: str) -> Value:
        span = self.fragment.locate(node.at, node.at_end)
        fixes: tuple[Fix, ...] = ()
        own = next(
            (own for own in sorted(BINARY_OPERATORS, key=len, reverse=True) if operator.startswith(own)), ""
        )
        if operator[len(own) :] in (LOOP_OPERATOR, "-", "+") and span.end - span.start == len(operator):
            at = span.start + len(own)
            safe = operator.endswith(LOOP_OPERATOR)
            fixes = (Fix("write a blank between the two", (Edit(Span(at, at), " "),), safe=safe),)
        self.findings.append(
            GLUED.finding(
                f"operator does not exist: {operator}",
                span,
                fixes=fixes,
                help=f"write a blank between the two operators: PostgreSQL reads {operator} as one",
            )
        )
        return self._error(node)

    def _no_boolean(self, operator: str, at: int, end: int, operands: list[Value]) -> None:
        if not _any_dsl(*operands):
            return
        if operator in _LOGICAL or operator == "NOT":
            message = f"argument of {operator} must be type boolean, not type text"
        else:
            message = f"{operator} turns this workflow into a boolean"
        self.findings.append(
            BOOLEAN.finding(
                message,
                self.fragment.locate(at, end),
                help="write the condition as a quoted SQL step, and branch on it with ?> and !>",
            )
        )

    def _concatenate(self, node: Binary, left: Value, right: Value) -> Value:
        if Sort.ERROR in (left.sort, right.sort):
            return self._error(node)
        if Sort.NULL in (left.sort, right.sort):
            return Value(Sort.NULL, node.start, node.end)
        if left.sort is Sort.NODE or right.sort is Sort.NODE:
            where = "behind" if left.sort is Sort.NODE else "in front of"
            self.findings.append(
                GLUED_TEXT.finding(
                    f"|| glues text {where} a finished step",
                    self.fragment.locate(node.at, node.at_end),
                    help="put the concatenation in parentheses: ~> ('SELECT ' || ...)",
                )
            )
        if left.sort in NUMBERS and right.sort in NUMBERS:
            return self._no_operator(node, left, right)
        one, two = known_text(left), known_text(right)
        if one is None or two is None:
            return Value(Sort.DYNAMIC, node.start, node.end)
        moved = tuple((at + len(one), literal) for at, literal in right.pieces)
        pieces = (*left.pieces, *moved) if left.sort is right.sort is Sort.TEXT else ()
        return Value(Sort.TEXT, node.start, node.end, text=one + two, pieces=pieces, type_name="text")

    def _error(self, node: Expr) -> Value:
        return Value(Sort.ERROR, node.start, node.end)

    # ---- at the end

    def _open_conditionals(self, root: Draft) -> None:
        """A partial conditional that became a step of the final graph is an error of its own."""
        if not self.partials:
            return
        left = []
        stack = [root]
        while stack:
            at = stack.pop()
            if id(at) in self.partials:
                left.append(self.partials[id(at)])
            stack.extend(at.children.values())
        for partial in sorted(left, key=lambda value: value.start):
            self.findings.append(
                OPEN.finding(
                    "this ?> has no !>",
                    self.fragment.locate(partial.start, partial.end),
                    help="add !> and the step for the other case, directly after the branch",
                )
            )


def _any_dsl(*values: Value) -> bool:
    return any(value.sort in (Sort.NODE, Sort.PARTIAL) for value in values)
