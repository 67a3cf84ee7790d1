"""What rules see: the compilation, and per workflow its graph, bindings and SQL, worked out on demand."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..grammar import Call, Fragment, Literal, Script, Span, Workflow, strip_parens, walk
from .bindings import Bindings, Definition, analyse
from .compilation import Compilation, Unit
from .graph import Graph, Kind, Node
from .sqlinfo import SqlInfo, inspect

if TYPE_CHECKING:
    from .rules.loop_binds_first import Misread

REFERENCE_TARGET = "pg_durable"
TARGETS = ("dfsql", REFERENCE_TARGET)


@dataclass(frozen=True)
class Context:
    """One text under check."""

    compilation: Compilation
    target: str = "dfsql"
    parse_sql: bool = True  # False leaves out what needs the SQL parser

    @property
    def script(self) -> Script:
        return self.compilation.script

    @cached_property
    def workflows(self) -> tuple["WorkflowContext", ...]:
        """One per workflow, in source order."""
        return tuple(WorkflowContext(self, unit) for unit in self.compilation.units)

    @cached_property
    def set_variables(self) -> frozenset[str]:
        """The variables that a df.setvar of the file sets, where their names are literals."""
        names: set[str] = set()
        for region in self.script.regions:
            for expr in walk(region.tree) if region.tree is not None else ():
                if isinstance(expr, Call) and expr.name == "setvar" and expr.arguments:
                    value = strip_parens(expr.arguments[0].value)
                    if isinstance(value, Literal):
                        names.add(value.text)
        return frozenset(names)


@dataclass(frozen=True)
class WorkflowContext:
    """One workflow under check."""

    context: Context
    unit: Unit

    @property
    def workflow(self) -> Workflow:
        return self.unit.workflow

    @property
    def fragment(self) -> Fragment:
        """The text that the workflow's tree counts its offsets in."""
        return self.unit.workflow.fragment

    @property
    def graph(self) -> Graph | None:
        return self.unit.graph

    def locate(self, start: int, end: int) -> Span:
        """Offsets of the tree to the file."""
        return self.fragment.locate(start, end)

    @cached_property
    def bindings(self) -> Bindings:
        """Names of the graph; only asked where there is one."""
        assert self.unit.graph is not None
        return analyse(self.unit.graph)

    @cached_property
    def names(self) -> frozenset[str]:
        """All names that some node of the graph binds."""
        return frozenset(definition.name for definition in self.bindings.definitions)

    @cached_property
    def misread(self) -> "Misread":
        """The loops whose body was probably meant to be longer: several rules ask."""
        from .rules.loop_binds_first import misread_loops

        return misread_loops(self)

    @cached_property
    def results_by_column(self) -> dict[str, list[Definition]]:
        """The named results that have a column, by its name."""
        from .rules.column_as_name import results_by_column

        return results_by_column(self)

    def sql(self, node: Node) -> SqlInfo | None:
        """What is known of a step's SQL; None where only the server can build it, or nothing may be parsed."""
        if node.kind is not Kind.SQL or node.dynamic or node.query is None or not self.context.parse_sql:
            return None
        return inspect(node.query)
