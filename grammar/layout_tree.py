"""The layout: one step per line, operators in front, branches indented.

A stretch of a workflow stays on one line when it fits, holds one operator or branching call at most, and no comment
or literal in it runs over several lines.
"""

from collections.abc import Generator

from .discover import BINARY_OPERATORS
from .layout_atoms import Atoms, Measures, last_line
from .layout_parens import added_parentheses, in_reach, is_loop, is_step_operator, on_the_level
from .printer import STEP, Printer
from .tree import Argument, Binary, Call, Cast, Expr, Literal, Paren, Prefix

# Calls that hold branches: on one line they count like an operator.
_BRANCHING = frozenset({"seq", "if", "if_rows", "join", "join3", "race", "loop"})
_MOST_STEPS = 1
STEP_OPERATORS = BINARY_OPERATORS - {"|=>"}
# A layout is written as generators that hand over the layout of their parts, so that nesting costs no stack.
_Layout = Generator["_Layout", None, None]


class Structure:
    """Which nodes the layout takes apart, and which parentheses are added; everything else is an operand."""

    def __init__(self, root: Expr) -> None:
        self.root = root
        nodes = in_reach(root)
        self.wrapped = added_parentheses(nodes)
        self._open: set[int] = set()
        for node in reversed(nodes):
            if self._takes_apart(node):
                self._open.add(id(node))

    def _takes_apart(self, node: Expr) -> bool:
        if isinstance(node, Paren):
            return id(node.inner) in self._open
        if isinstance(node, Cast):
            return (
                node.form == "::"
                and isinstance(node.operand, Paren | Call)
                and id(node.operand) in self._open
            )
        if isinstance(node, Binary) and on_the_level(node) and id(node.left) in self._open:
            return True
        return isinstance(node, Call) or is_step_operator(node) or is_loop(node)

    def opens(self, node: Expr) -> bool:
        """Whether the layout looks into a node."""
        return id(node) in self._open

    def chain(self, node: Binary) -> tuple[Expr, list[Binary]]:
        """The head and the operator nodes, in order, of steps that stand on one level."""
        links = [node]
        while isinstance(node.left, Binary) and self.opens(node.left) and id(node.left) not in self.wrapped:
            node = node.left
            links.append(node)
        links.reverse()
        return node.left, links

    def glue(self, atoms: Atoms) -> None:
        """Set the white space around everything that the layout looks into, and count the steps."""
        work = [self.root]
        while work:
            node = work.pop()
            if not self.opens(node):
                continue
            if isinstance(node, Binary):
                head, links = self.chain(node)
                work.append(head)
                for link in links:
                    _around(atoms, link.at, link.at_end)
                    atoms.steps[atoms.at[link.at]] = int(link.operator in STEP_OPERATORS)
                    work.append(link.right)
            elif isinstance(node, Prefix):
                _tie(atoms, node.at, node.at_end)
                work.append(node.operand)
            elif isinstance(node, Paren):
                atoms.glue[atoms.at[node.start] + 1] = atoms.glue[atoms.ending[node.end]] = ""
                work.append(node.inner)
            elif isinstance(node, Cast):
                atoms.glue[atoms.at[node.at]] = ""
                work.append(node.operand)
            elif isinstance(node, Call):
                self._glue_call(atoms, node)
                work.extend(argument.value for argument in node.arguments)

    def _glue_call(self, atoms: Atoms, call: Call) -> None:
        opening = atoms.ending[call.name_end] + 1
        for index in range(atoms.at[call.start] + 1, opening + 1):
            atoms.glue[index] = ""
        atoms.steps[opening] = int(call.name in _BRANCHING)
        atoms.glue[opening + 1] = ""
        for argument in call.arguments:
            comma = atoms.last(argument.value) + 1
            atoms.glue[comma] = ""
            if atoms.texts[comma] == ",":
                atoms.glue[comma + 1] = " "
                atoms.hand_on_comments(comma)
            if argument.name is not None:
                arrow = atoms.ending[argument.name_end] + 1
                atoms.glue[arrow] = atoms.glue[arrow + 1] = " "


def _around(atoms: Atoms, start: int, end: int) -> None:
    """A blank on both sides of a binary operator."""
    atoms.glue[atoms.at[start]] = " "
    _tie(atoms, start, end)


def _tie(atoms: Atoms, start: int, end: int) -> None:
    """No white space inside of an operator (it may be written OPERATOR(...)), a blank behind it."""
    first, last = atoms.at[start], atoms.ending[end]
    for index in range(first + 1, last + 1):
        atoms.glue[index] = ""
    atoms.glue[last + 1] = " "


