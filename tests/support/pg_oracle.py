"""What a live PostgreSQL reads in an expression: its raw parse tree, every location included.

The server prints the tree of each statement when `debug_print_parse` is on. For a utility statement it is the
raw one, straight from the grammar: no operator, function or column needs to exist. `CREATE TABLE IF NOT EXISTS`
of a table that exists is such a statement, runs to its end without a look at its constraints, and holds any
number of expressions.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from node_dump import Dumped, read_dump, unquoted
from shapes import Shape

_SETTINGS = """
create table if not exists known ();
set client_min_messages = log;
set log_min_messages = panic;
set debug_pretty_print = off;
set debug_print_parse = on
"""
_BATCH = 64
_BETWEEN = {
    "BETWEEN": "between",
    "NOT_BETWEEN": "not between",
    "BETWEEN_SYM": "between symmetric",
    "NOT_BETWEEN_SYM": "not between symmetric",
}
_LIKES = {
    ("LIKE", "~~"): "like",
    ("LIKE", "!~~"): "not like",
    ("ILIKE", "~~*"): "ilike",
    ("ILIKE", "!~~*"): "not ilike",
    ("SIMILAR", "~"): "similar to",
    ("SIMILAR", "!~"): "not similar to",
}
_TRUTHS = ("true", "not true", "false", "not false", "unknown", "not unknown")


@dataclass(frozen=True)
class Rejected:
    """PostgreSQL does not parse the text; `at` is a character offset into it, or -1."""

    sqlstate: str
    message: str
    at: int


class Oracle:
    """Reads expressions through one connection of a superuser."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection
        self._dumps: list[str] = []
        for statement in _SETTINGS.strip().split(";"):
            connection.execute(statement.encode())
        connection.add_notice_handler(self._notice)

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.message_primary == "parse tree:" and diagnostic.message_detail:
            self._dumps.append(diagnostic.message_detail)

    def read(self, texts: Sequence[str]) -> list[Shape | Rejected]:
        """The tree of every text; offsets count characters of that text."""
        found: list[Shape | Rejected] = []
        for start in range(0, len(texts), _BATCH):
            found += self._read_batch(texts[start : start + _BATCH])
        return found

    def read_one(self, text: str) -> Shape | Rejected:
        """The tree of one text."""
        return self.read([text])[0]

    def _read_batch(self, texts: Sequence[str]) -> list[Shape | Rejected]:
        head, glue = "create table if not exists known (check (\n", "\n), check (\n"
        statement = head + glue.join(texts) + "\n))"
        self._dumps.clear()
        try:
            # never as a prepared statement: that one is parsed, and printed, only once
            self._connection.execute(statement.encode(), prepare=False)
        except psycopg.Error as error:
            if len(texts) == 1:
                position = int(error.diag.statement_position or 0) - 1
                return [Rejected(error.sqlstate or "", str(error.diag.message_primary), position - len(head))]
            middle = len(texts) // 2
            return self._read_batch(texts[:middle]) + self._read_batch(texts[middle:])
        (dump,) = self._dumps
        constraints = read_dump(dump).node("utilityStmt").nodes("tableElts")
        if len(constraints) != len(texts):  # an unbalanced text has closed our parenthesis
            return [Rejected("42601", "unbalanced parentheses", -1)]
        characters = _character_offsets(statement)
        found: list[Shape | Rejected] = []
        start = len(head)
        for text, constraint in zip(texts, constraints, strict=True):
            found.append(_Reader(characters, start).shape(constraint.node("raw_expr")))
            start += len(text) + len(glue)
        return found


def _character_offsets(text: str) -> Sequence[int]:
    """Character offset by byte offset."""
    if text.isascii():
        return range(len(text) + 1)
    offsets = [at for at, char in enumerate(text) for _ in range(len(char.encode()))]
    return [*offsets, len(text)]


