"""Matching of parentheses, brackets and CASE ... END over the tokens of a statement."""

from dataclasses import dataclass, field

from .lexer import Tokens

_CLOSING = {")": "(", "]": "["}


@dataclass(slots=True)
class Brackets:
    """`match` maps an opening token's index to its closing one; the rest stand without a partner."""

    match: dict[int, int] = field(default_factory=dict)
    unclosed: list[int] = field(default_factory=list)
    unopened: list[int] = field(default_factory=list)


def match_brackets(tokens: Tokens) -> Brackets:
    """Pair the brackets of a statement; CASE and END pair only where nothing stands between them open."""
    found = Brackets()
    stack: list[tuple[str, int]] = []
    for index, kind in enumerate(tokens.kinds):
        if kind in ("(", "["):
            stack.append((kind, index))
        elif kind in _CLOSING:
            _close(found, stack, _CLOSING[kind], index)
        elif kind == ";":
            _drop_cases(stack)
        elif kind == "word" and tokens.ends[index] - tokens.starts[index] in (3, 4):
            _case_word(found, stack, tokens, index)
    found.unclosed = [index for kind, index in stack if kind != "case"]
    return found


def _close(found: Brackets, stack: list[tuple[str, int]], opening: str, index: int) -> None:
    _drop_cases(stack)
    if stack and stack[-1][0] == opening:
        found.match[stack.pop()[1]] = index
    else:
        found.unopened.append(index)


def _drop_cases(stack: list[tuple[str, int]]) -> None:
    while stack and stack[-1][0] == "case":
        stack.pop()


def _case_word(found: Brackets, stack: list[tuple[str, int]], tokens: Tokens, index: int) -> None:
    word = tokens.folded(index)
    if index and tokens.kinds[index - 1] == ".":
        return
    if word == "case":
        stack.append(("case", index))
    elif word == "end" and stack and stack[-1][0] == "case":
        found.match[stack.pop()[1]] = index
