"""The precedence lines of `sql.lark`: read once, applied to the parse table as yacc does."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"^//%(left|right|nonassoc|prec)\s+(.*?)\s*$", re.M)


@dataclass(frozen=True)
class Precedence:
    """Levels of terminals (higher binds tighter), their associativity, and rules that differ."""

    levels: dict[str, int]
    associativity: dict[int, str]
    rules: dict[str, str]  # rule alias -> terminal whose level it takes

    def of_rule(self, alias: str | None, symbols: list[str]) -> int | None:
        """The level of a rule: by its `%prec`, else by its last terminal."""
        if alias in self.rules:
            return self.levels[self.rules[alias]]
        terminals = [name for name in symbols if name.isupper()]
        return self.levels.get(terminals[-1]) if terminals else None

    def choose(self, rule: int | None, terminal: str) -> str:
        """`shift`, `reduce` or `error` for a conflict between a rule and a terminal."""
        level = self.levels.get(terminal)
        if rule is None or level is None:
            return "shift"
        if rule != level:
            return "reduce" if rule > level else "shift"
        return {"left": "reduce", "right": "shift", "nonassoc": "error"}[self.associativity[level]]


def read_precedence(grammar: str) -> Precedence:
    """The precedence lines of a grammar text, loosest first."""
    levels: dict[str, int] = {}
    associativity: dict[int, str] = {}
    rules: dict[str, str] = {}
    for number, match in enumerate(_LINE.finditer(grammar)):
        kind, words = match[1], match[2].split()
        if kind == "prec":
            rules.update(dict.fromkeys(words[1:], words[0]))
        else:
            levels.update(dict.fromkeys(words, number))
            associativity[number] = kind
    return Precedence(levels, associativity, rules)
