"""Syntax errors of single tokens: quotes, comments, characters, and the file as a whole."""

from .findings import Severity
from .mistake import Mistake

TABLE = (
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
            "PostgreSQL reads everything up to the same tag, so a misspelt tag swallows the rest of the file."
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
)
