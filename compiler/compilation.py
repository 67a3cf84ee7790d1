"""`compile`: a text to graphs and the findings of parsing and lowering."""

from dataclasses import dataclass, replace
from pathlib import PurePath

from ..grammar import Call, Expr, Finding, Literal, Script, Severity, Workflow, parse, strip_parens
from .build import assemble
from .catalogue import FUNCTIONS
from .graph import Graph
from .lower import Lowering
from .outer import check_calls
from .rules.graph_limit import HELP as LIMIT_HELP
from .rules.graph_limit import RULE as LIMIT
from .rules.malformed_node import HELP as MALFORMED_HELP
from .rules.malformed_node import RULE as MALFORMED
from .submission import MAX_DEPTH, MAX_NODES, check_graph, check_limits, measure

# Near a limit the finding is a warning from this share on.
NEAR = 0.8


@dataclass(frozen=True)
class Unit:
    """One workflow of the text: its syntax, and its graph where it can be built."""

    name: str
    workflow: Workflow
    graph: Graph | None

    @property
    def beyond_graph(self) -> str | None:
        """What df.start was told that a graph does not hold, in words; None when it holds all."""
        call = self.workflow.call
        if call is None or call.name != "start":
            return None
        for parameter in _START[1:]:
            argument = _argument(call, parameter)
            if argument is None:
                continue
            if parameter == "transaction_mode":
                return "its transaction_mode is no part of the graph"
            if not isinstance(strip_parens(argument), Literal):
                return f"the server computes its {parameter}"
        return None


_START = tuple(parameter.name for parameter in FUNCTIONS["start"][0].parameters)


@dataclass(frozen=True)
class Compilation:
    """A compiled text."""

    script: Script
    units: tuple[Unit, ...]
    findings: tuple[Finding, ...]  # of parsing and lowering

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The graphs of all workflows that can be built, in source order."""
        return tuple(unit.graph for unit in self.units if unit.graph is not None)


def compile(text: str, *, name: str = "<text>") -> Compilation:
    """Compile a script, or a file of bare workflow expressions.

    Never raises for a text: what is wrong with it are findings. `name` is the file's name, from which
    workflows without a name of their own take theirs.
    """
    return compile_script(parse(text, name=name))


def compile_script(script: Script) -> Compilation:
    """Lower every workflow of a parsed script."""
    findings = list(script.findings)
    units: list[Unit] = []
    names: dict[str, int] = {}
    for workflow in script.workflows:
        title = _unique(_name(workflow, script), names)
        lowering = Lowering(workflow.fragment, [])
        draft = lowering.run(workflow)
        graph = None
        problem = check_graph(draft) if draft is not None and lowering.calls.decoded else None
        if problem is not None:
            # only a hand-written node can break a rule other than the limits
            findings.append(MALFORMED.finding(problem.text, workflow.span, help=MALFORMED_HELP))
        elif draft is not None:
            label, database = _literal(workflow.call, "label"), _literal(workflow.call, "database")
            graph = assemble(
                draft, name=title, source=script.source, span=workflow.span, label=label, database=database
            )
            findings.extend(_limits(graph))
        findings.extend(replace(finding, workflow=title) for finding in lowering.findings)
        units.append(Unit(title, workflow, graph))
    findings.extend(check_calls(script))
    findings.sort(key=lambda finding: (finding.span, finding.code))
    return Compilation(script, tuple(units), tuple(findings))


def _name(workflow: Workflow, script: Script) -> str:
    """By a directive, else by df.start's label, else by the file."""
    label = _literal(workflow.call, "label")
    return workflow.given_name or label or PurePath(script.source.name).stem or "workflow"


def _unique(name: str, names: dict[str, int]) -> str:
    """The name, with `-2`, `-3` ... when it was used before."""
    names[name] = names.get(name, 0) + 1
    if names[name] == 1:
        return name
    return _unique(f"{name}-{names[name]}", names)


def _literal(call: Call | None, parameter: str) -> str | None:
    """A text argument of df.start, where it is a literal."""
    if call is None or call.name != "start":
        return None
    argument = _argument(call, parameter)
    value = None if argument is None else strip_parens(argument)
    return value.text if isinstance(value, Literal) and value.kind not in ("null", "number") else None


def _argument(call: Call, parameter: str) -> Expr | None:
    """An argument of df.start by its name or its place."""
    position = _START.index(parameter)
    for index, argument in enumerate(call.arguments):
        if argument.name == parameter or (argument.name is None and index == position):
            return argument.value
    return None


def _limits(graph: Graph) -> list[Finding]:
    """Beyond a limit the server refuses the graph; near one it is a warning."""
    size = measure(graph)
    if size.depth > MAX_DEPTH or size.nodes > MAX_NODES:
        problem = check_limits(graph)
        assert problem is not None
        # the path to a node so deep is longer than any line
        return [
            LIMIT.finding(f"Invalid durable function graph: {problem.message}", graph.span, help=LIMIT_HELP)
        ]
    for what, count, limit in (
        ("levels deep", size.depth, MAX_DEPTH),
        ("nodes large", size.nodes, MAX_NODES),
    ):
        if count >= NEAR * limit:
            message = f"this workflow is {count} {what}, and {limit} is the limit"
            return [LIMIT.finding(message, graph.span, severity=Severity.WARNING, help=LIMIT_HELP)]
    return []
