"""Tokens: PostgreSQL's lexical rules, and what psql adds to them."""

import pytest

from dfsql.grammar.lexer import Lexer, Tokens, fold, statement_tokens


def read(text: str) -> list[tuple[str, str]]:
    """The tokens of the first statement: kind, and the text as written."""
    tokens = statement_tokens(text, 0)
    return [(kind, tokens.word(at)) for at, kind in enumerate(tokens.kinds)]


def words(text: str) -> list[str]:
    return [word for _, word in read(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("'a'", "plain"), ("''", "plain"), ("'it''s'", "plain"), ("'back\\slash'", "plain"), ("'é\n;'", "plain"),
        ("E'a\\'b'", "escape"), ("e'\\\\'", "escape"), ("E'a''b'", "escape"), ("E'a\\\nb'", "escape"),
        ("N'a'", "national"), ("n'a'", "national"), ("B'01'", "bit"), ("b''", "bit"), ("X'1F'", "hex"),
        ("x'a'", "hex"),
        ("U&'\\00e9'", "unicode"), ("u&'d!0061' UESCAPE '!'", "unicode"), ("U&'a' /* c */ uescape\n'+'", "unicode"),
        ("$$a$$", "dollar"), ("$$$$", "dollar"), ("$q$ $$ ' -- $Q$ $q$", "dollar"), ("$é_1$x$é_1$", "dollar"),
        ('"a"', "quoted"), ('"a""b"', "quoted"), ('U&"\\0061"', "quoted"), ('"~>;"', "quoted"),
        ("a", "word"), ("_a1$b", "word"), ("naïve", "word"), ("数", "word"), ("e", "word"), ("a$$b", "word"),
        ("1", "number"), ("1_000", "number"), ("0x1F", "number"), ("0o17", "number"), ("0b1_0", "number"),
        ("1.5", "number"),
        ("1.", "number"), (".5", "number"), ("1e10", "number"), ("1.5E-3", "number"), ("5.e+1", "number"),
        ("$1", "param"), ("$23", "param"),
        (":a", "psql"), (":'a'", "psql"), (':"a b"', "psql"), (":{?a}", "psql"),
        ("::", "::"), (":=", ":="), ("..", ".."), ("=>", "=>"), (":", ":"),
    ],
)  # fmt: skip
def test_one_token(text: str, kind: str) -> None:
    assert read(text) == [(kind, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # quoted pieces are glued over a line break, with nothing but blanks and -- comments between them
        ("'a'\n'b'", ["'a'\n'b'"]), ("'a' -- c\n\t'b'", ["'a' -- c\n\t'b'"]), ("'a'\r'b'", ["'a'\r'b'"]),
        ("'a'\n\n-- c\n-- d\n'b'\n'c'", ["'a'\n\n-- c\n-- d\n'b'\n'c'"]), ("E'a'\n'\\''", ["E'a'\n'\\''"]),
        ("'a' --'x'\n''", ["'a' --'x'\n''"]),
        ("'a' 'b'", ["'a'", "'b'"]), ("'a' /* \n */ 'b'", ["'a'", "'b'"]), ("'a'\nE'b'", ["'a'", "E'b'"]),
        ("'a'\n$$b$$", ["'a'", "$$b$$"]), ("'a'\nn'b'", ["'a'", "n'b'"]), ("$$a$$\n'b'", ["$$a$$", "'b'"]),
        # the longest operator, cut short by a comment; + and - at its end
        ("'a'~>'b'", ["'a'", "~>", "'b'"]), ("a|=>b", ["a", "|=>", "b"]), ("a~>@>b", ["a", "~>@>", "b"]),
        ("a=>@>b", ["a", "=>@>", "b"]), ("a:=@>b", ["a", ":=", "@>", "b"]), ("a~>-5", ["a", "~>-", "5"]),
        ("a~>+5", ["a", "~>+", "5"]), ("a=-5", ["a", "=", "-", "5"]), ("a*+-5", ["a", "*", "+", "-", "5"]),
        ("a+-+5", ["a", "+", "-", "+", "5"]), ("a<-b", ["a", "<", "-", "b"]), ("a@-b", ["a", "@-", "b"]),
        ("a~>--c\nb", ["a", "~>", "b"]), ("a~>/*c*/b", ["a", "~>", "b"]), ("a+--c\nb", ["a", "+", "b"]),
        ("a<-/*c*/b", ["a", "<", "-", "b"]), ("a?>b!>c", ["a", "?>", "b", "!>", "c"]), ("a->>b", ["a", "->>", "b"]),
        ("a=>-5", ["a", "=>", "-", "5"]), ("*/", ["*/"]), ("a~>$$b$$", ["a", "~>", "$$b$$"]),
        # numbers and dots
        ("1..10", ["1", "..", "10"]), ("a.b", ["a", ".", "b"]), ("a.1", ["a", ".1"]), ("1.e", ["1.", "e"]),
        ("1e+x", ["1", "e", "+", "x"]), ("1__0", ["1", "__0"]), ("0x", ["0", "x"]),
        ("a[1:2]", ["a", "[", "1", ":", "2", "]"]),
        ("x::int", ["x", "::", "int"]), ("x ::text", ["x", "::", "text"]), (": a", [":", "a"]),
        # comments
        ("a /* b /* c */ d */ e", ["a", "e"]), ("a -- b\nc", ["a", "c"]), ("a --\rb", ["a", "b"]),
        ("a /**/b", ["a", "b"]),
        ("a /*/ */ b", ["a", "b"]),
        # line ends, and the mark of the byte order
        ("\ufeffa", ["a"]), ("a\r\nb\rc\fd\ve", ["a", "b", "c", "d", "e"]),
    ],
)  # fmt: skip
def test_sequences(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a", [("open-literal", 0, 1)]), ("a E'b\\'", [("open-literal", 2, 4)]), ("U&'a", [("open-literal", 0, 3)]),
        ('a "b', [("open-name", 2, 3)]), ("a $q$ b $Q$", [("open-dollar", 2, 5)]),
        ("a /* /* */ b", [("open-comment", 2, 4)]),
        ("a \0 b", [("nul", 2, 3)]), ("a { b", [("bad-character", 2, 3)]), ("$ a", [("bad-character", 0, 1)]),
        ("a \x01\x02", [("bad-character", 2, 3), ("bad-character", 3, 4)]), ("b \ufeff", []),
    ],
)  # fmt: skip
def test_broken_tokens(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert statement_tokens(text, 0).broken == expected


def test_reading_goes_on_behind_a_broken_token_where_a_line_ends_a_statement() -> None:
    text = "a 'b;c; -- d;\ne ' f;\ng;"
    tokens = statement_tokens(text, 0)
    assert (tokens.broken, text[tokens.end :]) == ([], "\ng;")
    text = "a $$b;c; d;\nnext"
    tokens = statement_tokens(text, 0)
    assert (tokens.broken, text[tokens.end :]) == ([("open-dollar", 2, 4)], "\nnext")


def test_comments_are_kept_apart() -> None:
    tokens = statement_tokens("/* a */ b -- c\n, /* d /* e */ */ f", 0)
    assert [tokens.text[start:end] for start, end in tokens.comments] == [
        "/* a */",
        "-- c",
        "/* d /* e */ */",
    ]


@pytest.mark.parametrize(
    ("word", "name"),
    [("Abc", "abc"), ('"Abc"', "Abc"), ('"a""b"', 'a"b'), ('U&"x"', "x"), ("ÄB", "äb")],
)
def test_names_are_folded(word: str, name: str) -> None:
    assert fold(word) == name


def statements(text: str) -> list[str]:
    """What psql would send, one statement after the other, without the white space around it."""
    found: list[str] = []
    lexer = Lexer(text)
    at = 0
    while at < len(text):
        tokens: Tokens = lexer.statement(at)
        if len(tokens):
            found.append(text[tokens.starts[0] : tokens.end].strip())
        assert tokens.end > at
        at = tokens.end
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b", ["a;", "b"]), ("a;;b;", ["a;", "b;"]), ("'a;b'; c", ["'a;b';", "c"]),
        ("$$a;b$$; c", ["$$a;b$$;", "c"]),
        ('"a;b"; c', ['"a;b";', "c"]), ("a -- ;\n; b", ["a -- ;\n;", "b"]),
        ("a /* ; /* ; */ ; */; b", ["a /* ; /* ; */ ; */;", "b"]),
        ("", []), (" -- nothing\n", []), ("a (b; c", ["a (b;", "c"]),
        ("CREATE RULE r AS ON INSERT TO t DO (a; b); c", ["CREATE RULE r AS ON INSERT TO t DO (a; b);", "c"]),
        ("CREATE OR REPLACE RULE r AS ON INSERT TO t DO INSTEAD (a; b); c",
         ["CREATE OR REPLACE RULE r AS ON INSERT TO t DO INSTEAD (a; b);", "c"]),
        ("CREATE FUNCTION f() BEGIN ATOMIC a; b; END; c", ["CREATE FUNCTION f() BEGIN ATOMIC a; b; END;", "c"]),
        ("create procedure p() begin atomic select case when a then case b when 1 then 2 end end; c; end; d",
         ["create procedure p() begin atomic select case when a then case b when 1 then 2 end end; c; end;", "d"]),
        ("CREATE TABLE t (a int); BEGIN; END; b", ["CREATE TABLE t (a int);", "BEGIN;", "END;", "b"]),
        ("CREATE FUNCTION f() AS $$ BEGIN; END; $$; b", ["CREATE FUNCTION f() AS $$ BEGIN; END; $$;", "b"]),
        ("\\set a 'it''s; b\nc;", ["c;"]), ("a \\g x;\nb", ["a \\g x;", "b"]),
        ("a \\gset p_\nb;", ["a \\gset p_", "b;"]), ("a \\gx\nb", ["a \\gx", "b"]),
        ("a \\; b; c", ["a \\;", "b;", "c"]), ("a \\echo 'x\n, b; c", ["a \\echo 'x\n, b;", "c"]),
        ("\\if :x\na;\n\\endif\nb", ["a;", "b"]),
        ("COPY t FROM stdin;\nit's; \\x\n\\.\nb;", ["COPY t FROM stdin;\nit's; \\x\n\\.", "b;"]),
        ("copy t (a) from STDIN (format csv);\na;b\n\\.\r\nb",
        ["copy t (a) from STDIN (format csv);\na;b\n\\.", "b"]),
        ("COPY t FROM 'f'; b", ["COPY t FROM 'f';", "b"]),
        ("COPY (SELECT 'from stdin') TO STDOUT; b", ["COPY (SELECT 'from stdin') TO STDOUT;", "b"]),
        ("COPY t FROM STDIN;\na", ["COPY t FROM STDIN;\na"]),
    ],
)  # fmt: skip
def test_statements_are_split_as_psql_does(text: str, expected: list[str]) -> None:
    assert statements(text) == expected
