"""`parse`: a text to a Script. Reads statement by statement and goes on after every mistake."""

import re
from difflib import get_close_matches

from .blocks import body_literals, executed_literals, literal_fragment, node_fragment
from .brackets import Brackets, match_brackets
from .build import Builder
from .diagnose import diagnose
from .discover import CONSTRUCTORS, explained_text, workflows_of
from .findings import Finding, Label
from .fragment import Fragment
from .lexer import STRING_KINDS, Tokens, statement_tokens
from .literals import BadEscape
from .mistakes import MISTAKES
from .parser import Failure, parse_terminals
from .regions import find_regions, may_hold_workflow
from .script import Region, Script, Statement, Workflow
from .source import Source, Span
from .terminals import Preparation
from .tree import Expr

# Words that begin an SQL statement (psql's list), for telling scripts from bare expressions.
_COMMANDS = frozenset(
    "abort alter analyze analyse begin call checkpoint close cluster comment commit copy create deallocate declare delete"
    " discard do drop end execute explain fetch grant import insert listen load lock merge move notify prepare reassign"
    " refresh reindex release repack reset revoke rollback savepoint security select set show start table truncate"
    " unlisten update vacuum values with".split()
)
_DIRECTIVE = re.compile(r"--[ \t]*dfsql:[ \t]*name[ \t]*=[ \t]*([^\s;]+)")
_DSL_TEXT = re.compile(r"\s*(?:[($']|@>|[eEnN]'|[uU]&'|df\s*\.|\"df\"\s*\.)")
# A statement that seems to begin inside a string: the quotes before it do not pair up.
_SWALLOWED = re.compile(
    r";[ \t]*\r?\n(?:\s|--[^\n]*\n)*(?:select|insert|update|delete|with|do|create|call|begin|commit|set|\\)\b", re.I
)
_PATH_WITH_DF = re.compile(r"\bset\s+(?:local\s+|session\s+)?search_path\s*(?:=|to)\s*[^;]*\bdf\b", re.I)
_UNQUALIFIED = CONSTRUCTORS | {"start", "explain"}


def parse(text: str, *, name: str = "<text>") -> Script:
    """Read a script or a file of bare workflow expressions.

    Never raises for a text, however broken: mistakes are findings of the result.
    """
    reader = _Reader(Source(text, name))
    reader.script()
    return reader.result()


