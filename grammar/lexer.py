"""PostgreSQL's lexical rules (scan.l) and psql's additions: text to tokens, one statement at a time."""

import re
from dataclasses import dataclass, field

# Kinds of text literal, each a token kind of its own.
STRING_KINDS = frozenset({"plain", "escape", "unicode", "national", "dollar"})
_IDENT = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
_TAG = r"(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?"
_COMMENT = r"--[^\n\r]*"
# White space with a newline in it, and nothing but `--` comments beside: it glues quoted literals together.
_GLUE = rf"(?:[ \t\f\v]|{_COMMENT})*[\n\r](?:[ \t\n\r\f\v]|{_COMMENT}(?=[\n\r]))*'"
_PLAIN = r"'[^']*(?:''[^']*)*'"
_ESCAPED = r"'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'"


def _literal(prefix: str, body: str) -> str:
    return rf"{prefix}{body}(?:{_GLUE}{body[1:]})*"


_UESCAPE = r"(?:\s+[uU][eE][sS][cC][aA][pP][eE]\s*'[^']')?"
_DIGITS = r"[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in (
            ("space", r"[ \t\n\r\f\v]+"),
            ("plain", _literal("", _PLAIN)),
            ("escape", _literal("[eE]", _ESCAPED)),
            ("national", _literal("[nN]", _PLAIN)),
            ("bit", _literal("[bB]", _PLAIN)),
            ("hex", _literal("[xX]", _PLAIN)),
            ("unicode", _literal("[uU]&", _PLAIN) + _UESCAPE),
            ("quoted", r'(?:[uU]&)?"[^"]*(?:""[^"]*)*"'),
            ("word", _IDENT),
            ("comment", _COMMENT),
            ("block", r"/\*"),
            ("dollar", rf"\$(?P<tag>{_TAG})\$[\s\S]*?\$(?P=tag)\$"),
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
            ("open_quote", r"(?:[eEnNbBxX]|[uU]&)?'"),
            ("open_name", r'"'),
            ("open_dollar", rf"\${_TAG}\$"),
            ("bad", r"[\s\S]"),
        )
    )
)
_BLOCK_MARK = re.compile(r"/\*|\*/")
# What a broken literal is taken to reach: the first semicolon that ends a line.
_LINE_END = re.compile(r";[ \t]*(?=[\r\n]|\Z)")
_COPY_END = re.compile(r"^\\\.[ \t]*$", re.M)
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

    def word(self, index: int) -> str:
        """The text of a token as written."""
        return self.text[self.starts[index] : self.ends[index]]

    def folded(self, index: int) -> str:
        """The name that a word or quoted name stands for."""
        return fold(self.word(index))

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
    """The tokens from `at` to the end of the statement, as psql would split it.

    A semicolon inside parentheses ends the statement too: the parenthesis was forgotten, but for
    CREATE RULE, whose actions may stand in parentheses.
    """
    stop = len(text) if stop is None else stop
    tokens = Tokens(text, at)
    scan = _Scan(tokens, stop)
    scan.run(at)
    return tokens


class _Scan:
    """One pass over the text of a statement."""

    def __init__(self, tokens: Tokens, stop: int) -> None:
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
        while at < stop:
            found = match(text, at, stop)
            assert found is not None
            kind = found.lastgroup
            end = found.end()
            if kind == "space":
                at = end
                continue
            if kind == "word":
                if len(self.words) < 4 or self.words[0] == "create":
                    self._count(text[at:end].lower())
            elif kind in _SPECIAL:
                end = getattr(self, f"_{kind}")(at, end)
                if tokens.terminated:
                    tokens.end = end
                    return
                at = end
                continue
            kinds.append(kind)  # type: ignore[arg-type]
            starts.append(at)
            ends.append(end)
            at = end
        tokens.end = stop

    def _count(self, word: str) -> None:
        """Follow CREATE FUNCTION ... BEGIN ATOMIC ... END, as psql does."""
        if len(self.words) < 4:
            self.words.append(word)
        if self.words[0] != "create" or not {"function", "procedure"} & set(self.words):
            return
        if word == "atomic" and self.last_word == "begin":
            self.body += 1
        elif self.body and word == "case":
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
        depth = 1
        while depth:
            mark = _BLOCK_MARK.search(self.tokens.text, end, self.stop)
            if mark is None:
                return self._broken("open-comment", at, at + 2)
            depth += 1 if mark[0] == "/*" else -1
            end = mark.end()
        self.tokens.comments.append((at, end))
        return end

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
        if self.words[:1] == ["copy"] and re.search(r"(?i)\bfrom\s+stdin\b", self.tokens.text[self.tokens.start : at]):
            data_end = _COPY_END.search(self.tokens.text, end, self.stop)
            return data_end.end() if data_end else self.stop
        return end

    def _colon(self, at: int, end: int) -> int:
        return self._add(":", at, end)

    def _op(self, at: int, end: int) -> int:
        word = self.tokens.text[at:end]
        for mark in ("--", "/*"):
            cut = word.find(mark, 1)
            if cut > 0:
                word = word[:cut]
        while len(word) > 1 and word[-1] in "+-" and not _STICKY & set(word):
            word = word[:-1]
        end = at + len(word)
        return self._add("=>" if word == "=>" else "op", at, end)

    def _meta(self, at: int, end: int) -> int:
        if _ENDS_BATCH.match(self.tokens.text, at):
            if self.tokens.text.startswith("\\;", at):
                end = at + 2
            self.tokens.terminated = True
        elif not self.tokens.kinds:
            self.tokens.terminated = True
        return end

    def _open_quote(self, at: int, end: int) -> int:
        return self._broken("open-literal", at, end)

    def _open_name(self, at: int, end: int) -> int:
        return self._broken("open-name", at, end)

    def _open_dollar(self, at: int, end: int) -> int:
        return self._broken("open-dollar", at, end)

    def _bad(self, at: int, end: int) -> int:
        char = self.tokens.text[at]
        if char == "\ufeff" and at == 0:
            return end
        self.tokens.broken.append(("nul" if char == "\0" else "bad-character", at, end))
        return end

    def _broken(self, mistake: str, at: int, end: int) -> int:
        """Note an unterminated piece and go on where the statement probably ends."""
        self.tokens.broken.append((mistake, at, end))
        line_end = _LINE_END.search(self.tokens.text, end, self.stop)
        self.tokens.terminated = line_end is not None
        return line_end.end() if line_end else self.stop


_SPECIAL = frozenset(name[1:] for name in vars(_Scan) if name.startswith("_") and not name.startswith("__")) & {
    "comment", "block", "punct", "colon", "op", "meta", "open_quote", "open_name", "open_dollar", "bad",
}  # fmt: skip
