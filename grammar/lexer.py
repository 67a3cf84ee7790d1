"""PostgreSQL's lexical rules (scan.l) and psql's additions: text to tokens, one statement at a time."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

# Kinds of text literal, each a token kind of its own.
STRING_KINDS = frozenset({"plain", "escape", "unicode", "national", "dollar"})
# Letters, `_` and everything beyond ASCII. Said by what is not in the set: a set with the range to U+10FFFF takes
# Python ten times as long to compile, which every start would pay.
_START = r"[^\x00-@\[-^`{-\x7f]"
_PART = r"[^\x00-/:-@\[-^`{-\x7f]"
_IDENT = rf"{_START}[^\x00-#%-/:-@\[-^`{{-\x7f]*"
_TAG = rf"(?:{_START}{_PART}*)?"
_COMMENT = r"--[^\n\r]*+"  # possessive: else a ruler of dashes could be cut up in exponentially many ways
# White space with a newline in it, and nothing but `--` comments beside: it glues quoted literals together.
_GLUE = rf"(?:[ \t\f\v]|{_COMMENT})*[\n\r](?:[ \t\n\r\f\v]|{_COMMENT}(?=[\n\r]))*'"
_PLAIN = r"'[^']*(?:''[^']*)*'"
_ESCAPED = r"'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'"


def _literal(prefix: str, body: str) -> str:
    return rf"{prefix}{body}(?:{_GLUE}{body[1:]})*"


_BLANK = rf"(?:[ \t\n\r\f\v]|{_COMMENT}|/\*(?:[^*/]|\*(?!/)|/(?!\*))*+\*/)*+"
_UESCAPE = rf"(?:{_BLANK}[uU][eE][sS][cC][aA][pP][eE]{_BLANK}'[^']')?"
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_TOKEN = re.compile(
    r"[ \t\n\r\f\v]*+(?:"
    + "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in (
            ("plain", _literal("", _PLAIN)),
            ("escape", _literal("[eE]", _ESCAPED)),
            ("national", _literal("[nN]", _PLAIN)),
            ("bit", _literal("[bB]", _PLAIN)),
            ("hex", _literal("[xX]", _PLAIN)),
            ("unicode", _literal("[uU]&", _PLAIN) + _UESCAPE),
            ("open_quote", r"(?:[eEnNbBxX]|[uU]&)?'"),
            ("quoted", r'(?:[uU]&)?"[^"]*(?:""[^"]*)*"'),
            ("word", _IDENT),
            ("comment", _COMMENT),
            ("block", r"/\*"),
            ("dollar", rf"\${_TAG}\$"),
            ("param", r"\$[0-9]+"),
            (
                "number",
                r"0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
                rf"|(?:{_DIGITS}(?:\.(?!\.)(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?",
            ),
            ("punct", r"::|:=|\.\.|[()\[\],;.]"),
            ("psql", rf":(?:\{{\?{_IDENT}\}}|{_IDENT}|'{_IDENT}'|\"[^\"\n]+\")"),
            ("colon", r":"),
            ("op", r"[+\-*/<>=~!@#%^&|`?]+"),
            ("meta", r"\\[^\n\r]*"),
            ("open_name", r'"'),
            ("bad", r"[^ \t\n\r\f\v]"),
            ("space", ""),
        )
    )
    + ")"
)
_BLOCK_MARK = re.compile(r"/\*|\*/")
_DELIMITER = re.compile(rf"(?=(\${_TAG}\$))")
# What a broken literal is taken to reach: the first semicolon that ends a line.
_LINE_END = re.compile(r";[ \t]*(?=[\r\n]|\Z)")
_COPY_END = re.compile(r"^\\\.[ \t]*(?=\r?$)", re.M)
_ENDS_BATCH = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b|\\;")
# A multi-character operator ends in + or - only if it holds one of these.
_STICKY = frozenset("~!@#%^&|`?")


@dataclass(slots=True)
class Tokens:
    """The tokens of one statement as parallel lists; comments apart; `broken` holds lexical mistakes."""

    text: str
    start: int
    kinds: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    broken: list[tuple[str, int, int]] = field(default_factory=list)  # (mistake, start, end)
    end: int = 0  # just after the statement, its semicolon included
    terminated: bool = False
    joined: bool = False  # by `\\;`: psql sends it in one message with the next one

    def word(self, index: int) -> str:
        """The text of a token as written."""
        return self.text[self.starts[index] : self.ends[index]]

    def folded(self, index: int) -> str:
        """The name that a word or quoted name stands for."""
        word = self.text[self.starts[index] : self.ends[index]]
        return fold(word) if '"' in word else word.lower()

    def __len__(self) -> int:
        return len(self.kinds)


def fold(word: str) -> str:
    """A name as PostgreSQL reads it: lower case unless quoted."""
    if word.startswith('"'):
        return word[1:-1].replace('""', '"')
    if word[:3].lower() == 'u&"':
        return word[3:-1].replace('""', '"')
    return word.lower()


def statement_tokens(text: str, at: int, stop: int | None = None) -> Tokens:
    """The tokens from `at` to the end of the statement; see Lexer for reading one after the other."""
    return Lexer(text).statement(at, stop)


class Lexer:
    """Reads a text statement by statement; what was found to be never closed is not searched for again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._last_delimiters: dict[str, int] | None = None
        self._comment_ends: dict[int, int] | None = None

    def statement(self, at: int, stop: int | None = None) -> Tokens:
        """The tokens from `at` to the end of the statement, as psql would split it.

        A semicolon inside parentheses ends the statement too: the parenthesis was forgotten, but for
        CREATE RULE, whose actions may stand in parentheses.
        """
        tokens = Tokens(self.text, at)
        _Scan(self, tokens, len(self.text) if stop is None else stop).run(at)
        return tokens

    def dollar_end(self, tag: str, at: int, stop: int) -> int:
        """The end of a dollar-quoted text whose content begins at `at`, or -1."""
        if self._last_delimiters is not None and self._last_delimiters.get(tag, -1) < at:
            return -1
        found = self.text.find(tag, at, stop)
        if found >= 0:
            return found + len(tag)
        if self._last_delimiters is None and stop == len(self.text):
            self._last_delimiters = {
                mark[1]: mark.start() for mark in _DELIMITER.finditer(self.text, at - len(tag))
            }
        return -1

    def comment_end(self, at: int, stop: int) -> int:
        """The end of the block comment that begins at `at`, or -1."""
        if self._comment_ends is not None and at in self._comment_ends:
            end = self._comment_ends[at]
            return end if end <= stop else -1
        open_at: list[int] = []
        ends: dict[int, int] = {}
        for mark in _BLOCK_MARK.finditer(self.text, at, stop):
            if mark[0] == "/*":
                open_at.append(mark.start())
                continue
            ends[open_at.pop()] = mark.end()
            if not open_at:
                return mark.end()
        if stop == len(self.text):
            self._comment_ends = {**ends, **dict.fromkeys(open_at, -1)}
        return -1


