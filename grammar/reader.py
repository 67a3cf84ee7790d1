"""`parse`: a text to a Script. Reads statement by statement and goes on after every mistake."""

import re

from .blocks import Body, inner_bodies, node_fragment, quoted_bodies
from .brackets import Brackets, match_brackets
from .commands import COMMANDS, hint_for, is_bare, keyword, only_names, routine_path, search_path
from .complaints import lexical, runs_together, swallowed, unbalanced
from .discover import explained_text, workflows_of
from .findings import Finding
from .fragment import Fragment
from .lexer import Lexer, Tokens, statement_tokens
from .mistakes import MISTAKES
from .regions import RegionFinder, may_hold_workflow
from .script import Region, Script, Statement, Workflow
from .source import Source, Span
from .tree import Expr
from .trees import TreeReader

_DIRECTIVE = re.compile(r"--[ \t]*dfsql:[ \t]*name[ \t]*=[ \t]*([^\s;]+)")
_DSL_TEXT = re.compile(r"\s*(?:[($']|@>|[eEnN]'|[uU]&'|df\s*\.|\"df\"\s*\.)")


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
    fragment = Fragment(text)
    tokens = statement_tokens(text, 0)
    reader.findings.extend(lexical(tokens, fragment, everything=True))
    if not reader.findings and len(tokens):
        reader.bare(tokens, fragment)
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
        self.nul = False  # reported once: a file in UTF-16 is full of them

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
        """Read all statements."""
        fragment = Fragment(self.source.text)
        lexer = Lexer(fragment.text)
        at, size = 0, len(fragment.text)
        joined = False
        while at < size:
            tokens = lexer.statement(at)
            self.message += not joined
            joined = tokens.joined
            at = self._top_statement(lexer, tokens, fragment)
        if not self.workflows and not self.findings and not self.statements:
            self.findings.append(MISTAKES["no-workflow"].finding(Span(0, 0)))

    def _top_statement(self, lexer: Lexer, tokens: Tokens, fragment: Fragment) -> int:
        """Read one statement; where to read on."""
        before = (
            len(self.findings),
            len(self.regions),
            len(self.workflows),
            len(self.statements),
            len(self.comments),
        )
        self._one(tokens, fragment)
        broken = len(self.findings) > before[0]
        cut = swallowed(tokens, broken=broken)
        if cut is not None:
            lists: tuple[list[Finding] | list[Region] | list[Workflow] | list[Statement] | list[Span], ...] = (
                self.findings, self.regions, self.workflows, self.statements, self.comments,
            )  # fmt: skip
            for items, size in zip(lists, before, strict=True):
                del items[size:]
            tokens = lexer.statement(tokens.start, cut)
            self._one(tokens, fragment)
            return cut
        if broken and self.findings[-1].code == MISTAKES["semicolon-inside"].code:
            return lexer.statement(tokens.end).end  # the rest belongs to the same mistake
        return tokens.end

    def _one(self, tokens: Tokens, fragment: Fragment) -> None:
        self.comments.extend(Span(*comment) for comment in tokens.comments)
        first_workflow = len(self.workflows)
        bare = is_bare(tokens, self.unqualified)
        if len(tokens) or tokens.broken:
            start = tokens.starts[0] if len(tokens) else tokens.broken[0][1]
            self.statements.append(Statement(start, tokens.end, keyword(tokens), bare))
        if len(tokens) and not self._broken(tokens, fragment, everything=bare):
            if bare:
                self.bare(tokens, fragment)
            else:
                self.statement(tokens, fragment)
        elif tokens.broken and not len(tokens):
            self._broken(tokens, fragment, everything=bare)
        if len(self.workflows) > first_workflow:
            self.workflows[first_workflow:] = sorted(self.workflows[first_workflow:], key=_order)
            if tokens.comments:
                self._give_names(tokens, first_workflow)

    def _broken(self, tokens: Tokens, fragment: Fragment, *, everything: bool) -> bool:
        """Report broken tokens; True when the statement cannot be read any further."""
        if not tokens.broken:
            return False
        concerned = everything or may_hold_workflow(tokens.text, tokens.start, tokens.end)
        found = lexical(tokens, fragment, everything=concerned)
        nul = MISTAKES["nul"].code
        self.findings.extend(finding for finding in found if finding.code != nul or not self.nul)
        self.nul = self.nul or any(finding.code == nul for finding in found)
        return bool(found)

    def statement(self, tokens: Tokens, fragment: Fragment) -> None:
        """An SQL statement: look for regions in it and in the bodies that it quotes."""
        self.unqualified = search_path(tokens, self.unqualified)
        if not (self.unqualified or may_hold_workflow(tokens.text, tokens.starts[0], tokens.end)):
            return
        outer = self.unqualified
        bodies = quoted_bodies(tokens, fragment)
        if bodies:
            self.unqualified = routine_path(tokens, outer)
            self._bodies(bodies)
            self.unqualified = outer
        self._sql(tokens, fragment, top=True)

    def _bodies(self, bodies: list[Body]) -> None:
        """Read bodies, and the bodies inside them: statement by statement."""
        work = list(reversed(bodies))
        while work:
            body = work.pop()
            fragment = body.fragment
            before = len(self.findings)
            lexer = Lexer(fragment.text)
            at, size = 0, len(fragment.text)
            while at < size:
                tokens = lexer.statement(at)
                at = tokens.end
                if len(tokens) and not self._broken(tokens, fragment, everything=False):
                    work.extend(reversed(inner_bodies(tokens, fragment)))
                    if self.unqualified or may_hold_workflow(fragment.text, tokens.starts[0], tokens.end):
                        self._sql(tokens, fragment, top=False)
            if body.template:  # what is filled in may be what seems to be missing
                del self.findings[before:]

    def _sql(self, tokens: Tokens, fragment: Fragment, *, top: bool) -> None:
        if only_names(tokens):
            return
        brackets = match_brackets(tokens)
        finder = RegionFinder(tokens, brackets, self.unqualified)
        ranges = finder.find(0, len(tokens))
        if not ranges:
            return
        word = keyword(tokens)
        if top and word not in COMMANDS and tokens.kinds[0] == "word":
            if ranges[0][0] == 0 and tokens.kinds[1] in ("(", "."):
                self.bare(tokens, fragment)
                return
            span = fragment.locate(tokens.starts[0], tokens.ends[0])
            mistake = MISTAKES["unknown-statement"]
            self.findings.append(mistake.finding(span, found=tokens.word(0), hint=hint_for(word)))
            return
        wrong = unbalanced(tokens, brackets, fragment) or runs_together(tokens, ranges, fragment)
        if wrong is not None:
            self.findings.append(wrong)
            return
        reader = TreeReader(tokens, brackets, finder, fragment, self.unqualified, self.findings)
        for low, high in ranges:
            self._region(reader, low, high)

    def bare(self, tokens: Tokens, fragment: Fragment) -> None:
        """A bare workflow expression: the whole statement is one region."""
        brackets = match_brackets(tokens)
        wrong = unbalanced(tokens, brackets, fragment)
        if wrong is not None:
            self.findings.append(wrong)
            return
        tree = self._tree(tokens, brackets, fragment)
        region = self._add_region(tokens, 0, len(tokens), fragment, tree)
        if tree is None:
            return
        statement = len(self.statements) - 1
        inner = workflows_of(tree, fragment, statement, region)
        calls = [workflow for workflow in inner if workflow.call is not None]
        if not (calls and calls[0].call is tree):
            self.workflows.append(Workflow("bare", tree, fragment, statement, region))
        self._add(calls)

    # ---- regions

    def _tree(self, tokens: Tokens, brackets: Brackets, fragment: Fragment) -> Expr | None:
        finder = RegionFinder(tokens, brackets, self.unqualified)
        reader = TreeReader(tokens, brackets, finder, fragment, self.unqualified, self.findings)
        return reader.read(0, len(tokens), alias=False)

    def _add_region(self, tokens: Tokens, low: int, high: int, fragment: Fragment, tree: Expr | None) -> int:
        start, end = tokens.starts[low], tokens.ends[high - 1]
        self.regions.append(Region(fragment, start, end, len(self.statements) - 1, tree, self.message))
        return len(self.regions) - 1

    def _region(self, reader: TreeReader, low: int, high: int) -> None:
        """Parse one region of a statement and list its workflows."""
        tree = reader.read(low, high, alias=True)
        region = self._add_region(reader.tokens, low, high, reader.fragment, tree)
        if tree is not None:
            self._add(workflows_of(tree, reader.fragment, len(self.statements) - 1, region))

    def _add(self, workflows: list[Workflow]) -> None:
        """Keep the workflows; the text that df.explain quotes is read as an expression of its own."""
        work = list(reversed(workflows))
        while work:
            workflow = work.pop()
            literal = explained_text(workflow)
            if literal is None:
                self.workflows.append(workflow)
            elif _DSL_TEXT.match(literal.text):
                inner = node_fragment(literal, workflow.fragment)
                if inner is not None:
                    self._explained(workflow, inner)

    def _explained(self, workflow: Workflow, inner: Fragment) -> None:
        tokens = statement_tokens(inner.text, 0)
        if not len(tokens) or self._broken(tokens, inner, everything=True):
            return
        brackets = match_brackets(tokens)
        wrong = unbalanced(tokens, brackets, inner)
        if wrong is not None:
            self.findings.append(wrong)
            return
        tree = self._tree(tokens, brackets, inner)
        if tree is not None:
            self.workflows.append(workflow._replace(expr=tree, fragment=inner))

    def _give_names(self, tokens: Tokens, first: int) -> None:
        """A `-- dfsql: name=...` comment names the first workflow after it."""
        index = first
        for start, end in tokens.comments:
            directive = _DIRECTIVE.match(tokens.text[start:end])
            if directive is None:
                continue
            while index < len(self.workflows) and self.workflows[index].span.start < end:
                index += 1
            if index < len(self.workflows):
                self.workflows[index] = self.workflows[index]._replace(given_name=directive[1])


def _order(workflow: Workflow) -> int:
    return workflow.span.start
