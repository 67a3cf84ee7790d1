"""From the tokens of a region to its tree, with the regions inside its opaque groups."""

from dataclasses import dataclass, field

from .brackets import Brackets
from .build import Builder
from .commands import UNQUALIFIED
from .diagnose import diagnose
from .findings import Finding
from .fragment import Fragment
from .lexer import Tokens, fold
from .literals import BadEscapeError
from .mistakes import MISTAKES
from .parser import Aliased, Failure, parse_terminals
from .regions import RegionFinder
from .spelling import foreign_comment, misspelt
from .terminals import Preparation, Terminals
from .tree import Expr

# Functions whose call makes a region one of ours; others of schema df may stand anywhere in SQL.


@dataclass(slots=True)
class _Part:
    """A token range to parse, and the parts inside its opaque groups."""

    terminals: Terminals
    inner: dict[int, list["_Part"]] = field(default_factory=dict)  # by the group's terminal
    tree: Expr | None = None


class TreeReader:
    """Parses regions of one statement."""

    def __init__(
        self,
        tokens: Tokens,
        brackets: Brackets,
        finder: RegionFinder,
        fragment: Fragment,
        unqualified: frozenset[str],
        findings: list[Finding],
    ) -> None:
        self.tokens = tokens
        self.brackets = brackets
        self.finder = finder
        self.fragment = fragment
        self.unqualified = unqualified
        self.findings = findings

    def read(self, low: int, high: int, *, alias: bool) -> Expr | None:
        """The tree of a region, or None after a finding; an alias may follow it where `alias` is set."""
        before = len(self.findings)
        wrong = misspelt(self.tokens, low, high, self.fragment)
        if wrong is not None:
            self.findings.append(wrong)
            return None
        root, parts = self._parts(low, high)
        for part in reversed(parts):  # inner ones first
            part.tree = self._parse(part, alias=alias or part is not root)
        return root.tree if len(self.findings) == before else None

    def _parts(self, low: int, high: int) -> tuple[_Part, list[_Part]]:
        """The region's part and all parts below it, outer ones first."""
        parts: list[_Part] = []
        work: list[tuple[int, int, list[_Part]]] = [(low, high, [])]
        for start, end, siblings in work:
            preparation = Preparation(self.tokens, self.brackets.match, self.unqualified)
            part = _Part(preparation.run(start, end))
            parts.append(part)
            siblings.append(part)
            for terminal, inside in preparation.groups.items():
                ranges = self.finder.find(*inside)
                if ranges:
                    found = part.inner[terminal] = []
                    work.extend((*inner, found) for inner in ranges)
        return parts[0], parts

    def _parse(self, part: _Part, *, alias: bool) -> Expr | None:
        terminals = part.terminals

        def inside(terminal: int) -> tuple[Expr, ...]:
            return tuple(inner.tree for inner in part.inner.get(terminal, ()) if inner.tree is not None)

        result = parse_terminals(terminals, Builder(self.tokens, terminals, inside, self._bad_escape))
        if isinstance(result, Aliased):
            if alias:
                return result.tree
            result = Failure(result.alias, frozenset({"OP", "$END"}))
        if not isinstance(result, Failure):
            return result
        if not alias or self._ours(terminals):
            last = terminals.first[min(result.at, len(terminals.first) - 1)]
            comment = foreign_comment(self.tokens, terminals.first[0], last, self.fragment)
            self.findings.append(comment or diagnose(terminals, result, self.fragment))
        return None

    def _ours(self, terminals: Terminals) -> bool:
        """Whether a region that cannot be parsed holds more than calls that read, such as df.status."""
        for kind, start, end in zip(terminals.kinds, terminals.starts, terminals.ends, strict=True):
            if kind in ("OP", "OPERATOR", "ARROW"):
                return True
            if (
                kind == "DFNAME"
                and fold(self.tokens.text[start:end].rpartition(".")[2].strip()) in UNQUALIFIED
            ):
                return True
        return False

    def _bad_escape(self, error: BadEscapeError, start: int) -> None:
        span = self.fragment.locate(start + error.at, start + error.at + 2)
        self.findings.append(MISTAKES["bad-escape"].finding(span, reason=str(error)))