class _Scan:
    """One pass over the text of a statement."""

    def __init__(self, lexer: Lexer, tokens: Tokens, stop: int) -> None:
        self.lexer = lexer
        self.tokens = tokens
        self.stop = stop
        self.depth = 0  # parentheses, counted for CREATE RULE only
        self.body = 0  # BEGIN ATOMIC ... END nesting
        self.words: list[str] = []  # the first words, lower case
        self.last_word = ""

    def run(self, at: int) -> None:
        tokens, text, stop = self.tokens, self.tokens.text, self.stop
        kinds, starts, ends = tokens.kinds, tokens.starts, tokens.ends
        match = _TOKEN.match
        if at == 0 and text.startswith("\ufeff"):  # the mark of the byte order
            at = 1
        while True:
            found = match(text, at, stop)
            assert found is not None
            kind: str = found.lastgroup  # type: ignore[assignment]
            at, end = found.span(kind)
            if kind in _SPECIAL:
                at = _SPECIAL[kind](self, at, end)
                if tokens.terminated:
                    tokens.end = at
                    return
                continue
            if kind == "word":
                if len(self.words) < 4 or self.words[0] == "create":
                    self._count(text[at:end].lower())
            elif kind == "space":
                tokens.end = stop
                return
            kinds.append(kind)
            starts.append(at)
            ends.append(end)
            at = end

    def _count(self, word: str) -> None:
        """Follow CREATE FUNCTION ... BEGIN ATOMIC ... END, as psql does."""
        if len(self.words) < 4:
            self.words.append(word)
        if self.words[0] != "create" or not {"function", "procedure"} & set(self.words):
            return
        if (word == "atomic" and self.last_word == "begin") or (self.body and word == "case"):
            self.body += 1
        elif self.body and word == "end":
            self.body -= 1
        self.last_word = word

    def _add(self, kind: str, at: int, end: int) -> int:
        self.tokens.kinds.append(kind)
        self.tokens.starts.append(at)
        self.tokens.ends.append(end)
        return end

    def _comment(self, at: int, end: int) -> int:
        self.tokens.comments.append((at, end))
        return end

    def _block(self, at: int, end: int) -> int:
        close = self.lexer.comment_end(at, self.stop)
        if close < 0:
            return self._broken("open-comment", at, at + 2)
        self.tokens.comments.append((at, close))
        return close

    def _dollar(self, at: int, end: int) -> int:
        close = self.lexer.dollar_end(self.tokens.text[at:end], end, self.stop)
        return self._broken("open-dollar", at, end) if close < 0 else self._add("dollar", at, close)

    def _punct(self, at: int, end: int) -> int:
        word = self.tokens.text[at:end]
        if word != ";" or self.body:
            if word == "(":
                self.depth += 1
            elif word == ")":
                self.depth -= 1
            return self._add(word, at, end)
        if self.depth > 0 and "rule" in self.words[:4] and self.words[0] == "create":
            return self._add(word, at, end)
        self.tokens.terminated = True
        return self._after_data(end) if self.words[:1] == ["copy"] else end

    def _after_data(self, end: int) -> int:
        """The end of the rows that follow COPY ... FROM STDIN, up to the line with a backslash and a period."""
        tokens = self.tokens
        words = [tokens.folded(at) if kind == "word" else "" for at, kind in enumerate(tokens.kinds)]
        if ("from", "stdin") not in pairwise(words):
            return end
        data_end = _COPY_END.search(tokens.text, end, self.stop)
        return data_end.end() if data_end else self.stop

    def _colon(self, at: int, end: int) -> int:
        return self._add(":", at, end)

    def _op(self, at: int, end: int) -> int:
        word = self.tokens.text[at:end]
        if "--" in word or "/*" in word:
            cuts = (word.find("--", 1), word.find("/*", 1))
            word = word[: min((cut for cut in cuts if cut > 0), default=len(word))]
        if len(word) > 1 and word[-1] in "+-" and _STICKY.isdisjoint(word):
            core = word.rstrip("+-") or word[0]
            end = self._add("op", at, at + len(core))
            for _ in word[len(core) :]:  # every sign is an operator of its own
                end = self._add("op", end, end + 1)
            return end
        return self._add("=>" if word == "=>" else "op", at, at + len(word))

    def _meta(self, at: int, end: int) -> int:
        if _ENDS_BATCH.match(self.tokens.text, at):
            if self.tokens.text.startswith("\\;", at):
                end = at + 2
                self.tokens.joined = True
            self.tokens.terminated = True
        elif not self.tokens.kinds:
            self.tokens.terminated = True
        return end

    def _open_quote(self, at: int, end: int) -> int:
        return self._broken("open-literal", at, end)

    def _open_name(self, at: int, end: int) -> int:
        return self._broken("open-name", at, end)

    def _bad(self, at: int, end: int) -> int:
        char = self.tokens.text[at]
        self.tokens.broken.append(("nul" if char == "\0" else "bad-character", at, end))
        return end

    def _broken(self, mistake: str, at: int, end: int) -> int:
        """Note an unterminated piece and go on where the statement probably ends."""
        self.tokens.broken.append((mistake, at, end))
        line_end = _LINE_END.search(self.tokens.text, end, self.stop)
        self.tokens.terminated = line_end is not None
        return line_end.end() if line_end else self.stop


_SPECIAL: dict[str, Callable[[_Scan, int, int], int]] = {
    "comment": _Scan._comment,
    "block": _Scan._block,
    "dollar": _Scan._dollar,
    "punct": _Scan._punct,
    "colon": _Scan._colon,
    "op": _Scan._op,
    "meta": _Scan._meta,
    "open_quote": _Scan._open_quote,
    "open_name": _Scan._open_name,
    "bad": _Scan._bad,
}
