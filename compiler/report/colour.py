"""The few colours of a report, as ANSI sequences; without colour, the text alone."""

from ...grammar import Severity

RESET = "\x1b[0m"
STYLES = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.INFO: "\x1b[1;36m",
    "gutter": "\x1b[34m",
    "label": "\x1b[1;34m",
    "strong": "\x1b[1m",
}

Style = Severity | str


class Paint:
    """Puts text into a style, or leaves it as it is when colour is off."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, style: Style | None) -> str:
        if not self.on or style is None or not text.strip():
            return text
        return f"{STYLES[style]}{text}{RESET}"

    def row(self, cells: "list[tuple[str, Style | None]]") -> str:
        """A row of single characters with their styles, blanks at its end left out."""
        while cells and cells[-1][0] == " ":
            cells.pop()
        written: list[str] = []
        at = 0
        while at < len(cells):
            style = cells[at][1]
            end = at
            while end < len(cells) and cells[end][1] == style:
                end += 1
            written.append(self("".join(char for char, _ in cells[at:end]), style))
            at = end
        return "".join(written)
