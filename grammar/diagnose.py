"""From the place where the parser stopped to a finding in plain words (see `mistakes.py`)."""

import re

from .findings import Edit, Finding, Fix, Label
from .fragment import Fragment
from .mistakes import MISTAKES
from .parser import Failure
from .source import Span
from .spelling import QUERY_WORDS
from .terminals import Terminals

_OPERANDS = frozenset(
    "STRING NAME DFNAME NUMBER LPAR SUBQUERY PARAM NULL TRUE FALSE CASE CAST ARRAY ROW GROUP".split()
)
_OPERATORS = frozenset(
    "OP PLUS MINUS STAR SLASH PERCENT CARET LT GT EQ LE GE NE AND OR NOT NOT_LA LIKE ILIKE IN BETWEEN IS".split()
)
_WHOLE = frozenset({"?>", "!>", "|=>", "~>", "@>", "=>"})


def diagnose(terminals: Terminals, failure: Failure, fragment: Fragment) -> Finding:
    """The finding for a failed parse."""
    return _Diagnosis(terminals, failure, fragment).finding()


class _Diagnosis:
    def __init__(self, terminals: Terminals, failure: Failure, fragment: Fragment) -> None:
        self.terminals = terminals
        self.at = failure.at
        self.expected = failure.expected
        self.fragment = fragment
        self.kind = self._kind(self.at)
        self.before = self._kind(self.at - 1)

    def finding(self) -> Finding:
        for attempt in (
            self._reserved, self._split, self._arrow, self._unquoted, self._empty, self._missing_right,
            self._missing_left, self._beside, self._missing_operator, self._open_case,
        ):  # fmt: skip
            found = attempt()
            if found is not None:
                return found
        return MISTAKES["unexpected"].finding(
            self._span(self.at), found=self._show(self.at), hint=self._hint()
        )

    # ---- what stands where

    def _kind(self, at: int) -> str:
        return self.terminals.kinds[at] if 0 <= at < len(self.terminals.kinds) else "$END"

    def _word(self, at: int) -> str:
        if not 0 <= at < len(self.terminals.kinds):
            return ""
        return self.fragment.text[self.terminals.starts[at] : self.terminals.ends[at]]

    def _show(self, at: int) -> str:
        word = " ".join(self._word(at).split())
        if not word:
            return "the end of the expression"
        return word if len(word) <= 40 else word[:37] + "..."

    def _span(self, at: int) -> Span:
        if at < len(self.terminals.kinds):
            return self.fragment.locate(self.terminals.starts[at], self.terminals.ends[at])
        end = self.terminals.ends[-1] if self.terminals.ends else 0
        return self.fragment.locate(end, end)

    def _hint(self) -> str:
        """What may follow: depends on the bracket that is open."""
        if self._at_operand():
            return "a step belongs here: a quoted SQL text, a df. call, or a group in parentheses"
        stack = self._open()
        bracket = self._kind(stack[-1]) if stack else ""
        ends = {"LPAR": "a comma or )", "LSQB": "]", "CASE": "WHEN, THEN, ELSE or END"}
        return f"expected an operator, or {ends.get(bracket, 'the end of the expression')}"

    def _at_operand(self) -> bool:
        """Whether the parser waited for an operand: only there a CASE may begin."""
        return "CASE" in self.expected

    def _open(self) -> list[int]:
        """The brackets and CASEs that are open where the parser stopped, outermost first."""
        stack: list[int] = []
        for at in range(self.at):
            kind = self._kind(at)
            if kind in ("LPAR", "LSQB", "CASE"):
                stack.append(at)
            elif kind in ("RPAR", "RSQB", "END") and stack:
                stack.pop()
        return stack

    # ---- one attempt per kind of mistake

    def _reserved(self) -> Finding | None:
        named = self._kind(self.at + 1) in ("ARROW", "ASSIGN")
        if not named or self.kind not in ("THEN", "ELSE", "WORD", "WHEN", "END", "AS"):
            return None
        word = self._word(self.at)
        fixes: tuple[Fix, ...] = ()
        if word.lower() in ("then", "else"):
            better = f"{word.lower()}_branch"
            fixes = (Fix(f"rename to {better}", (Edit(self._span(self.at), better),), safe=True),)
        return MISTAKES["reserved-argument"].finding(self._span(self.at), fixes=fixes, word=word)

    def _split(self) -> Finding | None:
        for left in (self.at - 1, self.at):
            whole = self._word(left) + self._word(left + 1)
            if left >= 0 and whole in _WHOLE and self._kind(left + 1) in ("OP", "GT", "ARROW", "EQ"):
                span = self.fragment.locate(self.terminals.starts[left], self.terminals.ends[left + 1])
                fixes = (Fix(f"write {whole}", (Edit(span, whole),), safe=True),)
                return MISTAKES["split-operator"].finding(span, fixes=fixes, whole=whole)
        return None

    def _arrow(self) -> Finding | None:
        if self.kind != "ARROW" or self.before not in (*_OPERANDS, "RPAR", "RSQB", "END"):
            return None
        return MISTAKES["arrow"].finding(self._span(self.at), found=self._show(self.at - 1))

    def _open_case(self) -> Finding | None:
        if "END" not in self.expected or self.kind not in ("$END", "RPAR", "RSQB", "COMMA"):
            return None
        cases = [at for at in self._open() if self._kind(at) == "CASE"]
        return MISTAKES["open-case"].finding(self._span(cases[-1])) if cases else None

    def _unquoted(self) -> Finding | None:
        """`~> SELECT 2`: SQL where a quoted text belongs."""
        if self.kind == "SUBQUERY" and self.before == "DFNAME":
            return MISTAKES["unquoted-sql"].finding(self._first_word(self.at))
        if self.before == "NAME" and self._word(self.at - 1).lower() in QUERY_WORDS:
            return MISTAKES["unquoted-sql"].finding(self._span(self.at - 1))
        if self.kind != "WORD" or not self._at_operand() or self._word(self.at).lower() not in QUERY_WORDS:
            return None
        return MISTAKES["unquoted-sql"].finding(self._span(self.at))

    def _first_word(self, at: int) -> Span:
        """The word behind the parenthesis of a group."""
        start = self.terminals.starts[at] + 1
        word = re.compile(r"\s*(\w+)").match(self.fragment.text, start)
        return self.fragment.locate(*word.span(1)) if word else self._span(at)

    def _empty(self) -> Finding | None:
        if self.kind in ("COMMA", "RPAR", "$END") and self.before == "COMMA":
            where = "after the comma"
            return MISTAKES["empty-argument"].finding(self._span(self.at - 1), where=where)
        if self.kind == "COMMA" and self.before in ("LPAR", "DFNAME"):
            return MISTAKES["empty-argument"].finding(self._span(self.at), where="before the comma")
        return None

    def _missing_right(self) -> Finding | None:
        ends = self.kind in ("COMMA", "RPAR", "RSQB", "$END", "WORD", "THEN", "ELSE", "END", "AS", "WHEN")
        if not ends or self.before not in _OPERATORS or self.at == 0:
            return None
        return MISTAKES["missing-right"].finding(self._span(self.at - 1), operator=self._word(self.at - 1))

    def _missing_left(self) -> Finding | None:
        if self.kind not in _OPERATORS or self.before in _OPERANDS or self.before in ("RPAR", "RSQB", "END"):
            return None
        if self.before in _OPERATORS:
            return MISTAKES["missing-right"].finding(
                self._span(self.at - 1), operator=self._word(self.at - 1)
            )
        return MISTAKES["missing-left"].finding(self._span(self.at), operator=self._word(self.at))

    def _beside(self) -> Finding | None:
        if self.kind != "STRING" or self.before != "STRING":
            return None
        label = Label(self._span(self.at - 1), "the first literal ends here")
        return MISTAKES["literal-beside-literal"].finding(self._span(self.at), labels=(label,))

    def _missing_operator(self) -> Finding | None:
        if self.kind not in _OPERANDS or "OP" not in self.expected:
            return None
        return MISTAKES["missing-operator"].finding(self._span(self.at), found=self._show(self.at))
