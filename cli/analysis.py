"""One input through the compiler: its graphs, and what is to be said about them."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..compiler import FileFindings, Graph, check, compile, report
from ..grammar import Finding, Severity, Source
from .console import say, show, wants_color
from .inputs import Input


@dataclass(frozen=True)
class Analysis:
    """What became of an input; `broken` are the errors that say a graph is not what was meant."""

    source: Source
    graphs: tuple[Graph, ...]
    findings: tuple[Finding, ...]  # of all checks, by position
    broken: tuple[Finding, ...]  # of parsing and building, errors only
    beyond: Mapping[str, str] = field(
        default_factory=dict
    )  # workflow -> what df.start was told beyond the graph

    @property
    def errors(self) -> tuple[Finding, ...]:
        return errors_of(self.findings)

    def of(self, graph: Graph) -> list[Finding]:
        """What concerns one workflow."""
        return [finding for finding in self.findings if concerns(finding, graph)]

    def without(self, errors: Iterable[Finding]) -> list[Graph]:
        """The workflows that none of these errors concerns."""
        known = list(errors)
        return [graph for graph in self.graphs if not any(concerns(error, graph) for error in known)]


def analyse(item: Input, *, target: str = "dfsql") -> Analysis:
    """Compiles and checks an input."""
    if item.finding is not None:
        return Analysis(item.source, (), (item.finding,), (item.finding,))
    compilation = compile(item.source.text, name=item.source.name)
    findings = tuple(check(compilation, target=target))
    beyond = {unit.name: unit.beyond_graph for unit in compilation.units}
    known = {name: words for name, words in beyond.items() if words is not None}
    return Analysis(item.source, compilation.graphs, findings, errors_of(compilation.findings), known)


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of severity error."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def concerns(finding: Finding, graph: Graph) -> bool:
    """Whether a finding is about a workflow: by name, else by place."""
    if finding.workflow is not None:
        return finding.workflow == graph.name
    return graph.span.start <= finding.span.start and finding.span.end <= graph.span.end


def note_missing_parser(analyses: Iterable[Analysis]) -> None:
    """Says that the SQL inside steps was not looked into, where that is so."""
    from ..compiler import sql_parser

    if any(analysis.graphs for analysis in analyses) and sql_parser() is None:
        say("note: the SQL inside steps was not checked: the package pgparse is not installed")


def show_errors(analyses: Iterable[Analysis]) -> bool:
    """Reports the errors beside the result; False where there are none."""
    files = [FileFindings(analysis.source, analysis.errors) for analysis in analyses]
    if not any(file.findings for file in files):
        return False
    show(report(files, format="full", color=wants_color(sys.stderr)))
    return True
