"""Tells SQL statements from bare workflow expressions, by the words that they begin with."""

import re
from difflib import get_close_matches

from .discover import CONSTRUCTORS
from .lexer import STRING_KINDS, Tokens

# Words that begin an SQL statement (psql's list).
COMMANDS = frozenset(
    "abort alter analyze analyse begin call checkpoint close cluster comment commit copy create deallocate declare"
    " delete discard do drop end execute explain fetch grant import insert listen load lock merge move notify prepare"
    " reassign refresh reindex release repack reset revoke rollback savepoint security select set show start table"
    " truncate unlisten update vacuum values with".split()
)
# Functions that may be called without the schema once it is on the search path.
UNQUALIFIED = CONSTRUCTORS | {"start", "explain"}
_ROUTINE_WORDS = frozenset({"perform", "return", "raise", "if", "elsif", "loop", "while", "for"})
_SEARCH_PATH = re.compile(r"(?:set\s+(?:local\s+|session\s+)?|reset\s+)search_path\b([^;]*)", re.I)
_ROUTINE_PATH = re.compile(r"\bset\s+search_path\s*(?:=|\bto\b)\s*(?:[\w\"$]+\s*,\s*)*\"?df\b", re.I)
_DF = re.compile(r"\bdf\b", re.I)


def keyword(tokens: Tokens) -> str:
    """The first word of a statement, in lower case; "" where it begins with something else."""
    for at, kind in enumerate(tokens.kinds):
        if kind != "(":
            return tokens.folded(at) if kind == "word" else ""
    return ""


def is_bare(tokens: Tokens, unqualified: frozenset[str]) -> bool:
    """Whether a statement is a workflow expression by itself, judged by its beginning."""
    if not len(tokens) or keyword(tokens) in COMMANDS:
        return False
    first = tokens.kinds[0]
    if first != "word":
        return first in STRING_KINDS or first in ("(", ")", "op", "quoted", ",", "=>")
    follows = tokens.kinds[1] if len(tokens) > 1 else ""
    word = tokens.folded(0)
    return (word == "df" and follows == ".") or word == "case" or (follows == "(" and word in unqualified)


def search_path(tokens: Tokens, before: frozenset[str]) -> frozenset[str]:
    """The functions that may be called without the schema after a statement."""
    if not len(tokens) or tokens.kinds[0] != "word" or tokens.folded(0) not in ("set", "reset"):
        return before
    setting = _SEARCH_PATH.match(tokens.text, tokens.starts[0], tokens.end)
    if setting is None:
        return before
    return UNQUALIFIED if _DF.search(setting[1]) else frozenset()


def routine_path(tokens: Tokens, before: frozenset[str]) -> frozenset[str]:
    """The same inside the body of a routine that sets a path of its own."""
    return UNQUALIFIED if _ROUTINE_PATH.search(tokens.text, tokens.start, tokens.end) else before


def only_names(tokens: Tokens) -> bool:
    """Statements that name operators and functions without using them: `CREATE OPERATOR ~> (...)`, GRANT."""
    first = tokens.folded(0) if tokens.kinds[0] == "word" else ""
    if first not in ("create", "alter"):
        return first in ("drop", "comment", "grant", "revoke")
    for at in range(1, min(len(tokens) - 1, 8)):
        if tokens.kinds[at] == "word" and tokens.folded(at) == "operator":
            return tokens.kinds[at + 1] != "("
    return False


def hint_for(word: str) -> str:
    """What to say about a statement that begins with an unknown word."""
    if word in _ROUTINE_WORDS:
        return f"{word.upper()} belongs into a DO block or a function; outside of them write SELECT"
    close = get_close_matches(word, sorted(COMMANDS), 1, 0.7)
    if close:
        return f"did you mean {close[0].upper()}?"
    return "a workflow begins with a step: a quoted SQL text, a df. call, ( or @>"
