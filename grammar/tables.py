"""The LALR table: built by Lark from `sql.lark`, kept in the generated module `_table.py`.

Lark takes 60 ms to import and build, so a normal run reads the generated table and never imports Lark. The table
carries the hash of the grammar that it was made from; when the grammar has been edited, it is built afresh in
memory, and `make table` writes it anew.
"""

from functools import cache
from os.path import dirname, join
from typing import Any, NamedTuple
from zlib import crc32  # hashlib loads OpenSSL, which takes longer than reading the table


class Table(NamedTuple):
    """`actions[state][terminal]` is n > 0: shift to state n - 1; n < 0: reduce rule -n - 1; 0: accept.

    `gotos[state][rule origin]` is a state; `rules` holds (origin, length, builder name or "").
    """

    actions: list[dict[str, int]]
    gotos: list[dict[str, int]]
    rules: list[tuple[str, int, str]]
    start: int


def grammar_text() -> str:
    """The grammar's source."""
    # The module's loader reads it wherever the package lies; importlib.resources would load zip and temporary files.
    loader = globals()["__loader__"]
    text: bytes = loader.get_data(join(dirname(__file__), "sql.lark"))
    return text.decode()


def digest(grammar: str) -> str:
    """The fingerprint under which a table is stored."""
    return f"{crc32(grammar.replace(chr(13), '').encode()):08x}"


@cache
def load() -> Table:
    """The table of the current grammar: the generated one where it fits, else built by Lark."""
    from . import _table

    grammar = grammar_text()
    if digest(grammar) == _table.DIGEST:
        return Table(_table.ACTIONS, _table.GOTOS, _table.RULES, _table.START)
    return build(grammar)


def build(grammar: str) -> Table:
    """The table of a grammar text.

    Raises ValueError where two rules conflict and no precedence decides.
    """
    states, start, precedence = _analyse(grammar)
    numbers = {state: index for index, state in enumerate(states)}
    rules: list[tuple[str, int, str]] = []
    places: dict[Any, int] = {}
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for state in states:
        row: dict[str, int] = {}
        jumps: dict[str, int] = {}
        for symbol, target in state.transitions.items():
            if symbol.is_term:
                row[symbol.name] = numbers[target] + 1
            else:
                jumps[symbol.name] = numbers[target]
        for terminal, candidates in sorted(state.lookaheads.items(), key=lambda item: str(item[0].name)):
            rule = _only(candidates)
            if rule.origin.name.startswith("$root"):
                row[terminal.name] = 0
                continue
            if rule not in places:
                places[rule] = len(rules)
                rules.append((str(rule.origin.name), len(rule.expansion), str(rule.alias or "")))
            _resolve(row, terminal.name, rule, -places[rule] - 1, precedence)
        accept = [
            item for item in state.closure if item.rule.origin.name.startswith("$root") and item.is_satisfied
        ]
        if accept:
            row["$END"] = 0
        actions.append({str(name): row[name] for name in sorted(row)})
        gotos.append({str(name): jumps[name] for name in sorted(jumps)})
    return Table(actions, gotos, rules, numbers[start])


def _analyse(grammar: str) -> tuple[list[Any], Any, Any]:
    """Lark's LALR states with lookaheads, in a stable order."""
    from lark.common import ParserConf
    from lark.load_grammar import load_grammar
    from lark.parsers.lalr_analysis import LALR_Analyzer

    from .precedence import read_precedence

    compiled, _ = load_grammar(grammar, "sql.lark", [], False)
    _, rules, _ = compiled.compile(["start"], "*")
    analyzer = LALR_Analyzer(ParserConf(rules, {}, ["start"]))
    analyzer.compute_lr0_states()
    analyzer.compute_reads_relations()
    analyzer.compute_includes_lookback()
    analyzer.compute_lookaheads()
    start = analyzer.lr0_start_states["start"]
    return _ordered(start), start, read_precedence(grammar)


def _ordered(start: Any) -> list[Any]:
    """States in the order of a breadth-first walk by symbol name, so that the table is reproducible."""
    order = [start]
    seen = {start}
    for state in order:
        for _, target in sorted(state.transitions.items(), key=lambda item: (item[0].is_term, item[0].name)):
            if target not in seen:
                seen.add(target)
                order.append(target)
    return order


def _only(candidates: set[Any]) -> Any:
    if len(candidates) > 1:
        raise ValueError("reduce/reduce conflict: " + " / ".join(sorted(map(str, candidates))))
    return next(iter(candidates))


def _resolve(row: dict[str, int], terminal: str, rule: Any, reduce: int, precedence: Any) -> None:
    """Enter a reduction, deciding against a shift by precedence."""
    if terminal not in row:
        row[terminal] = reduce
        return
    level = precedence.of_rule(rule.alias, [symbol.name for symbol in rule.expansion])
    choice = precedence.choose(level, terminal)
    if choice == "reduce":
        row[terminal] = reduce
    elif choice == "error":
        del row[terminal]


def render(grammar: str) -> str:
    """The text of the generated module."""
    table = build(grammar)
    lines = [
        '"""Generated from sql.lark by `make table`; do not edit."""',
        "",
        "# fmt: off",
        "# ruff: noqa: E501",
        f"DIGEST = {digest(grammar)!r}",
        f"START = {table.start}",
        "RULES: list[tuple[str, int, str]] = [",
        *(f"    {rule!r}," for rule in table.rules),
        "]",
        "ACTIONS: list[dict[str, int]] = [",
        *(f"    {row!r}," for row in table.actions),
        "]",
        "GOTOS: list[dict[str, int]] = [",
        *(f"    {row!r}," for row in table.gotos),
        "]",
    ]
    return "\n".join(lines) + "\n"


def write() -> None:
    """Write the generated module anew (`make table`)."""
    from pathlib import Path

    Path(__file__).with_name("_table.py").write_text(render(grammar_text()), encoding="utf-8")