def parse_expression(text: str) -> tuple[Expr | None, tuple[Finding, ...]]:
    """The tree of one expression, and what is wrong with it."""
    reader = _Reader(Source(text))
    tokens = statement_tokens(text, 0)
    reader.lexical(tokens, Fragment(text), everything=True)
    if not reader.findings:
        reader.bare(tokens, Fragment(text))
    tree = reader.regions[0].tree if reader.regions else None
    return tree, tuple(reader.findings)


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.statements: list[Statement] = []
        self.regions: list[Region] = []
        self.workflows: list[Workflow] = []
        self.findings: list[Finding] = []
        self.comments: list[Span] = []
        self.unqualified: frozenset[str] = frozenset()
        self.message = 0

    def result(self) -> Script:
        findings = sorted(self.findings, key=lambda finding: (finding.span, finding.code))
        return Script(
            self.source,
            tuple(self.statements),
            tuple(self.regions),
            tuple(self.workflows),
            tuple(self.comments),
            tuple(findings),
        )

    # ---- statements

    def script(self) -> None:
        fragment = Fragment(self.source.text)
        at, size = 0, len(self.source.text)
        while at < size:
            tokens = statement_tokens(fragment.text, at)
            before = len(self.findings), len(self.regions), len(self.workflows)
            self.message += 1
            self.top_statement(tokens, fragment)
            at = self._resume(tokens, before, fragment)
        if not self.workflows and not self.findings and not self.statements:
            end = Span(0, 0)
            self.findings.append(MISTAKES["no-workflow"].finding(end))

    def _resume(self, tokens: Tokens, before: tuple[int, int, int], fragment: Fragment) -> int:
        """Where to read on: earlier than the statement's end if a broken quote swallowed the next ones."""
        if len(self.findings) == before[0]:
            return tokens.end
        for kind, start, end in zip(tokens.kinds, tokens.starts, tokens.ends, strict=True):
            if kind not in STRING_KINDS or kind == "dollar":
                continue
            swallowed = _SWALLOWED.search(tokens.text, start, end)
            if swallowed:
                return self._again(tokens, before, swallowed.start() + 1, fragment)
        return tokens.end

    def _again(self, tokens: Tokens, before: tuple[int, int, int], stop: int, fragment: Fragment) -> int:
        """Read the statement once more, cut where the next one begins."""
        del self.findings[before[0] :], self.regions[before[1] :], self.workflows[before[2] :]
        self.statements.pop()
        self.comments = [span for span in self.comments if span.start < tokens.start]
        cut = statement_tokens(tokens.text, tokens.start, stop)
        self.top_statement(cut, fragment)
        return stop

    def top_statement(self, tokens: Tokens, fragment: Fragment) -> None:
        self.comments.extend(Span(*comment) for comment in tokens.comments)
        first_workflow = len(self.workflows)
        bare = self._is_bare(tokens)
        if len(tokens) or tokens.broken:
            start = tokens.starts[0] if len(tokens) else tokens.broken[0][1]
            self.statements.append(Statement(start, tokens.end, self._keyword(tokens), bare))
        broken = self.lexical(tokens, fragment, everything=bare)
        if not broken and len(tokens):
            if bare:
                self.bare(tokens, fragment)
            else:
                self.statement(tokens, fragment)
        if tokens.comments and len(self.workflows) > first_workflow:
            self._give_names(tokens, first_workflow)

    def _keyword(self, tokens: Tokens) -> str:
        for at in range(len(tokens)):
            if tokens.kinds[at] != "(":
                return tokens.folded(at) if tokens.kinds[at] == "word" else ""
        return ""

    def _is_bare(self, tokens: Tokens) -> bool:
        if not len(tokens) or tokens.kinds[0] in ("number", "meta", ";"):
            return False
        if self._keyword(tokens) in _COMMANDS:
            return False
        if tokens.kinds[0] != "word":
            return True
        follows = tokens.kinds[1] if len(tokens) > 1 else ""
        word = tokens.folded(0)
        return (word == "df" and follows == ".") or word == "case" or (follows == "(" and word in self.unqualified)

    def statement(self, tokens: Tokens, fragment: Fragment) -> None:
        """An SQL statement: look for regions in it and in the bodies that it quotes."""
        text = tokens.text
        if _PATH_WITH_DF.match(text, tokens.starts[0], tokens.end):
            self.unqualified = _UNQUALIFIED
        if not may_hold_workflow(text, tokens.start, tokens.end) and not self.unqualified:
            return
        bodies = body_literals(tokens)
        for at in bodies:
            body = literal_fragment(tokens, at, fragment)
            if body is not None:
                self.block(body)
        brackets = match_brackets(tokens)
        ranges = find_regions(tokens, brackets, 0, len(tokens), self.unqualified)
        if not ranges:
            return
        if self._unbalanced(tokens, brackets, fragment, ranges):
            return
        self._known_statement(tokens, fragment)
        for low, high in ranges:
            self.region(tokens, brackets, low, high, fragment, alias=True)

    def block(self, body: Fragment) -> None:
        """A body: statement by statement, with the SQL that EXECUTE runs."""
        at, size = 0, len(body.text)
        while at < size:
            tokens = statement_tokens(body.text, at)
            if not self.lexical(tokens, body, everything=False) and len(tokens):
                for literal in executed_literals(tokens):
                    inner = literal_fragment(tokens, literal, body)
                    if inner is not None and may_hold_workflow(inner.text, 0, len(inner.text)):
                        self.block(inner)
                self._body_statement(tokens, body)
            at = tokens.end

    def _body_statement(self, tokens: Tokens, body: Fragment) -> None:
        for at in body_literals(tokens):
            inner = literal_fragment(tokens, at, body)
            if inner is not None:
                self.block(inner)
        if not may_hold_workflow(body.text, tokens.start, tokens.end) and not self.unqualified:
            return
        brackets = match_brackets(tokens)
        ranges = find_regions(tokens, brackets, 0, len(tokens), self.unqualified)
        if ranges and not self._unbalanced(tokens, brackets, body, ranges):
            for low, high in ranges:
                self.region(tokens, brackets, low, high, body, alias=True)

    def bare(self, tokens: Tokens, fragment: Fragment) -> None:
        """A bare workflow expression: the whole statement is one region."""
        brackets = match_brackets(tokens)
        whole = [(0, len(tokens))]
        if self._unbalanced(tokens, brackets, fragment, whole):
            return
        tree = self.region(tokens, brackets, 0, len(tokens), fragment, alias=False, find=False)
        if tree is None:
            return
        region = len(self.regions) - 1
        inner = workflows_of(tree, fragment, len(self.statements) - 1, region)
        calls = [workflow for workflow in inner if workflow.call is not None]
        if calls and calls[0].call is not None and calls[0].call is tree:
            self._add(calls)
            return
        self.workflows.append(Workflow("bare", tree, fragment, len(self.statements) - 1, region))
        self._add(calls)

    # ---- regions

    def region(
        self,
        tokens: Tokens,
        brackets: Brackets,
        low: int,
        high: int,
        fragment: Fragment,
        *,
        alias: bool,
        find: bool = True,
    ) -> Expr | None:
        """Parse one region and list its workflows; the tree, or None after a finding."""
        tree = self._tree(tokens, brackets, low, high, fragment, alias=alias)
        start, end = tokens.starts[low], tokens.ends[high - 1]
        statement = len(self.statements) - 1
        self.regions.append(Region(fragment, start, end, statement, tree, self.message))
        if tree is not None and find:
            self._add(workflows_of(tree, fragment, statement, len(self.regions) - 1))
        return tree

    def _tree(
        self, tokens: Tokens, brackets: Brackets, low: int, high: int, fragment: Fragment, *, alias: bool
    ) -> Expr | None:
        preparation = Preparation(tokens, brackets.match, self.unqualified)
        terminals = preparation.run(low, high)
        before = len(self.findings)

        def inside(terminal: int) -> tuple[Expr, ...]:
            inner_low, inner_high = preparation.groups[terminal]
            ranges = find_regions(tokens, brackets, inner_low, inner_high, self.unqualified)
            trees = (self._tree(tokens, brackets, *part, fragment, alias=True) for part in ranges)
            return tuple(tree for tree in trees if tree is not None)

        def bad_escape(error: BadEscape, start: int) -> None:
            span = fragment.locate(start + error.at, start + error.at + 2)
            self.findings.append(MISTAKES["bad-escape"].finding(span, reason=str(error)))

        result = parse_terminals(terminals, Builder(tokens, terminals, inside, bad_escape))
        if isinstance(result, tuple):
            tree, name = result
            if alias:
                return tree
            result = Failure(name, frozenset({"OP", "$END"}))
        if isinstance(result, Failure):
            self.findings.append(diagnose(terminals, result, fragment))
            return None
        return result if len(self.findings) == before else None

    def _add(self, workflows: list[Workflow]) -> None:
        """Keep the workflows; the text that df.explain quotes is read as an expression of its own."""
        for workflow in workflows:
            literal = explained_text(workflow)
            if literal is None:
                self.workflows.append(workflow)
            elif _DSL_TEXT.match(literal.text):
                self._explained(workflow)

    def _explained(self, workflow: Workflow) -> None:
        literal = explained_text(workflow)
        assert literal is not None
        inner = node_fragment(literal, workflow.fragment)
        if inner is None:
            return
        tokens = statement_tokens(inner.text, 0)
        if self.lexical(tokens, inner, everything=True):
            return
        brackets = match_brackets(tokens)
        if self._unbalanced(tokens, brackets, inner, [(0, len(tokens))]):
            return
        tree = self._tree(tokens, brackets, 0, len(tokens), inner, alias=False)
        if tree is not None:
            self.workflows.append(
                Workflow("explain", tree, inner, workflow.statement, workflow.region, workflow.call)
            )

    # ---- mistakes found before the grammar sees a token

    def lexical(self, tokens: Tokens, fragment: Fragment, *, everything: bool) -> bool:
        """Report broken tokens; True when the statement cannot be read any further."""
        broken = False
        concerned = everything or may_hold_workflow(tokens.text, tokens.start, tokens.end)
        for mistake, start, end in tokens.broken:
            if mistake == "bad-character" and not concerned:
                continue
            span = fragment.locate(start, end)
            words = tokens.text[start:end]
            self.findings.append(MISTAKES[mistake].finding(span, tag=words, found=_printable(words)))
            broken = True
        return broken

    def _unbalanced(
        self, tokens: Tokens, brackets: Brackets, fragment: Fragment, ranges: list[tuple[int, int]]
    ) -> bool:
        if not ranges:
            return False
        for at in brackets.unopened[:1]:
            bracket = tokens.kinds[at]
            opening = {")": "(", "]": "["}[bracket]
            span = fragment.locate(tokens.starts[at], tokens.ends[at])
            self.findings.append(
                MISTAKES["stray-parenthesis"].finding(span, opening=opening, bracket=f"`{bracket}`")
            )
            return True
        for at in brackets.unclosed[-1:]:
            bracket = tokens.kinds[at]
            closing = {"(": ")", "[": "]"}[bracket]
            span = fragment.locate(tokens.starts[at], tokens.ends[at])
            end = fragment.locate(tokens.ends[-1], tokens.ends[-1])
            self.findings.append(
                MISTAKES["open-parenthesis"].finding(
                    span,
                    labels=(Label(end, f"the statement ends without `{closing}`"),),
                    bracket=f"`{bracket}`",
                    closing=f"`{closing}`",
                )
            )
            return True
        return False

    def _known_statement(self, tokens: Tokens, fragment: Fragment) -> None:
        word = self._keyword(tokens)
        if word in _COMMANDS or tokens.kinds[0] != "word":
            return
        close = get_close_matches(word, sorted(_COMMANDS), 1, 0.7)
        hint = f"did you mean {close[0].upper()}?" if close else "a workflow begins with a step: a quoted SQL text, a df. call, ( or @>"
        span = fragment.locate(tokens.starts[0], tokens.ends[0])
        self.findings.append(MISTAKES["unknown-statement"].finding(span, found=tokens.word(0), hint=hint))

    def _give_names(self, tokens: Tokens, first: int) -> None:
        """A `-- dfsql: name=...` comment names the first workflow after it."""
        for start, end in tokens.comments:
            directive = _DIRECTIVE.match(tokens.text[start:end])
            if directive is None:
                continue
            for index in range(first, len(self.workflows)):
                workflow = self.workflows[index]
                if workflow.span.start >= end:
                    self.workflows[index] = Workflow(
                        workflow.kind, workflow.expr, workflow.fragment, workflow.statement, workflow.region,
                        workflow.call, directive[1],
                    )  # fmt: skip
                    break


def _printable(text: str) -> str:
    char = text[:1]
    return char if char.isprintable() and char.strip() else f"U+{ord(char):04X}"
