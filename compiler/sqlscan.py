"""The lexical view of one step's SQL: which characters are code, and which are quoted or comment."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

# A character that continues an identifier: PostgreSQL counts `$` and everything beyond ASCII among them.
_WORD = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # letters, digits, _, $ and all beyond ASCII
_STRING = r"'[^']*(?:''[^']*)*(?:'|\Z)"
_ESCAPED = r"'[^'\\]*(?:(?:\\.?|'')[^'\\]*)*(?:'|\Z)"
_NEXT_LINE = (
    r"[ \t\f\v]*[\r\n][ \t\r\n\f\v]*"  # a quoted literal goes on after white space that holds a line end
)

# `--` and `/*` also end an operator, so they need no left boundary; the others may not start inside a word.
_START = re.compile(
    rf"""
    (?P<comment> --[^\r\n]* )
  | (?P<block>   /\* )
  | (?P<escape>  (?<!{_WORD})[eE] {_ESCAPED} (?:{_NEXT_LINE}{_ESCAPED})* )
  | (?P<literal> {_STRING} )
  | (?P<quoted_name> "[^"]*(?:""[^"]*)*(?:"|\Z) )
  | (?P<dollar>  (?<!{_WORD})\$(?:[^\x00-@\[-^`{{-\x7f][^\x00-/:-@\[-^`{{-\x7f]*)?\$ )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_BLANK = re.compile(r"[ \t\r\n\f\v;]+")
_BLANK_OR_OPEN = re.compile(r"[ \t\r\n\f\v;(]+")
_FIRST_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The words a statement can begin with (PostgreSQL 14 to 18); a step that begins otherwise is an expression.
STATEMENT_KEYWORDS = frozenset(
    """
    ABORT ALTER ANALYSE ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE
    DECLARE DELETE DISCARD DO DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOAD LOCK MERGE MOVE
    NOTIFY PREPARE REASSIGN REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW
    START TABLE TRUNCATE UNLISTEN UPDATE VACUUM VALUES WITH
    """.split()
)


class Region(NamedTuple):
    """A stretch of text that is not code, `end` not included.

    Kinds: "comment", "literal" (its quotes and the E of an escape string included), "quoted_name",
    "dollar_tag" (one of the two delimiters of a dollar quote) and "dollar" (what stands between them).
    """

    kind: str
    start: int
    end: int


def regions(sql: str) -> list[Region]:
    """All regions in order; they never overlap, and what lies between them is code.

    A literal, quoted name or block comment that is never closed reaches to the end. A dollar delimiter that
    is never repeated is code: in `$a$b` it is more likely two references than an open quote.
    """
    found: list[Region] = []
    at = 0
    while match := _START.search(sql, at):
        kind, start, at = str(match.lastgroup), match.start(), match.end()
        if kind == "block":
            at = _block_end(sql, at)
            found.append(Region("comment", start, at))
        elif kind == "dollar":
            tag = match.group()
            close = sql.find(tag, at)
            if close < 0:
                at = start + 1
                continue
            found.append(Region("dollar_tag", start, at))
            found.append(Region("dollar", at, close))
            at = close + len(tag)
            found.append(Region("dollar_tag", close, at))
        else:
            found.append(Region("literal" if kind == "escape" else kind, start, at))
    return found


def _block_end(sql: str, at: int) -> int:
    """The end of a block comment whose opening ends at `at`; block comments nest."""
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(sql, at)
        if edge is None:
            return len(sql)
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
    return at


def kind_at(found: Sequence[Region], offset: int) -> str | None:
    """The kind of the region that holds the character at `offset`; None where it is code."""
    index = bisect_right(found, offset, key=lambda region: region.start) - 1
    return found[index].kind if index >= 0 and offset < found[index].end else None


def code_start(sql: str, at: int = 0, *, parentheses: bool = False) -> int:
    """The first offset from `at` past white space, comments and `;` (with `parentheses`, past `(` too)."""
    pattern = _BLANK_OR_OPEN if parentheses else _BLANK
    while True:
        if blank := pattern.match(sql, at):
            at = blank.end()
        elif sql.startswith("--", at):
            ends = [end for end in (sql.find("\n", at), sql.find("\r", at)) if end >= 0]
            at = min(ends, default=len(sql))
        elif sql.startswith("/*", at):
            at = _block_end(sql, at + 2)
        else:
            return at


def first_keyword(sql: str) -> str | None:
    """The first word of the text in upper case; None when the text does not begin with a word.

    White space, comments, empty statements and opening parentheses before it are skipped, so that
    `(SELECT 1)` begins with SELECT. Needs no parser. A text begins as a statement does when the word is in
    STATEMENT_KEYWORDS (rule C-09 of the language reference asks for it).
    """
    word = _FIRST_WORD.match(sql, code_start(sql, parentheses=True))
    return word.group().upper() if word else None
