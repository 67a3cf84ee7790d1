"""Colours of the pictures, light and dark, and the style sheet made of them.

Text stands out from its ground by 4.5:1 or more, lines by 3:1 or more; a test computes it.
"""

from dataclasses import dataclass
from functools import cache

from .fonts import MONO, SANS


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, by what they paint."""

    canvas: str
    card: str
    odd: str  # inside of frames at odd levels; at even levels it is `canvas`
    band: str  # header of a frame
    soft: str  # cards that wait or leave
    ink: str
    muted: str
    flow: str
    dead: str
    data: str
    edge: str  # border of a card
    on_tag: str  # words on a tag
    chip: str
    chip_ink: str
    accents: dict[str, str]  # by kind
    error: str
    warning: str
    info: str
    states: dict[str, str]  # of steps of a started workflow


LIGHT = Theme(
    canvas="#ffffff",
    card="#ffffff",
    odd="#f6f8fa",
    band="#edf0f4",
    soft="#f6f8fa",
    ink="#1f2328",
    muted="#59636e",
    flow="#59636e",
    dead="#818b98",
    data="#6e7fa3",
    edge="#868f9a",
    on_tag="#ffffff",
    chip="#ddf4ff",
    chip_ink="#0a5394",
    accents={
        "sql": "#0969da",
        "http": "#8250df",
        "sleep": "#9a6700",
        "wait": "#9a6700",
        "signal": "#1a7f37",
        "break": "#cf222e",
        "loop": "#0f6f66",
        "join": "#4a51c9",
        "race": "#b04600",
        "if": "#a8327c",
    },
    error="#cf222e",
    warning="#9a6700",
    info="#0969da",
    states={
        "completed": "#1a7f37",
        "running": "#9a6700",
        "failed": "#cf222e",
        "pending": "#59636e",
        "skipped": "#59636e",
    },
)

DARK = Theme(
    canvas="#0d1117",
    card="#1c222b",
    odd="#151b23",
    band="#212933",
    soft="#1c222b",
    ink="#f0f6fc",
    muted="#9ea7b1",
    flow="#9198a1",
    dead="#768390",
    data="#7d90bd",
    edge="#7d8590",
    on_tag="#0d1117",
    chip="#12304f",
    chip_ink="#9ccbff",
    accents={
        "sql": "#58a6ff",
        "http": "#bc8cff",
        "sleep": "#d29922",
        "wait": "#d29922",
        "signal": "#3fb950",
        "break": "#ff7b72",
        "loop": "#39c5b5",
        "join": "#9da5ff",
        "race": "#f0883e",
        "if": "#f778ba",
    },
    error="#ff7b72",
    warning="#d29922",
    info="#58a6ff",
    states={
        "completed": "#3fb950",
        "running": "#d29922",
        "failed": "#ff7b72",
        "pending": "#9ea7b1",
        "skipped": "#9ea7b1",
    },
)

FRAME_KINDS = ("loop", "join", "race", "if")
CARD_KINDS = ("sql", "http", "sleep", "wait", "signal", "break")

# What does not depend on the theme.
_SHAPES = f"""\
.dfsql text{{font-family:{SANS};font-size:11px}}
.dfsql .sql,.dfsql .strong,.dfsql .chip{{font-family:{MONO};font-size:12px;white-space:pre}}
.dfsql .chip{{font-size:11px}}
.dfsql .kind,.dfsql .tag,.dfsql .strong,.dfsql .title{{font-weight:600}}
.dfsql .head{{font-size:12px}}
.dfsql .title{{font-size:17px;text-anchor:middle}}
.dfsql .box{{stroke-width:1.2}}
.dfsql .frame{{fill:none;stroke-width:1.4}}
.dfsql .wire{{fill:none;stroke-width:1.6}}
.dfsql .dead{{stroke-dasharray:1.5 4}}
.dfsql .bar{{stroke-width:4;stroke-linecap:round}}
.dfsql .data{{fill:none;stroke-width:1.2;stroke-dasharray:4 3}}
.dfsql .icon{{fill:none;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}}
.dfsql .mark{{stroke-width:1.6}}
.dfsql .dim{{opacity:.3}}
"""


# The same for states: what has been reached has a filled badge and a strong border.
_STATE_SHAPES = """\
.dfsql .state{stroke-width:1.6}
.dfsql .glyph{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.dfsql .st-completed .box,.dfsql .st-running .box,.dfsql .st-failed .box{stroke-width:2}
.dfsql .st-skipped .box,.dfsql .st-skipped .frame{stroke-dasharray:3 4}
"""
_HOLLOW = frozenset({"pending", "skipped"})


def state_rules(theme: Theme) -> list[tuple[str, str]]:
    """The same as `rules` for the states of steps."""
    found = []
    for state, colour in theme.states.items():
        hollow = state in _HOLLOW
        found.append((f".st-{state} .state", f"fill:{theme.canvas if hollow else colour};stroke:{colour}"))
        found.append((f".st-{state} .glyph", f"stroke:{colour if hollow else theme.on_tag}"))
        if not hollow:
            found.append((f".st-{state} .box", f"stroke:{colour}"))
    return found


def rules(theme: Theme) -> list[tuple[str, str]]:
    """(selector, declarations) of everything that has a colour."""
    found = [
        (".canvas", f"fill:{theme.canvas}"),
        ("text", f"fill:{theme.ink}"),
        (".muted", f"fill:{theme.muted}"),
        (".label", f"fill:{theme.muted}"),
        (".note", f"fill:{theme.muted}"),
        (".ref", f"fill:{theme.chip_ink}"),
        (".box", f"fill:{theme.card};stroke:{theme.edge}"),
        (".soft", f"fill:{theme.soft}"),
        (".inside", f"fill:{theme.canvas}"),
        (".odd", f"fill:{theme.odd}"),
        (".band", f"fill:{theme.band}"),
        (".chipbox", f"fill:{theme.chip}"),
        (".chip", f"fill:{theme.chip_ink}"),
        (".wire", f"stroke:{theme.flow}"),
        (".wire.dead", f"stroke:{theme.dead}"),
        (".data", f"stroke:{theme.data}"),
        (".head-flow", f"fill:{theme.flow}"),
        (".head-data", f"fill:{theme.data}"),
        (".mark", f"fill:{theme.canvas};stroke:{theme.flow}"),
        (".solid", f"fill:{theme.flow};stroke:{theme.flow}"),
        (".tag", f"fill:{theme.on_tag}"),
        (".badge", f"fill:{theme.on_tag}"),
        (".error", f"fill:{theme.error}"),
        (".warning", f"fill:{theme.warning}"),
        (".info", f"fill:{theme.info}"),
    ]
    for kind, colour in theme.accents.items():
        found.append((f".k-{kind} .kind", f"fill:{colour}"))
        found.append((f".k-{kind} .icon", f"stroke:{colour}"))
        found.append((f".k-{kind} .stripe", f"fill:{colour}"))
        if kind in FRAME_KINDS:
            found.append((f".k-{kind} .frame", f"stroke:{colour}"))
    return found


@cache
def style_sheet(*, states: bool = False) -> str:
    """The style sheet of a picture, light first, then what is different where dark is preferred."""

    def written(theme: Theme) -> str:
        found = [*rules(theme), *(state_rules(theme) if states else [])]
        return "".join(f".dfsql {selector}{{{body}}}\n" for selector, body in found)

    shapes = _SHAPES + (_STATE_SHAPES if states else "")
    return f"{shapes}{written(LIGHT)}@media screen and (prefers-color-scheme:dark){{\n{written(DARK)}}}\n"
