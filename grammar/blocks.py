"""Bodies inside literals: DO blocks, function bodies, and the SQL of EXECUTE."""

import re
from dataclasses import dataclass

from .fragment import Fragment
from .lexer import STRING_KINDS, Lexer, Tokens
from .literals import BadEscapeError, decode, text_map
from .textmap import TextMap
from .tree import Literal

# What format() replaces: %s, %1$L, %-10s, %I.
_GAP = re.compile(r"%(?:\d+\$)?-?(?:\d+|\*(?:\d+\$)?)?[sIL]")


@dataclass(frozen=True, slots=True)
class Body:
    """Code that a literal quotes; a `template` has gaps that are filled when it is run."""

    fragment: Fragment
    template: bool = False


def quoted_bodies(tokens: Tokens, fragment: Fragment) -> list[Body]:
    """The bodies of DO and of CREATE FUNCTION in a statement."""
    return _bodies(tokens, fragment, _body_literals(tokens))


def inner_bodies(tokens: Tokens, fragment: Fragment) -> list[Body]:
    """The same for a statement of a body, and the texts that it gives to EXECUTE."""
    executed = _executed_literals(tokens)
    bodies = _bodies(tokens, fragment, [at for at, formatted in executed if not formatted])
    for at, formatted in executed:
        if formatted:
            bodies.extend(Body(_fill(body.fragment), True) for body in _bodies(tokens, fragment, [at]))
    return bodies + _bodies(tokens, fragment, _body_literals(tokens))


def _bodies(tokens: Tokens, fragment: Fragment, literals: list[int]) -> list[Body]:
    bodies: list[Body] = []
    for at in literals:
        inner = _fragment(tokens.word(at), tokens.kinds[at], tokens.starts[at], fragment)
        if inner is not None:
            bodies.append(Body(inner))
    return bodies


def _body_literals(tokens: Tokens) -> list[int]:
    """Token indexes of literals that hold the code of a block or of a routine."""
    if not len(tokens) or tokens.kinds[0] != "word":
        return []
    first = tokens.folded(0)
    if first == "do" and _readable_language(tokens):
        return [at for at in _literals(tokens) if not _names_language(tokens, at)]
    if first == "create" and _creates_routine(tokens) and _readable_language(tokens):
        return [at for at in _literals(tokens) if _word(tokens, at - 1) == "as"]
    return []


def _literals(tokens: Tokens) -> list[int]:
    return [at for at in range(1, len(tokens)) if tokens.kinds[at] in STRING_KINDS]


def _executed_literals(tokens: Tokens) -> list[tuple[int, bool]]:
    """Token indexes of literals right after EXECUTE, and whether they stand inside `format(`.

    A literal that is joined to other texts is only a part of the statement, and is left alone.
    """
    found: list[tuple[int, bool]] = []
    for at in range(len(tokens)):
        if _word(tokens, at) != "execute":
            continue
        after = at + 1
        while tokens.kinds[after : after + 1] == ["("]:
            after += 1
        formatted = _word(tokens, after) == "format" and tokens.kinds[after + 1 : after + 2] == ["("]
        after += 2 * formatted
        literal = after < len(tokens) and tokens.kinds[after] in STRING_KINDS
        if literal and tokens.kinds[after + 1 : after + 2] != ["op"]:
            found.append((after, formatted))
    return found


def _fill(template: Fragment) -> Fragment:
    """A text for format() with a parameter or a name in every gap; the texts quoted in it stay as they are."""
    text = _GAP.sub(_filling, template.text)
    tokens = Lexer(text).statement(0)
    for kind, start, end in zip(tokens.kinds, tokens.starts, tokens.ends, strict=True):
        if kind in STRING_KINDS:
            text = text[:start] + template.text[start:end] + text[end:]
    return template._replace(text=text)


def _filling(gap: re.Match[str]) -> str:
    return ("i" if gap[0].endswith("I") else "$").ljust(len(gap[0]), "1")


def node_fragment(literal: Literal, fragment: Fragment) -> Fragment | None:
    """The same for a literal of a tree."""
    return _fragment(fragment.text[literal.start : literal.end], literal.kind, literal.start, fragment)


def _fragment(raw: str, kind: str, start: int, fragment: Fragment) -> Fragment | None:
    try:
        return Fragment(decode(raw, kind), text_map(raw, kind, start), fragment)
    except BadEscapeError:
        return None


def _word(tokens: Tokens, at: int) -> str:
    return tokens.folded(at) if 0 <= at < len(tokens) and tokens.kinds[at] == "word" else ""


def _names_language(tokens: Tokens, at: int) -> bool:
    return _word(tokens, at - 1) == "language"


def _creates_routine(tokens: Tokens) -> bool:
    words = [_word(tokens, at) for at in range(1, min(5, len(tokens)))]
    return "function" in words or "procedure" in words


def _readable_language(tokens: Tokens) -> bool:
    """SQL and PL/pgSQL bodies; a body in C, Python or JavaScript is none of ours."""
    for at in range(len(tokens) - 1):
        if _word(tokens, at) == "language":
            return tokens.word(at + 1).strip("'\"").lower() in ("sql", "plpgsql")
    return True


def literal_map(literal: Literal, fragment: Fragment) -> TextMap:
    """The map of a literal's text to the fragment it stands in."""
    return text_map(fragment.text[literal.start : literal.end], literal.kind, literal.start)
