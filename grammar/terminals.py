"""Tokens of a region to terminals of the grammar: keywords, opaque groups, names of schema df."""

from dataclasses import dataclass

from .lexer import STRING_KINDS, Tokens

# Words that end an expression wherever they stand outside parentheses; PostgreSQL reserves most of them.
SEPARATORS = frozenset(
    "select from where group having order limit offset fetch union intersect except returning into values set using"
    " with window for as on join cross inner natural do begin declare perform return execute if elsif elseif loop"
    " while foreach raise exit continue asc desc then else when end query default conflict insert update delete merge"
    " language notice exception warning info debug log get diagnostics".split()
)
_KEYWORDS = {
    word: word.upper()
    for word in "or and not is isnull notnull between in like ilike similar escape collate null true false".split()
}
_BRACKETED = {"any": "ANY", "some": "ANY", "all": "ANY", "row": "ROW", "cast": "CAST", "operator": "OPERATOR"}
_IN_CASE = {"case": "CASE", "when": "WHEN", "then": "THEN", "else": "ELSE", "end": "END"}
_OPERATORS = {
    "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", "%": "PERCENT", "^": "CARET", "<": "LT", ">": "GT",
    "=": "EQ", "<=": "LE", ">=": "GE", "<>": "NE", "!=": "NE",
}  # fmt: skip
_PUNCTUATION = {
    "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB", ",": "COMMA", ".": "DOT", "::": "DCOLON", ":=": "ASSIGN",
    "=>": "ARROW", ":": "COLON",
}  # fmt: skip
_QUERY_WORDS = frozenset({"select", "with", "values", "table"})
_RESERVED = SEPARATORS - {"if", "loop", "set", "do", "begin", "declare", "perform", "return", "execute", "query",
                          "exit", "continue", "log", "info", "notice", "warning", "debug", "exception", "get",
                          "diagnostics", "language", "conflict", "insert", "update", "delete", "merge", "while",
                          "foreach", "raise", "elsif", "elseif", "values", "join", "cross", "inner", "natural"} | {
    "array", "distinct", "symmetric", "asymmetric", "to", "check", "column", "constraint", "create", "foreign", "grant",
    "lateral", "placing", "primary", "references", "table", "unique",
}  # fmt: skip
_TYPE_PAIRS = {
    ("double", "precision"), ("character", "varying"), ("char", "varying"), ("bit", "varying"),
    ("national", "character"), ("national", "char"),
}  # fmt: skip
_TESTED = frozenset({"unknown", "document", "json", "normalized"})  # what else may follow IS
# Keywords behind a certain terminal only.
_SECOND = {
    ("AT", "time"), ("AT", "local"), ("TIME", "zone"), ("SIMILAR", "to"), ("IS", "distinct"), ("NOT", "distinct"),
    ("DISTINCT", "from"), ("BETWEEN", "symmetric"),
}  # fmt: skip
_UNITS = frozenset({"year", "month", "day", "hour", "minute", "second"})


@dataclass(slots=True)
class Terminals:
    """Terminals of one region with their spans; `first` is the index of each one's first token."""

    kinds: list[str]
    starts: list[int]
    ends: list[int]
    first: list[int]


