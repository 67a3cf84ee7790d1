"""The functions behind the operators and the `df.` constructors: values in, drafts and findings out."""

from collections.abc import Callable
from typing import Any

from ..grammar import Call, Edit, Expr, Finding, Fix, Fragment, Span
from .arguments import Given, Mismatch, match_arguments
from .build import Draft
from .call_findings import bad_name, mismatch, positional_after_named, refusal, unknown_function
from .catalogue import FUNCTIONS, Role
from .envelope import EnvelopeError, decode_operand, decode_strict
from .graph import Kind
from .leaves import CallError, Leaves
from .rules.effect_as_step import RULE as EFFECT
from .rules.helper_as_step import RULE as HELPER
from .rules.invalid_name import RULE as BAD_NAME
from .rules.malformed_node import HELP as MALFORMED_HELP
from .rules.malformed_node import RULE as MALFORMED
from .rules.null_argument import RULE as NULL
from .rules.rule import Rule
from .rules.split_conditional import RULE as SPLIT
from .rules.wrong_arguments import RULE as ARGUMENTS
from .values import Sort, Value, known_text, partial_text, read_partial, text_map

_NO_CONDITIONAL = "Invalid if-then-else: left side of !> must be a ?> expression"


class Calls:
    """Builds drafts for one workflow and collects findings."""

    def __init__(self, fragment: Fragment, findings: list[Finding]) -> None:
        self.fragment = fragment
        self.findings = findings
        self.partials: dict[int, Value] = {}  # id of a draft made of a partial -> the partial
        self.kept: list[Draft] = []  # keeps those drafts alive, so that ids stay unique
        self.decoded = False  # whether a hand-written node takes part
        self.leaves = Leaves(fragment)

    # ---- operators

    def seq(self, node: Expr, left: Value, right: Value) -> Value:
        return self._compose(node, Kind.THEN, {"first": left, "second": right})

    def join(self, node: Expr, *branches: Value) -> Value:
        return self._compose(node, Kind.JOIN, {f"branch{n}": branch for n, branch in enumerate(branches, 1)})

    def race(self, node: Expr, left: Value, right: Value) -> Value:
        return self._compose(node, Kind.RACE, {"branch1": left, "branch2": right})

    def if_(self, node: Expr, condition: Value, then: Value, otherwise: Value) -> Value:
        return self._compose(node, Kind.IF, {"then": then, "else": otherwise, "condition": condition})

    def loop(self, node: Expr, body: Value, condition: Value | None) -> Value:
        """`@> body` and df.loop: not strict, so a NULL body is an error and a NULL condition none at all."""
        if body.sort is Sort.NULL:
            return self._refuse(NULL, node, "argument 0 must not be null", body, "a loop needs a body")
        parts = {"body": body}
        if condition is not None and condition.sort is not Sort.NULL:
            parts["condition"] = condition
        return self._compose(node, Kind.LOOP, parts)

    def name(self, node: Expr, operand: Value, name: Value) -> Value:
        """`operand |=> 'name'`: the same node under a name."""
        if Sort.NULL in (operand.sort, name.sort):
            return _first_null(operand, name)
        draft = self.ensure(operand)
        if draft is None or name.sort is Sort.ERROR:
            return Value(Sort.ERROR, node.start, node.end)
        if name.sort is not Sort.TEXT or name.text is None:
            draft.dynamic = True
            return self._node(node, draft)
        problem = bad_name(name.text)
        if problem is not None:
            help = "begin with a letter or _, go on with ASCII letters, digits and _"
            return self._refuse(BAD_NAME, node, problem, name, help)
        draft.name = name.text
        draft.name_span = self._span(name)
        return self._node(node, draft)

    def if_then(self, node: Expr, condition: Value, then: Value) -> Value:
        """`c ?> t`: nothing is checked until !> comes."""
        if Sort.ERROR in (condition.sort, then.sort):
            return Value(Sort.ERROR, node.start, node.end)
        depth = 1 + max(condition.depth, then.depth)
        return Value(Sort.PARTIAL, node.start, node.end, condition=condition, then=then, depth=depth)

    def if_else(self, node: Expr, partial: Value, otherwise: Value) -> Value:
        """`p !> e`."""
        if Sort.ERROR in (partial.sort, otherwise.sort):
            return Value(Sort.ERROR, node.start, node.end)
        if partial.sort is Sort.PARTIAL:
            assert partial.condition is not None and partial.then is not None
            return self.if_(node, partial.condition, partial.then, otherwise)
        if partial.sort is Sort.DYNAMIC:
            return Value(Sort.DYNAMIC, node.start, node.end)
        return self._not_conditional(node, partial, otherwise)

    def _not_conditional(self, node: Expr, left: Value, otherwise: Value) -> Value:
        """The left side of !> is something else than `c ?> t`; the text of one will do."""
        inner = self._buried_partial(left)
        if inner is not None:
            help = "only the step right after ?> belongs to the branch: write ?> ( ... ) !> around all of it"
            value = Value(left.sort, inner.start, left.end)
            fixes = self._group_branch(inner, left)
            return self._refuse(SPLIT, node, _NO_CONDITIONAL, value, help, fixes)
        message = _NO_CONDITIONAL
        if left.sort is Sort.TEXT and left.text is not None:
            try:
                written = read_partial(left.text)
            except ValueError as error:
                message, written = str(error), None
            if written is not None:
                condition, then = (_part(left, text) for text in written)
                return self.if_(node, condition, then, otherwise)
        return self._refuse(SPLIT, node, message, left, "a condition is written: condition ?> then !> else")

    def _group_branch(self, partial: Value, left: Value) -> tuple[Fix, ...]:
        assert partial.then is not None
        start, end = self.fragment.locate(partial.then.start, left.end)
        edits = (Edit(Span(start, start), "("), Edit(Span(end, end), ")"))
        return (Fix("make all of it the branch", edits),)

    def _buried_partial(self, left: Value) -> Value | None:
        draft = left.draft if left.sort is Sort.NODE else None
        while draft is not None:
            if id(draft) in self.partials:
                return self.partials[id(draft)]
            draft = next(iter(draft.children.values()), None)
        return None

    # ---- calls

    def call(self, node: Call, values: list[Value]) -> Value:
        """The value of `df.name(...)`."""
        if any(value.sort is Sort.ERROR for value in values):
            return Value(Sort.ERROR, node.start, node.end)
        if node.name not in FUNCTIONS:
            self.findings.append(unknown_function(node, self.fragment))
            return Value(Sort.ERROR, node.start, node.end)
        given = [Given(value, argument.name) for value, argument in zip(values, node.arguments, strict=True)]
        bound = self._bound(node, given)
        if bound is None:
            return Value(Sort.ERROR, node.start, node.end)
        role = FUNCTIONS[node.name][0].role
        if role in (Role.NODE, Role.OPERATOR):
            return self._construct(node, bound)
        return Value(Sort.DYNAMIC, node.start, node.end, helper=node.name)

    def _construct(self, node: Call, bound: dict[str, Value | None]) -> Value:
        function = FUNCTIONS[node.name][0]
        arguments = list(bound.values())
        nulls = [v for v in arguments if v is not None and v.sort is Sort.NULL]
        if function.strict and nulls:
            return _first_null(*nulls)
        composers: dict[str, Callable[..., Value]] = {
            "seq": self.seq, "join": self.join, "join3": self.join, "race": self.race, "if": self.if_,
            "loop": self.loop, "as": self.name, "as_op": self.name, "if_then_op": self.if_then,
            "if_else_op": self.if_else, "loop_prefix_op": lambda n, body: self.loop(n, body, None),
            "if_rows": self._if_rows, "sql": self._sql,
        }  # fmt: skip
        if node.name in composers:
            return composers[node.name](node, *arguments)
        return self._leaf(node, bound)

    def _sql(self, node: Expr, query: Value) -> Value:
        if query.sort in (Sort.NODE, Sort.PARTIAL):
            # the text as it is, also where it is a node's
            text = known_text(query)
            return self._node(node, Draft(Kind.SQL, query=text or self._source(query), dynamic=text is None))
        return self._node(node, self._sql_draft(query))

    def _if_rows(self, node: Expr, name: Value, then: Value, otherwise: Value) -> Value:
        value = self._compose(node, Kind.IF_ROWS, {"then": then, "else": otherwise})
        if value.draft is not None:
            query, dynamic = self.leaves.if_rows(name)
            value.draft.query, value.draft.dynamic = query, dynamic
        return value

    def _leaf(self, node: Call, bound: dict[str, Value | None]) -> Value:
        """A node without children: its config, or the reason why the server refuses it."""
        try:
            draft = self.leaves.build(node.name, bound)
        except CallError as refused:
            self.findings.append(refusal(node, refused, self.fragment))
            return Value(Sort.ERROR, node.start, node.end)
        return self._node(node, draft)

    def _bound(self, node: Call, given: list[Given]) -> dict[str, Value | None] | None:
        disorder = positional_after_named(node, self.fragment)
        if disorder is not None:
            self.findings.append(disorder)
            return None
        bound = match_arguments(node.name, given)
        if isinstance(bound, Mismatch):
            self.findings.append(mismatch(node, given, bound, self.fragment))
            return None
        return bound

    # ---- nodes

    def ensure(self, value: Value) -> Draft | None:
        """The operand as a node, any other text wrapped as an SQL step; None after an error."""
        if value.sort is Sort.NODE:
            return value.draft
        if value.helper is not None and not self._may_be_step(value):
            return None
        if value.sort is Sort.PARTIAL:
            text = partial_text(value)
            query = text or self._source(value)
            draft = Draft(Kind.SQL, query=query, span=self._span(value), dynamic=text is None)
            self.partials[id(draft)] = value
            self.kept.append(draft)
            return draft
        if value.sort is Sort.TEXT and value.text is not None and value.text.lstrip().startswith("{"):
            return self._decoded(value, decode_operand)
        if value.sort in (Sort.TEXT, Sort.DYNAMIC):
            return self._sql_draft(value)
        return None

    def _decoded(self, value: Value, decode: Callable[[str], Draft | None]) -> Draft | None:
        try:
            draft = decode(value.text or "")
        except EnvelopeError as error:
            self.findings.append(MALFORMED.finding(str(error), self._span(value), help=MALFORMED_HELP))
            return None
        if draft is None:
            return self._sql_draft(value)
        self.decoded = True
        stack = [draft]
        while stack:
            at = stack.pop()
            at.span = self._span(value)
            stack.extend(at.children.values())
        return draft

    def _sql_draft(self, value: Value) -> Draft:
        if value.text is None:
            return Draft(Kind.SQL, query=self._source(value), span=self._span(value), dynamic=True)
        return Draft(
            Kind.SQL, query=value.text, span=self._span(value), query_map=text_map(value, self.fragment)
        )

    def _may_be_step(self, value: Value) -> bool:
        """A call that acts at once is no step; what is only useless is a warning."""
        name = value.helper
        assert name is not None
        called = "await_instance" if name == "wait_for_completion" else name
        if FUNCTIONS[name][0].role is Role.HELPER:
            message = f"df.{called} cannot be used as a workflow step. Call df.{called} before df.start()."
            help = f"put df.{called}(...) in a statement of its own"
            self.findings.append(HELPER.finding(message, self._span(value), help=help))
            return False
        self.findings.append(
            EFFECT.finding(
                f"df.{name}() runs while the workflow is built, and its result becomes the SQL of a step",
                self._span(value),
                help=f"quote the call to run it as a step: 'SELECT df.{name}(...)'",
            )
        )
        return True

    def root(self, value: Value, kind: str) -> Draft | None:
        """The node of a workflow's expression; df.start refuses NULL and what does not decode.

        A mere composer that turns out to be no text is no workflow: built-in & and | look the same.
        """
        strict = kind == "start"
        if value.sort is Sort.NULL and strict:
            self._refuse(
                NULL,
                None,
                "argument 0 must not be null",
                value,
                "write a step in its place: one NULL makes the whole workflow NULL",
            )
        if value.sort is Sort.NULL:
            return None
        if (
            value.sort is Sort.TEXT
            and strict
            and value.text is not None
            and value.text.lstrip().startswith("{")
        ):
            return self._decoded(value, _strict)
        if not value.is_textual and kind == "composer":
            return None
        if not value.is_textual and value.sort is not Sort.ERROR and not self.findings:
            message = f"function df.start({value.type_text}) does not exist"
            self._refuse(ARGUMENTS, None, message, value, "a workflow is text: quoted SQL or df. calls")
        return self.ensure(value)

    def _compose(self, node: Expr, kind: Kind, parts: dict[str, Value]) -> Value:
        """A node with children; NULL in any of them makes it NULL (the functions are strict)."""
        if any(value.sort is Sort.ERROR for value in parts.values()):
            return Value(Sort.ERROR, node.start, node.end)
        if any(value.sort is Sort.NULL for value in parts.values()):
            return _first_null(*parts.values())
        drafts: dict[str, Draft] = {}
        for role, value in parts.items():
            draft = self.ensure(value)
            if draft is not None:
                drafts[role] = draft
        if len(drafts) < len(parts):
            return Value(Sort.ERROR, node.start, node.end)
        return self._node(node, Draft(kind, drafts))

    def _node(self, node: Expr, draft: Draft) -> Value:
        draft.span = self.fragment.locate(node.start, node.end)
        return Value(Sort.NODE, node.start, node.end, draft=draft)

    def _refuse(
        self,
        rule: Rule,
        node: Any,
        message: str,
        value: Value,
        help: str | None,
        fixes: tuple[Fix, ...] = (),
    ) -> Value:
        self.findings.append(rule.finding(message, self._span(value), help=help, fixes=fixes))
        return Value(
            Sort.ERROR, value.start if node is None else node.start, value.end if node is None else node.end
        )

    def _span(self, value: Value) -> Span:
        return self.fragment.locate(value.start, value.end)

    def _source(self, value: Value) -> str:
        return self.fragment.text[value.start : value.end]


def _first_null(*values: Value) -> Value:
    """The NULL that makes an expression NULL; it keeps its place, to be pointed at."""
    null = next(value for value in values if value.sort is Sort.NULL)
    return Value(Sort.NULL, null.start, null.end)


def _part(partial: Value, text: str | None) -> Value:
    """A branch of a conditional that is written as JSON; it stands where all of that does."""
    return Value(
        Sort.NULL if text is None else Sort.TEXT, partial.start, partial.end, text=text, type_name="text"
    )


def _strict(text: str) -> Draft | None:
    try:
        return decode_strict(text)
    except EnvelopeError as error:
        raise EnvelopeError(f"Invalid durable function: {error}") from error
