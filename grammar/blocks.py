"""Bodies inside literals: DO blocks, function bodies, and the SQL of EXECUTE."""

from .fragment import Fragment
from .lexer import STRING_KINDS, Tokens
from .literals import BadEscape, decode, text_map
from .textmap import TextMap
from .tree import Literal


def body_literals(tokens: Tokens) -> list[int]:
    """Token indexes of literals that hold code: DO bodies, function bodies, EXECUTE texts."""
    if not len(tokens) or tokens.kinds[0] != "word":
        return []
    first = tokens.folded(0)
    if first == "do":
        return [at for at in range(1, len(tokens)) if tokens.kinds[at] in STRING_KINDS and not _names_language(tokens, at)]
    if first == "create" and _creates_routine(tokens) and _readable_language(tokens):
        return [at for at in range(1, len(tokens)) if tokens.kinds[at] in STRING_KINDS and _word(tokens, at - 1) == "as"]
    return []


def executed_literals(tokens: Tokens) -> list[int]:
    """Token indexes of literals right after EXECUTE, also inside `format(`."""
    found = []
    for at in range(len(tokens)):
        if _word(tokens, at) != "execute":
            continue
        after = at + 1
        if _word(tokens, after) == "format" and after + 1 < len(tokens) and tokens.kinds[after + 1] == "(":
            after += 2
        if after < len(tokens) and tokens.kinds[after] in STRING_KINDS:
            found.append(after)
    return found


def literal_fragment(tokens: Tokens, at: int, fragment: Fragment) -> Fragment | None:
    """The text of a literal token as a fragment of its own; None when it cannot be decoded."""
    return _fragment(tokens.word(at), tokens.kinds[at], tokens.starts[at], fragment)


def node_fragment(literal: Literal, fragment: Fragment) -> Fragment | None:
    """The same for a literal of a tree."""
    return _fragment(fragment.text[literal.start : literal.end], literal.kind, literal.start, fragment)


def _fragment(raw: str, kind: str, start: int, fragment: Fragment) -> Fragment | None:
    try:
        return Fragment(decode(raw, kind), text_map(raw, kind, start), fragment)
    except BadEscape:
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