class Preparation:
    """Turns a token range into terminals; groups that stay opaque are reported in `groups`."""

    def __init__(
        self, tokens: Tokens, match: dict[int, int], unqualified: frozenset[str] = frozenset()
    ) -> None:
        self.tokens = tokens
        self.match = match  # token index of an opening bracket -> its closing one
        self.unqualified = unqualified  # function names that count as df.* without the schema
        self.out = Terminals([], [], [], [])
        self.groups: dict[int, tuple[int, int]] = {}  # terminal index -> token range inside the group

    def run(self, low: int, high: int) -> Terminals:
        at = low
        while at < high:
            at = self._one(at, high)
        return self.out

    def _put(self, kind: str, at: int, last: int) -> None:
        out = self.out
        out.kinds.append(kind)
        out.starts.append(self.tokens.starts[at])
        out.ends.append(self.tokens.ends[last])
        out.first.append(at)

    def _one(self, at: int, high: int) -> int:
        """Emit the terminal that starts at token `at`; the index of the next token."""
        kind = self.tokens.kinds[at]
        if kind in STRING_KINDS:
            self._put("STRING", at, at)
            return self._interval(at, high)
        if kind == "op":
            self._put(_OPERATORS.get(self.tokens.word(at), "OP"), at, at)
        elif kind == "word" or kind == "quoted":
            return self._word(at, high)
        elif kind == "(":
            return self._open(at)
        elif kind in _PUNCTUATION:
            self._put(_PUNCTUATION[kind], at, at)
        elif kind == "number" or kind == "bit" or kind == "hex":
            self._put("NUMBER", at, at)
        elif kind == "param" or kind == "psql":
            self._put("PARAM", at, at)
        else:
            self._put("WORD", at, at)
        return at + 1

    def _interval(self, at: int, high: int) -> int:
        """`interval '1' day`: the unit belongs to the literal."""
        after = at + 1
        if (
            at > 0
            and after < high
            and self.tokens.kinds[after] == "word"
            and self.tokens.folded(after) in _UNITS
            and self.tokens.folded(at - 1) == "interval"
        ):
            self.out.ends[-1] = self.tokens.ends[after]
            return after + 1
        return after

    def _open(self, at: int) -> int:
        """A parenthesis: a sub-select, the arguments of another function, or part of the expression."""
        close = self.match.get(at)
        inside = (
            self.tokens.folded(at + 1)
            if at + 1 < len(self.tokens) and self.tokens.kinds[at + 1] == "word"
            else ""
        )
        last = self.out.kinds[-1] if self.out.kinds else ""
        if close is not None and last == "NAME" and self.out.ends[-1] == self.tokens.ends[at - 1]:
            return self._group("GROUP", at, close)
        if close is not None and inside in _QUERY_WORDS:
            return self._group("SUBQUERY", at, close)
        self._put("LPAR", at, at)
        return at + 1

    def _group(self, kind: str, at: int, close: int) -> int:
        self.groups[len(self.out.kinds)] = (at + 1, close)
        self._put(kind, at, close)
        return self._suffix(close + 1)

    def _suffix(self, at: int) -> int:
        """OVER, FILTER, WITHIN GROUP and WITH TIME ZONE after a group belong to it."""
        tokens = self.tokens
        while at < len(tokens) and tokens.kinds[at] == "word":
            word = tokens.folded(at)
            after = at + 1
            if word == "within" and after < len(tokens) and tokens.folded(after) == "group":
                after += 1
            elif word in ("with", "without") and self._spells(after, "time", "zone"):
                at = after + 2
                self.out.ends[-1] = tokens.ends[at - 1]
                continue
            elif word not in ("over", "filter"):
                break
            if after < len(tokens) and tokens.kinds[after] == "(" and after in self.match:
                at = self.match[after] + 1
            elif word == "over" and after < len(tokens) and tokens.kinds[after] in ("word", "quoted"):
                at = after + 1
            else:
                break
            self.out.ends[-1] = tokens.ends[at - 1]
        return at

    def _spells(self, at: int, *words: str) -> bool:
        return at + len(words) <= len(self.tokens) and all(
            self.tokens.kinds[at + n] == "word" and self.tokens.folded(at + n) == word
            for n, word in enumerate(words)
        )

    def _word(self, at: int, high: int) -> int:
        tokens = self.tokens
        word = tokens.folded(at)
        follows = tokens.kinds[at + 1] if at + 1 < high else ""
        if self.out.kinds and self.out.kinds[-1] == "DOT":
            self._put("NAME", at, at)
            return at + 1
        if word == "df" and follows == "." and at + 3 < high and tokens.kinds[at + 3] == "(":
            self._put("DFNAME", at, at + 2)
            return at + 3
        if follows == "(" and word in self.unqualified and (tokens.kinds[at] == "quoted" or word != "as"):
            self._put("DFNAME", at, at)
            return at + 1
        if tokens.kinds[at] == "quoted":
            self._put("NAME", at, at)
            return at + 1
        return self._bare_word(at, high, word, follows)

    def _bare_word(self, at: int, high: int, word: str, follows: str) -> int:
        kind = self._keyword(at, word, follows)
        last = at
        if kind == "NAME":
            while last + 1 < high and tuple(map(self._lower, (last, last + 1))) in _TYPE_PAIRS:
                last += 1
            if word in ("time", "timestamp") and self._lower(last + 1) in ("with", "without"):
                last += 3 if self._spells(last + 2, "time", "zone") else 0
        self._put(kind, at, last)
        return last + 1

    def _lower(self, at: int) -> str:
        return self.tokens.folded(at) if at < len(self.tokens) and self.tokens.kinds[at] == "word" else ""

    def _keyword(self, at: int, word: str, follows: str) -> str:
        """The terminal of an unquoted word, by its neighbours where PostgreSQL's lexer does so too."""
        after = self._lower(at + 1)
        last = self.out.kinds[-1] if self.out.kinds else ""
        if follows in ("=>", ":=") and word not in _RESERVED:
            return "NAME"
        if word == "not" and after in ("between", "in", "like", "ilike", "similar"):
            return "NOT_LA"
        if word in _KEYWORDS:
            return _KEYWORDS[word]
        if word in _IN_CASE:
            return _IN_CASE[word]
        if word in _BRACKETED:
            return _BRACKETED[word] if follows == "(" else "NAME" if word in ("row", "operator") else "WORD"
        kind = _in_company(word, last, after, follows)
        if kind:
            return kind
        tested = last == "IS" or self.out.kinds[-2:] == ["IS", "NOT"]
        return "WORD" if word in _RESERVED or (tested and word not in _TESTED) else "NAME"


def _in_company(word: str, last: str, after: str, follows: str) -> str:
    """The terminal of a word that is a keyword only beside certain others; "" where it is none."""
    if word == "at":
        return "AT" if after in ("time", "local") else ""
    if word == "array":
        return "ARRAY" if follows in ("[", "(") or last == "NAME" else ""
    if word in ("variadic", "as"):
        return word.upper()
    return word.upper() if (last, word) in _SECOND else ""