class Layout:
    """Decides where the lines of one workflow break, and has them written."""

    def __init__(self, structure: Structure, atoms: Atoms, printer: Printer, width: int) -> None:
        self.structure = structure
        self.atoms = atoms
        self.printer = printer
        self.width = width
        self.measures = Measures.of(atoms)

    def run(self, at_line_start: bool) -> None:
        """Write the whole workflow."""
        root = self.structure.root
        work: list[_Layout] = [self._node(root, 0, 0 if at_line_start else STEP, 0)]
        while work:
            part = next(work[-1], None)
            if part is None:
                work.pop()
            else:
                work.append(part)

    # ---- measuring

    def _fits(self, last: int) -> bool:
        """Whether the atoms from here to `last` may stay on this line."""
        first, sums = self.printer.index, self.measures
        if sums.steps[last + 1] - sums.steps[first] > _MOST_STEPS:
            return False
        if (
            sums.hard[last + 1] - sums.hard[first + self.printer.fresh]
            or last_line(self.atoms.texts[first]) is not None
        ):
            return False
        return self._has_room(last)

    def _has_room(self, last: int) -> bool:
        first, width = self.printer.index, self.measures.width
        before = len(self.atoms.between(first)) if self.printer.fresh else 0
        return self.printer.column + width[last + 1] - width[first] - before <= self.width

    # ---- nodes: `indent` is that of the line they stand on, `lead` that of operators on lines of their own;
    # `reach` is the last atom that should stand on the line too where the node does

    def _node(self, node: Expr, indent: int, lead: int, reach: int) -> _Layout:
        end = self.atoms.last(node)
        if id(node) in self.structure.wrapped:
            yield self._group(node, end, indent, reach)
        elif self.structure.opens(node):
            yield self._opened(node, end, indent, lead, reach)
        else:
            self.printer.verbatim(end)

    def _opened(self, node: Expr, end: int, indent: int, lead: int, reach: int) -> _Layout:
        self.printer.reach()
        if self._fits(max(end, reach)):
            self.printer.on_line(end)
        elif isinstance(node, Binary):
            yield self._chain(node, indent, lead)
        elif isinstance(node, Prefix):
            self.printer.on_line(self.atoms.ending[node.at_end])
            yield self._node(node.operand, indent, indent + STEP, reach)
        elif isinstance(node, Paren):
            yield self._group(node.inner, end, indent, reach)
        elif isinstance(node, Call):
            yield self._call(node, end, indent)
        elif isinstance(node, Cast):
            yield self._node(node.operand, indent, lead, reach)
            self.printer.verbatim(end)

    def _group(self, inner: Expr, end: int, indent: int, reach: int) -> _Layout:
        """A parenthesis that ends with atom `end`, the author's or an added one."""
        self.printer.reach()
        if self._fits(max(end, reach)):
            self.printer.on_line(end)
            return
        self.printer.on_line(self.printer.index)
        self.printer.break_line(indent + STEP)
        yield self._opened(inner, end - 1, indent + STEP, indent + STEP, end - 1)
        self.printer.break_line(indent, indent + STEP)
        self.printer.on_line(end)

    def _chain(self, node: Binary, indent: int, lead: int) -> _Layout:
        """Steps that stand on one level: an operator begins each line, `|=>` stays with what it names (`||` too)."""
        head, links = self.structure.chain(node)
        named = self._named(links)
        yield self._node(head, indent, lead, named[0])
        condition = here = indent  # of the line of a condition, and of the line of the last step
        for link, reach in zip(links, named[1:], strict=True):
            if link.operator not in STEP_OPERATORS:
                end = self.atoms.last(link.right)
                if not self._has_room(end):
                    self.printer.break_line(here + STEP)
            else:
                if link.operator in ("?>", "!>"):
                    here = condition + STEP
                else:
                    here = condition = lead
                self.printer.break_line(here)
            self.printer.on_line(self.atoms.ending[link.at_end])
            yield self._node(link.right, here, here + STEP, reach)

    def _named(self, links: list[Binary]) -> list[int]:
        """For the head and every link, the atom up to which names and the like follow it directly."""
        reach = [0] * (len(links) + 1)
        for place in range(len(links) - 1, -1, -1):
            if links[place].operator not in STEP_OPERATORS:
                reach[place] = max(self.atoms.last(links[place].right), reach[place + 1])
        return reach

    def _call(self, call: Call, end: int, indent: int) -> _Layout:
        """A call whose arguments stand on lines of their own."""
        self.printer.on_line(self.atoms.ending[call.name_end] + 1)
        if _holds_one_text(call):
            self.printer.on_line(end)
            return
        for argument in call.arguments:
            self.printer.break_line(indent + STEP)
            yield self._argument(argument, indent + STEP)
        self.printer.break_line(indent, indent + STEP)
        self.printer.on_line(end)

    def _argument(self, argument: Argument, indent: int) -> _Layout:
        value = argument.value
        end = self.atoms.last(value)
        comma = end + (self.atoms.texts[end + 1] == ",")
        self.printer.on_line(self.atoms.first(value) - 1)
        lead = indent + STEP
        if argument.name is None:
            lead = indent
        elif isinstance(value, Binary) and self.structure.opens(value) and not self._fits(comma):
            indent += STEP
            self.printer.break_line(indent)
        yield self._node(value, indent, lead, comma)
        self.printer.on_line(comma)


def _holds_one_text(call: Call) -> bool:
    """A call without arguments, or with a text alone, is not broken: that would win nothing."""
    return not call.arguments or (
        len(call.arguments) == 1
        and call.arguments[0].name is None
        and isinstance(call.arguments[0].value, Literal)
    )
