"""Findings made before the grammar sees a token: broken literals, brackets, and semicolons in the wrong place."""

import re

from .brackets import Brackets, match_brackets
from .commands import COMMANDS, keyword
from .findings import Finding, Label
from .fragment import Fragment
from .lexer import STRING_KINDS, Tokens, statement_tokens
from .mistakes import MISTAKES

# A statement that seems to begin inside a string: the quotes before it do not pair up.
_SWALLOWED = re.compile(
    r";[ \t]*\r?\n(?:\s|--[^\n]*\n)*+(?:select|insert|update|delete|with|do|create|call|begin|commit|set|\\)\b",
    re.I,
)
# What can follow the semicolon only if that stands inside of an expression.
_GOES_ON = re.compile(r"(?:\s|--[^\n]*+)*+(?:[),&|]|~>|\?>|!>|=>)")
# Literals in quotes; `b');` may be taken for a bit string.
_QUOTED = (STRING_KINDS | {"bit", "hex"}) - {"dollar"}
_PAIRS = {")": "(", "]": "[", "(": ")", "[": "]"}


def swallowed(tokens: Tokens, *, broken: bool) -> int | None:
    """The end of a statement that a broken quote hides; the next statements are inside one of its literals.

    Where the statement is not known to be broken, the literal must also be glued to words on both sides.
    """
    text = tokens.text
    if _SWALLOWED.search(text, tokens.start, tokens.end) is None:
        return None
    for kind, start, end in zip(tokens.kinds, tokens.starts, tokens.ends, strict=True):
        if kind not in _QUOTED or not (broken or _glued(text, start, end)):
            continue
        found = _SWALLOWED.search(text, start, end)
        if found:
            return found.start() + 1
    return None


def _glued(text: str, start: int, end: int) -> bool:
    return _is_word(text[start - 1 : start]) and (_is_word(text[end : end + 1]) or text[end : end + 1] == "'")


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def lexical(tokens: Tokens, fragment: Fragment, *, everything: bool) -> list[Finding]:
    """What is wrong with single tokens; a character out of place counts only where `everything` does.

    Of several such characters the first is reported: the others belong to the same mistake, mostly.
    """
    findings: list[Finding] = []
    seen: set[str] = set()
    for mistake, start, end in tokens.broken:
        if mistake in seen or (mistake == "bad-character" and not everything):
            continue
        seen.add(mistake)
        words = tokens.text[start:end]
        labels = _early_end(tokens, fragment) if mistake == "open-literal" else ()
        span = fragment.locate(start, end)
        findings.append(MISTAKES[mistake].finding(span, labels=labels, tag=words, found=_printable(words)))
    return findings


def _early_end(tokens: Tokens, fragment: Fragment) -> tuple[Label, ...]:
    """The first quote in front of a broken literal that ends a string in the middle of a word."""
    for kind, end in zip(tokens.kinds, tokens.ends, strict=True):
        if kind in STRING_KINDS and _is_word(tokens.text[end : end + 1]):
            return (Label(fragment.locate(end - 1, end), "the quotes seem to go wrong here"),)
    return ()


def _printable(text: str) -> str:
    char = text[:1]
    return char if char.isprintable() and char.strip() else f"U+{ord(char):04X}"


def _goes_on(tokens: Tokens) -> bool:
    """Whether the semicolon that ended a statement stands in the middle of an expression."""
    if not tokens.terminated or tokens.text[tokens.end - 1 : tokens.end] != ";":
        return False
    if _GOES_ON.match(tokens.text, tokens.end):
        return True
    following = statement_tokens(tokens.text, tokens.end)
    return keyword(following) not in COMMANDS and bool(match_brackets(following).unopened)


def unbalanced(tokens: Tokens, brackets: Brackets, fragment: Fragment) -> Finding | None:
    """The finding for brackets that do not pair up."""
    if brackets.unopened:
        at = brackets.unopened[0]
        bracket = tokens.kinds[at]
        span = fragment.locate(tokens.starts[at], tokens.ends[at])
        return MISTAKES["stray-parenthesis"].finding(span, opening=_PAIRS[bracket], bracket=bracket)
    if not brackets.unclosed:
        return None
    at = brackets.unclosed[-1]
    bracket = tokens.kinds[at]
    span = fragment.locate(tokens.starts[at], tokens.ends[at])
    if _goes_on(tokens):
        return MISTAKES["semicolon-inside"].finding(
            fragment.locate(tokens.end - 1, tokens.end), labels=(Label(span, "still open here"),)
        )
    end = fragment.locate(tokens.ends[-1], tokens.ends[-1])
    return MISTAKES["open-parenthesis"].finding(
        span,
        labels=(Label(end, f"the statement ends without {_PAIRS[bracket]}"),),
        bracket=bracket,
        closing=_PAIRS[bracket],
    )


def runs_together(tokens: Tokens, ranges: list[tuple[int, int]], fragment: Fragment) -> Finding | None:
    """The finding for a SELECT right behind a workflow: the semicolon between two statements is missing."""
    for _, high in ranges:
        if high < len(tokens) and tokens.kinds[high] == "word" and tokens.folded(high) == "select":
            span = fragment.locate(tokens.starts[high], tokens.ends[high])
            return MISTAKES["missing-semicolon"].finding(span, word=tokens.word(high))
    return None