class _Reader:
    """Turns printed nodes into shapes; locations become character offsets from `start`."""

    def __init__(self, characters: Sequence[int], start: int) -> None:
        self._characters = characters
        self._start = start
        self._by_label: dict[str, Callable[[Dumped], Shape]] = {
            "A_CONST": self._constant,
            "A_EXPR": self._expression,
            "BOOLEXPR": self._boolean,
            "NULLTEST": self._null_test,
            "BOOLEANTEST": self._truth_test,
            "FUNCCALL": self._function,
            "TYPECAST": self._cast,
            "COLLATECLAUSE": self._collate,
            "COLUMNREF": self._column,
            "PARAMREF": self._parameter,
            "CASEEXPR": self._case,
            "A_ARRAYEXPR": self._array,
            "ROWEXPR": self._row,
            "A_INDIRECTION": self._indirection,
            "SUBLINK": self._sublink,
        }

    def shape(self, node: Dumped) -> Shape:
        """The shape of an expression; one without a rule of its own is opaque."""
        rule = self._by_label.get(node.label)
        return rule(node) if rule else Shape("opaque", "", self._at(node), hidden=self._inside(node))

    def _shapes(self, nodes: Sequence[Dumped]) -> tuple[Shape, ...]:
        return tuple(self.shape(node) for node in nodes)

    def _at(self, node: Dumped) -> int:
        return -1 if node.location < 0 else self._characters[node.location] - self._start

    def _inside(self, node: Dumped) -> tuple[Shape, ...]:
        """The outermost expressions below a node of any kind."""
        found: list[Shape] = []
        stack: list[object] = list(node.fields.values())[::-1]
        while stack:
            value = stack.pop()
            if isinstance(value, list):
                stack.extend(reversed(value))
            elif isinstance(value, Dumped) and value.label in self._by_label:
                found.append(self.shape(value))
            elif isinstance(value, Dumped):
                stack.extend(list(value.fields.values())[::-1])
        return tuple(found)

    def _constant(self, node: Dumped) -> Shape:
        return Shape("constant", _constant_name(node), self._at(node))

    def _expression(self, node: Dumped) -> Shape:
        at, form = self._at(node), node.words[0] if node.words else ""
        if form == "NULLIF":
            return Shape("opaque", "", at, hidden=self._inside(node))
        left, right = node.optional("lexpr"), node.fields["rexpr"]
        operands = [*([left] if left else []), *(right if isinstance(right, list) else [right])]
        name = node.strings("name")[-1]
        parts = self._shapes(operands)
        if form == "":
            return Shape("operator", name, at, parts)
        if form == "IN":
            return Shape("in" if name == "=" else "not in", "", at, parts)
        if form in _BETWEEN:
            return Shape(_BETWEEN[form], "", at, parts)
        if form in ("DISTINCT", "NOT_DISTINCT"):
            word = "is distinct from" if form == "DISTINCT" else "is not distinct from"
            return Shape(word, "", at, parts)
        if (form, name) in _LIKES:
            pattern = node.node("rexpr")
            if pattern.label == "FUNCCALL" and pattern.strings("funcname")[-1].endswith("_escape"):
                parts = (parts[0], *self._shapes(pattern.nodes("args")))
            return Shape(_LIKES[form, name], "", at, parts)
        return Shape(form.lower(), name, at, parts)  # ANY, ALL

    def _boolean(self, node: Dumped) -> Shape:
        word, arguments = node.text("boolop"), node.nodes("args")
        if word == "not" and arguments[0].label == "SUBLINK" and arguments[0].location == node.location:
            inner = self._sublink(arguments[0])
            return Shape("not in", "", inner.at, inner.parts)
        return Shape(word, "", self._at(node), self._shapes(arguments))

    def _null_test(self, node: Dumped) -> Shape:
        word = "is null" if node.text("nulltesttype") == "0" else "is not null"
        return Shape(word, "", self._at(node), (self.shape(node.node("arg")),))

    def _truth_test(self, node: Dumped) -> Shape:
        word = f"is {_TRUTHS[int(node.text('booltesttype'))]}"
        return Shape(word, "", self._at(node), (self.shape(node.node("arg")),))

    def _function(self, node: Dumped) -> Shape:
        names, arguments = node.strings("funcname"), node.nodes("args")
        if names[-1] == "timezone" and node.text("funcformat") == "3":
            word = "at time zone" if len(arguments) == 2 else "at local"
            return Shape(word, "", self._at(node), self._shapes(arguments[::-1]))
        if names[0] == "df" and len(names) == 2:
            return Shape("call", names[1], self._at(node), tuple(self._argument(item) for item in arguments))
        return Shape("opaque", "", self._at(node), hidden=self._inside(node))

    def _argument(self, node: Dumped) -> Shape:
        if node.label != "NAMEDARGEXPR":
            return self.shape(node)
        return Shape("named", node.text("name"), self._at(node), (self.shape(node.node("arg")),))

    def _cast(self, node: Dumped) -> Shape:
        return Shape(
            "cast", _type_name(node.node("typeName")), self._at(node), (self.shape(node.node("arg")),)
        )

    def _collate(self, node: Dumped) -> Shape:
        name = ".".join(node.strings("collname"))
        return Shape("collate", name, self._at(node), (self.shape(node.node("arg")),))

    def _column(self, node: Dumped) -> Shape:
        parts = ["*" if isinstance(part, Dumped) else unquoted(str(part)) for part in node.items("fields")]
        return Shape("column", ".".join(parts), self._at(node))

    def _parameter(self, node: Dumped) -> Shape:
        return Shape("parameter", f"${node.text('number')}", self._at(node))

    def _case(self, node: Dumped) -> Shape:
        arms = [arm.node(name) for arm in node.nodes("args") for name in ("expr", "result")]
        subject, default = node.optional("arg"), node.optional("defresult")
        operands = [*([subject] if subject else []), *arms, *([default] if default else [])]
        name = ("of " if subject else "") + f"{len(arms) // 2}"
        return Shape("case", name, self._at(node), self._shapes(operands))

    def _array(self, node: Dumped) -> Shape:
        return Shape("array", "", self._at(node), self._shapes(node.nodes("elements")))

    def _row(self, node: Dumped) -> Shape:
        return Shape("row", "", self._at(node), self._shapes(node.nodes("args")))

    def _indirection(self, node: Dumped) -> Shape:
        shape = self.shape(node.node("arg"))
        for step in node.items("indirection"):
            if isinstance(step, Dumped) and step.label == "A_INDICES":
                bounds = [bound for bound in (step.optional("lidx"), step.optional("uidx")) if bound]
                shape = Shape("subscript", "", -1, (shape, *self._shapes(bounds)))
            else:
                shape = Shape("field", "*" if isinstance(step, Dumped) else unquoted(str(step)), -1, (shape,))
        return shape

    def _sublink(self, node: Dumped) -> Shape:
        query = Shape("opaque", "", -1, hidden=self._inside(node.node("subselect")))
        tested = node.optional("testexpr")
        if tested is None:
            return Shape("opaque", "", self._at(node), hidden=query.hidden)
        operator = node.strings("operName")
        word = "in" if not operator else "any" if node.text("subLinkType") == "2" else "all"
        return Shape(word, "".join(operator[-1:]), self._at(node), (self.shape(tested), query))


def _constant_name(node: Dumped) -> str:
    if node.words == ["NULL"]:
        return "null"
    value = node.text("val")
    if value.startswith('"'):
        return f"'{unquoted(value)}'"
    return value


def _type_name(node: Dumped) -> str:
    """The last part of the name in lower case, with modifiers and array brackets."""
    modifiers = ",".join(str(item.fields.get("val")) for item in node.nodes("typmods"))
    if not re.fullmatch(r"[0-9,]*", modifiers):
        modifiers = "?"
    name = node.strings("names")[-1]
    return name.lower() + (f"({modifiers})" if modifiers else "") + "[]" * len(node.items("arrayBounds"))
