"""Characters and words that PostgreSQL would read as something else than was meant."""

import re
from collections.abc import Callable

from .findings import Edit, Finding, Fix
from .fragment import Fragment
from .lexer import STRING_KINDS, Tokens
from .mistakes import MISTAKES

# Quotes, dashes, arrows and blanks of word processors. PostgreSQL takes them for letters.
_PLAIN = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u00b4\u201c\u201d\u201e", "'"),
    **dict.fromkeys("\u2013\u2014", "-"),
    **dict.fromkeys("\u00a0\u2007\u200b\u202f\u2060\u3000\ufeff", " "),
    "\u2192": "~>", "\u21d2": "=>", "\uff5e": "~",
}  # fmt: skip
_TYPOGRAPHIC = re.compile(f"[{''.join(_PLAIN)}]")
# Words that begin what a step's SQL may be.
QUERY_WORDS = frozenset(
    "select insert update delete with call truncate create drop alter grant refresh".split()
)
_QUOTED_SQL = re.compile(rf'"\s*(?:{"|".join(sorted(QUERY_WORDS))})\s', re.I)
# A cheap look: most regions hold nothing of the kind.
_HINT = re.compile(
    rf"{_TYPOGRAPHIC.pattern}|`|//|#|{_QUOTED_SQL.pattern}|\bdf\s*\.\s*[A-Za-z_]+\s*['$0-9]", re.I
)

_FOREIGN_COMMENTS = ("//", "#")

Check = Callable[[Tokens, int, Fragment], Finding | None]


def misspelt(tokens: Tokens, low: int, high: int, fragment: Fragment) -> Finding | None:
    """The first such mistake in a range of tokens."""
    if _HINT.search(tokens.text, tokens.starts[low], tokens.ends[high - 1]) is None:
        return None
    typographic = _typographic(tokens, low, high, fragment)
    if typographic is not None:
        return typographic
    for at in range(low, high):
        for check in _CHECKS.get(tokens.kinds[at], ()):
            found = check(tokens, at, fragment)
            if found is not None:
                return found
    return None


def _typographic(tokens: Tokens, low: int, high: int, fragment: Fragment) -> Finding | None:
    """One finding for all such characters of the range; its fix replaces them all."""
    text = tokens.text
    marks = [
        mark.start()
        for at in range(low, high)
        if tokens.kinds[at] == "word"
        for mark in _TYPOGRAPHIC.finditer(text, tokens.starts[at], tokens.ends[at])
    ]
    if not marks:
        return None
    edits = tuple(Edit(fragment.locate(mark, mark + 1), _PLAIN[text[mark]]) for mark in marks)
    char, plain = text[marks[0]], _PLAIN[text[marks[0]]]
    return MISTAKES["typographic"].finding(
        edits[0].span,
        fixes=(Fix("write plain characters", edits),),
        found=f"U+{ord(char):04X}" if plain == " " else f"{char} (U+{ord(char):04X})",
        plain="a plain blank" if plain == " " else plain,
    )


def _without_parentheses(tokens: Tokens, at: int, fragment: Fragment) -> Finding | None:
    """`df.sleep 5`; with a text behind it PostgreSQL would take df.sleep for a type."""
    if tokens.folded(at) != "df" or tokens.kinds[at + 1 : at + 2] != ["."] or at + 3 >= len(tokens):
        return None
    if tokens.kinds[at + 2] != "word" or tokens.kinds[at + 3] not in STRING_KINDS | {"number", "param"}:
        return None
    span = fragment.locate(tokens.starts[at], tokens.ends[at + 2])
    return MISTAKES["call-without-parentheses"].finding(span, function=f"df.{tokens.folded(at + 2)}")


def _double_quotes(tokens: Tokens, at: int, fragment: Fragment) -> Finding | None:
    if _QUOTED_SQL.match(tokens.text, tokens.starts[at]) is None:
        return None
    span = fragment.locate(tokens.starts[at], tokens.ends[at])
    return MISTAKES["double-quoted-step"].finding(span)


def _foreign(tokens: Tokens, at: int, fragment: Fragment) -> Finding | None:
    """Backticks, and comments as other languages write them."""
    word = tokens.word(at)
    start = tokens.starts[at]
    if "`" in word:
        place = start + word.index("`")
        return MISTAKES["bad-character"].finding(fragment.locate(place, place + 1), found="`")
    if word not in _FOREIGN_COMMENTS:
        return None
    if not _begins_line(tokens, at) or (at and tokens.kinds[at - 1] not in ("op", "(", ",")):
        return None
    return _foreign_comment(tokens, at, fragment)


def _begins_line(tokens: Tokens, at: int) -> bool:
    start = tokens.starts[at]
    return not tokens.text[max(tokens.text.rfind(end, 0, start) for end in "\r\n") + 1 : start].strip()


def foreign_comment(tokens: Tokens, low: int, high: int, fragment: Fragment) -> Finding | None:
    """What explains a syntax error: a line that begins with // or #, behind a complete operand."""
    for at in range(low, high):
        if tokens.kinds[at] == "op" and tokens.word(at) in _FOREIGN_COMMENTS and _begins_line(tokens, at):
            return _foreign_comment(tokens, at, fragment)
    return None


def _foreign_comment(tokens: Tokens, at: int, fragment: Fragment) -> Finding:
    start, word = tokens.starts[at], tokens.word(at)
    return MISTAKES["foreign-comment"].finding(fragment.locate(start, tokens.ends[at]), found=word)


_CHECKS: dict[str, tuple[Check, ...]] = {
    "word": (_without_parentheses,),
    "quoted": (_double_quotes,),
    "op": (_foreign,),
}
