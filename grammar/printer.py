"""Writes atoms one after the other: white space as the layout decides it, comments where they were."""

from .layout_atoms import BLANK, NOTHING, Atoms, Gap, Lines, columns, indent_of, last_line

STEP = 4
# After these, a comment on the same line speaks of what follows.
_OPENERS = frozenset({"(", ",", "=>", ":="})


class Printer:
    """Writes the atoms of one workflow in order; `column` and `index` tell where it stands.

    Indents count from `base`, the white space in front of the line on which the workflow begins.
    """

    def __init__(self, atoms: Atoms, base: str, column: int, newline: str, lines: Lines, origin: int) -> None:
        self.atoms = atoms
        self.base = base
        self.column = column
        self.newline = newline
        self.lines = lines  # of the file
        self.origin = origin  # where the fragment that the atoms are counted in begins in the file
        self.index = 0  # the next atom
        self.fresh = True  # whether what stands in front of it has been written
        self.out: list[str] = []
        self.level = 0  # indent of the last line that the layout began
        self.margin = columns(base)  # white space in front of the line being written
        self.shift = 0  # how far a verbatim operand moves to the right

    def text(self) -> str:
        """What has been written."""
        return "".join(self.out)

    def on_line(self, last: int) -> None:
        """Write the atoms up to and including `last`; only comments, and line breaks to be kept, break the line."""
        while self.index <= last:
            if not self.fresh:
                self.reach()
            text = self.atoms.texts[self.index]
            if "\n" in text or "\r" in text or "\t" in text:
                self._put(text)
            else:
                self.out.append(text)
                self.column += len(text)
            self.index += 1
            self.fresh = False

    def verbatim(self, last: int) -> None:
        """Write an operand with its own line breaks, its further lines moved as far as the first one moves."""
        self.reach()
        self.shift = self.margin - self.lines.indent(self.origin + self.atoms.starts[self.index])
        self.on_line(last)

    def break_line(self, indent: int, comments: int | None = None) -> None:
        """Begin a line in front of the next atom; `comments` is the indent of comments before it, if another."""
        self.level = indent
        margin = self.base + " " * indent
        self._break(margin, margin if comments is None else self.base + " " * comments)

    def reach(self) -> None:
        """Write what stands in front of the next atom."""
        if self.fresh:
            return
        gap, glue = self.atoms.gaps[self.index], self.atoms.glue[self.index]
        if glue is not None and (gap is NOTHING or gap is BLANK):  # nearly always
            self.out.append(glue)
            self.column += len(glue)
            self.fresh = True
        elif gap.broken and glue is None:
            margin = " " * max(0, self.lines.indent(self.origin + gap.landing) + self.shift)
            self._break(margin, margin)
        elif gap.hard:
            margin = self.base + " " * (self.level + STEP)
            self._break(margin, margin)
        else:
            self._put(self.atoms.between(self.index))
            self.fresh = True

    def _break(self, margin: str, comment_margin: str) -> None:
        gap = self.atoms.gaps[self.index]
        opened = self.atoms.texts[self.index - 1] == "("
        trailing, between, leading = self._sides(gap)
        for comment in trailing:
            self._put(" " + comment)
        for number, line in enumerate(between, 1):
            self._line(gap.roomy[number] and not (opened and number == 1), comment_margin, line)
        closes = self.atoms.texts[self.index] == ")"
        self._line(gap.roomy[-1] and not closes and (not opened or bool(between)), margin, leading)
        if leading:
            self._put(" ")
        self.fresh = True

    def _sides(self, gap: Gap) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """Comments that stay on the line before, those on lines of their own, those on the next atom's line."""
        if gap.broken:
            return gap.lines[0], gap.lines[1:-1], gap.lines[-1]
        if self.atoms.texts[self.index - 1] in _OPENERS:
            return (), (), gap.lines[0]
        return gap.lines[0], (), ()

    def _line(self, roomy: bool, margin: str, comments: tuple[str, ...]) -> None:
        self._put(self.newline * (2 if roomy else 1) + margin + " ".join(comments))

    def _put(self, text: str) -> None:
        self.out.append(text)
        tail = last_line(text)
        if tail is None:
            self.column += columns(text)
        else:
            self.column = columns(tail)
            self.margin = columns(indent_of(tail))
