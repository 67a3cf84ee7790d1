"""Syntax errors: one table with the texts, the examples and the rule records' data.

Every entry has a wrong example and the message it gives; the tests run them all. `{...}` in a message is filled
with what was found.
"""

from dataclasses import dataclass

from .findings import Finding, Fix, Label, Severity
from .source import Span


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One kind of syntax error."""

    key: str
    code: str
    name: str
    message: str
    help: str
    summary: str
    rationale: str
    bad: str
    good: str
    severity: Severity = Severity.ERROR

    def finding(
        self,
        span: Span,
        *,
        labels: tuple[Label, ...] = (),
        fixes: tuple[Fix, ...] = (),
        help: str | None = None,
        **words: str,
    ) -> Finding:
        """A finding with the message's gaps filled."""
        return Finding(
            code=self.code,
            severity=self.severity,
            message=self.message.format(**words),
            span=span,
            help=help or self.help.format(**words),
            labels=labels,
            fixes=fixes,
        )


_TABLE = (
    Mistake(
        key="open-literal",
        code="DF001",
        name="unterminated-string",
        message="this quote is never closed",
        help="close the string with ' and write a quote inside it twice ('')",
        summary="A string literal has no closing quote.",
        rationale=(
            "Everything after the quote would be part of the string. The usual cause is a quote inside "
            "the step's SQL that was not doubled; dollar quotes ($$...$$) avoid the doubling."
        ),
        bad="SELECT df.start('SELECT 1 ~> df.sleep(5));",
        good="SELECT df.start('SELECT 1' ~> df.sleep(5));",
    ),
    Mistake(
        key="open-dollar",
        code="DF002",
        name="unterminated-dollar-quote",
        message="the dollar quote {tag} is never closed",
        help="repeat {tag} at the end of the text; tags are compared with upper and lower case",
        summary="A dollar-quoted text has no closing tag.",
        rationale=(
            "PostgreSQL reads everything up to the same tag, so a misspelt tag swallows the rest of the "
            "file."
        ),
        bad="SELECT df.start($q$SELECT 1$Q$ ~> df.sleep(5));",
        good="SELECT df.start($q$SELECT 1$q$ ~> df.sleep(5));",
    ),
    Mistake(
        key="open-comment",
        code="DF003",
        name="unterminated-comment",
        message="this comment is never closed",
        help="close it with */; comments nest, so every /* inside needs a */ of its own",
        summary="A /* comment has no closing */.",
        rationale="PostgreSQL's comments nest: a /* inside a comment opens another one.",
        bad="SELECT df.start('SELECT 1' /* first step ~> 'SELECT 2');",
        good="SELECT df.start('SELECT 1' /* first step */ ~> 'SELECT 2');",
    ),
    Mistake(
        key="open-name",
        code="DF004",
        name="unterminated-name",
        message="this quoted name is never closed",
        help='close the name with "; text is written in single quotes',
        summary="A quoted identifier has no closing double quote.",
        rationale=(
            'Double quotes enclose names, single quotes enclose text. A step such as "SELECT 1" is read '
            "as a column name."
        ),
        bad="SELECT df.start('SELECT 1' |=> \"x);",
        good="SELECT df.start('SELECT 1' |=> 'x');",
    ),
    Mistake(
        key="open-parenthesis",
        code="DF005",
        name="unclosed-parenthesis",
        message="this {bracket} is never closed",
        help="add the missing {closing}",
        summary="A parenthesis or bracket is opened but not closed.",
        rationale=(
            "The statement ends before the group does, so the server would wait for more input and then "
            "refuse it."
        ),
        bad="SELECT df.start(('SELECT 1' & 'SELECT 2') ~> ('SELECT 3' & 'SELECT 4');",
        good="SELECT df.start(('SELECT 1' & 'SELECT 2') ~> ('SELECT 3' & 'SELECT 4'));",
    ),
    Mistake(
        key="stray-parenthesis",
        code="DF006",
        name="unopened-parenthesis",
        message="there is no opening {opening} for this {bracket}",
        help="remove it, or add the missing {opening}",
        summary="A closing parenthesis or bracket has no partner.",
        rationale="The group was closed once too often; the rest would stand outside of the call.",
        bad="SELECT df.start('SELECT 1' ~> 'SELECT 2')) ~> 'SELECT 3';",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2' ~> 'SELECT 3');",
    ),
    Mistake(
        key="missing-right",
        code="DF007",
        name="missing-operand",
        message="{operator} has nothing on its right",
        help="write the step that follows {operator}, or remove the operator",
        summary="An operator lacks an operand.",
        rationale="Binary operators need a step on both sides; only @> stands in front of one.",
        bad="SELECT df.start('SELECT 1' ~> );",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="missing-operator",
        code="DF008",
        name="missing-operator",
        message="expected an operator between two steps, found {found}",
        help="join the steps with ~> (then), & (all of), | (first of), or separate arguments by a comma",
        summary="Two steps stand side by side without an operator.",
        rationale=(
            "Steps are joined by operators. Often an inner quote that was not doubled ends the string too "
            "early."
        ),
        bad="SELECT df.start('SELECT 1' df.sleep(5));",
        good="SELECT df.start('SELECT 1' ~> df.sleep(5));",
    ),
    Mistake(
        key="split-operator",
        code="DF009",
        name="split-operator",
        message="the operator {whole} must be written without a blank inside",
        help="write {whole}",
        summary="A blank splits an operator in two.",
        rationale="PostgreSQL reads the two halves as two operators.",
        bad="SELECT df.start('SELECT 1' | => 'x');",
        good="SELECT df.start('SELECT 1' |=> 'x');",
    ),
    Mistake(
        key="bad-character",
        code="DF010",
        name="unexpected-character",
        message="unexpected character {found}",
        help="remove it; text belongs in single quotes",
        summary="A character that SQL has no use for.",
        rationale=(
            "Such characters come from copying out of a document: typographic quotes, or braces outside "
            "of a string."
        ),
        bad="SELECT df.start('SELECT 1' ~> 'SELECT 2'});",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="nul",
        code="DF011",
        name="nul-character",
        message="the file holds a NUL character",
        help="remove it; PostgreSQL cannot store or read it. Is the file saved as UTF-16?",
        summary="A NUL character in the text.",
        rationale="PostgreSQL ends the text at a NUL. A file in UTF-16 holds one in every second byte.",
        bad="SELECT df.start('SELECT 1' \0 ~> 'SELECT 2');",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="bad-escape",
        code="DF012",
        name="invalid-escape",
        message="{reason}",
        help="correct the escape, or use a plain '...' literal, where a backslash stands for itself",
        summary="An escape sequence in E'...' or U&'...' is not valid.",
        rationale="PostgreSQL refuses the literal.",
        bad="SELECT df.start(E'SELECT \\u00' ~> 'SELECT 2');",
        good="SELECT df.start(E'SELECT \\u00e9' ~> 'SELECT 2');",
    ),
    Mistake(
        key="empty-argument",
        code="DF013",
        name="empty-argument",
        message="an argument is missing {where}",
        help="write the argument, or remove the comma",
        summary="Nothing stands between two commas, or after the last one.",
        rationale="SQL has no trailing commas.",
        bad="SELECT df.join('SELECT 1', 'SELECT 2', );",
        good="SELECT df.join('SELECT 1', 'SELECT 2');",
    ),
    Mistake(
        key="positional-after-named",
        code="DF014",
        name="positional-after-named",
        message="a positional argument cannot follow a named one",
        help="name this argument too, or move it in front",
        summary="An argument without a name follows one with a name.",
        rationale="PostgreSQL refuses the call: positional argument cannot follow named argument.",
        bad="SELECT df.start(fut => 'SELECT 1', 'nightly');",
        good="SELECT df.start('SELECT 1', label => 'nightly');",
    ),
    Mistake(
        key="reserved-argument",
        code="DF015",
        name="reserved-argument-name",
        message="{word} is a reserved word and cannot name an argument",
        help="the parameters of df.if are condition, then_branch and else_branch",
        summary="An argument is named by a reserved word such as then or else.",
        rationale=(
            "PostgreSQL stops with a syntax error. The parameters are called then_branch and else_branch."
        ),
        bad="SELECT df.start(df.if('SELECT true', then => 'SELECT 1', else => 'SELECT 2'));",
        good="SELECT df.start(df.if('SELECT true', then_branch => 'SELECT 1', else_branch => 'SELECT 2'));",
    ),
    Mistake(
        key="literal-beside-literal",
        code="DF016",
        name="literals-side-by-side",
        message="two literals stand side by side",
        help=(
            "join them with ~> for two steps, or with || for one text; arguments are separated by a comma, "
            "and a quote inside a string is written twice"
        ),
        summary="Two quoted texts on one line without an operator.",
        rationale=(
            "PostgreSQL joins two literals only across a line break. Often an inner quote was not doubled."
        ),
        bad="SELECT df.start('SELECT 1' 'SELECT 2');",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="missing-left",
        code="DF017",
        name="missing-left-operand",
        message="{operator} has nothing on its left",
        help="write the step in front of {operator}; only @> is written before a single step",
        summary="A binary operator stands at the start.",
        rationale="PostgreSQL would look for a prefix operator of that name, which does not exist.",
        bad="SELECT df.start(~> 'SELECT 1');",
        good="SELECT df.start('SELECT 0' ~> 'SELECT 1');",
    ),
    Mistake(
        key="unknown-statement",
        code="DF018",
        name="unknown-statement",
        message="{found} does not begin an SQL statement",
        help="{hint}",
        summary="A statement with a workflow starts with an unknown word.",
        rationale="A file holds SQL statements, or bare workflow expressions that begin with a step.",
        bad="SELCT df.start('SELECT 1');",
        good="SELECT df.start('SELECT 1');",
    ),
    Mistake(
        key="unexpected",
        code="DF019",
        name="unexpected-token",
        message="{found} is not expected here",
        help="{hint}",
        summary="Something stands where it cannot.",
        rationale="The parser knows what could stand at this place, and this is none of it.",
        bad="SELECT df.start('SELECT 1' AS x);",
        good="SELECT df.start('SELECT 1' |=> 'x');",
    ),
    Mistake(
        key="no-workflow",
        code="DF020",
        name="no-workflow",
        message="no workflow found in this file",
        help="write a workflow expression, or call df.start('...')",
        summary="The file holds no workflow.",
        rationale=(
            "An empty file, or one with comments only, is probably a mistake; a script without workflows "
            "needs no check."
        ),
        bad="-- nothing here yet\n",
        good="'SELECT 1' ~> 'SELECT 2';",
        severity=Severity.INFO,
    ),
    Mistake(
        key="not-utf8",
        code="DF021",
        name="not-utf8",
        message="{reason}",
        help="save the file as UTF-8, or convert it: iconv -f {encoding} -t UTF-8",
        summary="The file is not written in UTF-8.",
        rationale=(
            "dfsql reads UTF-8, as psql does with a database in that encoding; in any other encoding "
            "letters outside of ASCII would be read as others, or not at all. Nothing else is reported "
            "about such a file. (The examples show the byte as \\udce9.)"
        ),
        bad="SELECT df.start('INSERT INTO drinks VALUES (''caf\udce9'')');",
        good="SELECT df.start('INSERT INTO drinks VALUES (''café'')');",
    ),
    Mistake(
        key="typographic",
        code="DF022",
        name="typographic-character",
        message="{found} is a character of word processors; SQL takes it for a letter",
        help="write {plain} instead",
        summary="A typographic quote, dash, arrow or blank in place of a plain one.",
        rationale=(
            "Text that was copied out of a document or a chat often brings such characters along. PostgreSQL "
            "knows the plain ones only, and reads all others as parts of a name."
        ),
        bad="SELECT df.start(‘SELECT 1’ ~> 'SELECT 2');",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="arrow",
        code="DF023",
        name="arrow-for-sequence",
        message="=> passes an argument by its name, and {found} is no name",
        help="write ~> for one step after the other, |=> to name a result",
        summary="The arrow => stands between two steps.",
        rationale=(
            "Three operators look alike: ~> runs one step after the other, |=> names a result, => passes an "
            "argument by name."
        ),
        bad="SELECT df.start('SELECT 1' => 'SELECT 2');",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="open-case",
        code="DF024",
        name="case-without-end",
        message="this CASE has no END",
        help="write END after the last branch",
        summary="A CASE expression is not closed.",
        rationale="A CASE expression reaches up to its END, also where another bracket closes before.",
        bad="SELECT df.start(CASE WHEN random() > 0.5 THEN 'SELECT 1' ELSE 'SELECT 2' ~> 'SELECT 3');",
        good="SELECT df.start(CASE WHEN random() > 0.5 THEN 'SELECT 1' ELSE 'SELECT 2' END ~> 'SELECT 3');",
    ),
    Mistake(
        key="semicolon-inside",
        code="DF025",
        name="semicolon-inside",
        message="this semicolon ends the statement in the middle of an expression",
        help="remove it; steps are joined by ~>, and no semicolon is needed inside of a call",
        summary="A semicolon stands inside parentheses.",
        rationale="A semicolon outside of quotes ends the statement wherever it stands.",
        bad="SELECT df.start('SELECT 1' ~> 'SELECT 2';);",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="missing-semicolon",
        code="DF026",
        name="missing-semicolon",
        message="a semicolon is missing in front of this {word}",
        help="end the statement before it with ;",
        summary="Two statements run together.",
        rationale="Without the semicolon the two are one statement, which PostgreSQL refuses.",
        bad="SELECT df.start('SELECT 1')\nSELECT df.start('SELECT 2');",
        good="SELECT df.start('SELECT 1');\nSELECT df.start('SELECT 2');",
    ),
    Mistake(
        key="double-quoted-step",
        code="DF027",
        name="double-quoted-step",
        message="double quotes enclose a name, and this is SQL text",
        help="write the step in single quotes, or in $$...$$",
        summary="A step is written in double quotes.",
        rationale="PostgreSQL takes it for the name of a column, which does not exist.",
        bad='SELECT df.start("SELECT 1" ~> df.sleep(5));',
        good="SELECT df.start('SELECT 1' ~> df.sleep(5));",
    ),
    Mistake(
        key="call-without-parentheses",
        code="DF028",
        name="call-without-parentheses",
        message="{function} is a function, and its arguments stand in parentheses",
        help="write {function}(...)",
        summary="The parentheses of a call are missing.",
        rationale="A name in front of a text is read as the type of that text.",
        bad="SELECT df.start('SELECT 1' ~> df.sleep 5);",
        good="SELECT df.start('SELECT 1' ~> df.sleep(5));",
    ),
    Mistake(
        key="unquoted-sql",
        code="DF029",
        name="unquoted-sql",
        message="SQL stands here without quotes",
        help="write the step as text: '...' with every quote inside it doubled, or $$...$$",
        summary="The SQL of a step is not quoted.",
        rationale="A step is the text of a statement, to be run later; without quotes it is part of this statement.",
        bad="SELECT df.start('SELECT 1' ~> SELECT 2);",
        good="SELECT df.start('SELECT 1' ~> 'SELECT 2');",
    ),
    Mistake(
        key="foreign-comment",
        code="DF030",
        name="foreign-comment",
        message="in SQL, {found} does not begin a comment",
        help="write --, or /* ... */",
        summary="A comment is written as in another language.",
        rationale="PostgreSQL takes // and # for operators, and the words behind them for names.",
        bad="# the first step\n'SELECT 1' ~> 'SELECT 2';",
        good="-- the first step\n'SELECT 1' ~> 'SELECT 2';",
    ),
)  # fmt: skip

MISTAKES: dict[str, Mistake] = {mistake.key: mistake for mistake in _TABLE}
