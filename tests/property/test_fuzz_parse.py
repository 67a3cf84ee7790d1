"""Fuzzing: broken, cut and scrambled texts never crash or hang the compiler, and what it says stays inside the text.

`DFSQL_FUZZ_N` sets the number of inputs (`make fuzz` runs many more than the suite does).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import process_time

import pytest

from dfsql.compiler import check, compile
from dfsql.grammar import MISTAKES, Finding, Script, Span, parse
from dfsql.grammar.lexer import statement_tokens

DATA = Path(__file__).parents[1] / "data"
COUNT = int(os.environ.get("DFSQL_FUZZ_N", "10000"))
CHUNKS = 20  # so that the processes of a run share the work
SECONDS = 1.0  # of processor time, at most, for one input
WITH_SQL = 10  # one in so many inputs has the SQL of its steps parsed too

ATOMS = (
    "'", "''", '"', "$$", "$q$", "$", "E'", "U&'", "B'", "\\", "\\'", "--", "/*", "*/", "\n", "\r\n", "\r",
    "\t", "\0", ";",
    ";\n", "(", ")", "[", "]", "{", "}", ",", ".", ":", "::", ":=", "=>", "~>", "|=>", "?>", "!>", "@>", "&",
    "|", "||", "->>",
    "~>@>", "=", "<", "-", "+", "~", "? >", "| =>", "df.", "df.start(", "df.if(", "df.loop(", "df.explain($$",
    "df.", "then =>",
    "case", "when", "then", "else", "end", "select", "from", "in", "is", "not", "between", "like", "and",
    "or", "null", "as",
    "cast(", "array[", "operator(public.~>)", "do $$", "begin", "begin atomic", "create function f() as $x$",
    "execute '", "copy t from stdin;\n",
    "\\gset", "\\;", "set search_path = df;", "interval", "1", "1.5e", "0x", "1..2", "$1", ":a", ":'a'", "é",
    "数", "🎉", "\u00a0",
    "‘", "”", "\ufeff", "\ud800", "\x01", "%s", "{x}", "$x", "$x.*", "x", '"x"',
)  # fmt: skip


def sources() -> list[str]:
    """Statements to begin from: short ones, of every file of the corpus, and the examples of the mistakes."""
    found = [text for mistake in MISTAKES.values() for text in (mistake.bad, mistake.good)]
    for path in sorted(DATA.rglob("*.dfsql")):
        text = path.read_bytes().decode(errors="replace")
        found += [text[statement.start : statement.end] for statement in parse(text).statements]
    return [text for text in found if len(text) < 1500]


SOURCES = sources()


def pieces(text: str) -> list[str]:
    """The text cut before every token."""
    cuts = [0]
    at = 0
    while at < len(text):
        tokens = statement_tokens(text, at)
        cuts += tokens.starts
        at = tokens.end
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def mutated(rng: Random) -> str:
    """A text that was correct once."""
    parts = pieces(rng.choice(SOURCES))
    if rng.random() < 0.3:
        other = pieces(rng.choice(SOURCES))
        parts = parts[: rng.randrange(len(parts) + 1)] + other[rng.randrange(len(other) + 1) :]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if parts:
            change(rng, parts)
    text = "".join(parts)
    return wrapped(rng, text) if rng.random() < 0.2 else text


def change(rng: Random, parts: list[str]) -> None:
    """One random change: delete, repeat, swap, insert, cut or scramble."""
    at = rng.randrange(len(parts))
    other = rng.randrange(len(parts))
    kind = rng.randrange(8)
    if kind == 0:
        del parts[at : at + rng.choice((1, 1, 2, 5))]
    elif kind == 1:
        parts[at:at] = parts[at : at + rng.choice((1, 2, 5))]
    elif kind == 2:
        parts[at], parts[other] = parts[other], parts[at]
    elif kind < 6:
        parts.insert(at, rng.choice(("", " ")) + rng.choice(ATOMS) + rng.choice(("", " ")))
    elif kind == 6:
        del parts[max(at, 1) :]
    else:
        word = parts[at]
        place = rng.randrange(len(word) + 1)
        parts[at] = (
            word[:place] + rng.choice((chr(rng.randrange(0x250)), rng.choice(ATOMS), "")) + word[place + 1 :]
        )


def wrapped(rng: Random, text: str) -> str:
    """The text inside code that is quoted."""
    doubled = text.replace("'", "''")
    return rng.choice(
        (
            f"DO $fuzz$ BEGIN PERFORM {text} END $fuzz$;",
            f"DO 'BEGIN {doubled} END';\nSELECT df.start('x');",
            f"DO $a$ BEGIN EXECUTE $b${text}$b$; EXECUTE format('{doubled}', 1); END $a$",
            f"SELECT df.explain('{doubled}'), df.explain($f$ {text} $f$);",
            f"SET search_path = df;\n{text}\n;{text}",
            text.replace("\n", "\r\n") * 2,
            f"SELECT df.start({text.rstrip().rstrip(';')} ~> f({text}));",
        )
    )


def spans(findings: list[Finding] | tuple[Finding, ...]) -> Iterator[Span]:
    for finding in findings:
        yield finding.span
        yield from (label.span for label in finding.labels)
        yield from (edit.span for fix in finding.fixes for edit in fix.edits)


def examine(text: str, *, parse_sql: bool = False) -> None:
    """Compile and check a text, and look at every place that is spoken of."""
    start = process_time()
    compilation = compile(text)
    findings = check(compilation, parse_sql=parse_sql)
    seconds = process_time() - start
    assert seconds < SECONDS, f"{seconds:.2f} s"
    script: Script = compilation.script
    for span in [
        *spans(script.findings),
        *spans(findings),
        *(workflow.span for workflow in script.workflows),
    ]:
        assert 0 <= span.start <= span.end <= len(text)
    for found in (script.findings, findings):
        assert [finding.span.start for finding in found] == sorted(finding.span.start for finding in found)
        assert all(finding.message and finding.code for finding in found)
    ends = [
        0,
        *(edge for statement in script.statements for edge in (statement.start, statement.end)),
        len(text),
    ]
    assert ends == sorted(ends)
    assert all(0 <= region.span.start <= region.span.end <= len(text) for region in script.regions)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_fuzz_mutations(chunk: int) -> None:
    rng = Random(f"fuzz {chunk}")
    for number in range(chunk, COUNT, CHUNKS):
        text = mutated(rng)
        try:
            examine(text, parse_sql=number % WITH_SQL == 0)
        except Exception as error:
            error.add_note(f"chunk {chunk}, input {number}: {text!r}")
            raise


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(4))
def test_fuzz_noise(chunk: int) -> None:
    """Texts of nothing but atoms."""
    rng = Random(f"noise {chunk}")
    for _ in range(COUNT // 20):
        text = "".join(rng.choices(ATOMS, k=rng.choice((3, 10, 40, 150))))
        try:
            examine(text)
        except Exception as error:
            error.add_note(repr(text))
            raise


# Texts that are long, deep or broken a thousand times over.
MONSTERS = {
    "parentheses around a step": "SELECT df.start(" + "(" * 2000 + "'a'" + ")" * 2000 + ");",
    "bare parentheses": "(" * 5000 + "'a'" + ")" * 5000 + " ~> 'b';",
    "parentheses of SQL": "SELECT " + "(" * 20000 + "1 & 2" + ")" * 20000 + ";",
    "calls in calls": "SELECT " + "'a' ~> f(" * 300 + "'x' ~> 'y'" + ")" * 300 + ";",
    "calls of the language": "SELECT df.start(" + "df.seq('a', " * 200 + "'b'" + ")" * 200 + ");",
    "sub-selects": "SELECT " + "'a' ~> (SELECT " * 300 + "'x' ~> 'y'" + ")" * 300 + ";",
    "arrays": "SELECT " + "ARRAY[" * 2000 + "'x' ~> 'y'" + "]" * 2000 + ";",
    "conditions": "SELECT df.start(" + "CASE WHEN " * 2000 + "true" + " THEN 'a' ~> 'b' END" * 2000 + ");",
    "open conditions": "SELECT df.start(" + "CASE " * 20000,
    "a chain": "SELECT df.start('a'" + " ~> 'b'" * 5000 + ");",
    "a chain of names": "'a'" + " |=> 'n'" * 5000,
    "loops": "@> " * 2000 + "'a'",
    "operators in a row": "SELECT df.start('a' " + "~> " * 20000 + "'b');",
    "one long operator": "SELECT 'a' " + "~>" * 50000 + " 'b';",
    "signs": "SELECT 'a' " + "+-" * 15000 + " 'b' ~> 'c';",
    "dashes": "'a' " + "-" * 100000,
    "rulers": "'a' " + "----------\n" * 5000 + "x",
    "quotes": "'" * 100001,
    "backslashes": "E'" + "\\" * 100000,
    "broken quotes": "SELECT df.start('a ~> 'b');\n" * 500,
    "unbalanced quotes": "SELECT df.start('a ~> b);\n" * 501,
    "double quotes": 'SELECT "a;\n' * 2001,
    "dollar signs": "$" * 50000,
    "dollar tags": "".join(f"SELECT $t{number}$;\n" for number in range(5000)),
    "open parentheses": "(" * 50000,
    "closing parentheses": ")" * 50000,
    "brackets": "'a' ~> " + "[" * 50000,
    "nested comments": "/*" * 50000 + "*/" * 50000 + "'a' ~> 'b';",
    "open comments": "/* \n;\n" * 5000,
    "comments behind a literal": ("'a' " + "-- x\n" * 100) * 100,
    "escape clauses": ("U&'a' /* " + "x" * 1000 + "\n") * 100,
    "open escape clauses": ("U&'a'  /") * 5000,
    "blanks behind literals": ("'a'" + " \n" * 500 + "x ") * 100,
    "commas": "SELECT df.start(" + "," * 20000 + ")",
    "semicolons": ";" * 50000,
    "names": "a" * 100000 + " ~> 'b'",
    "dotted names": "df." * 20000 + "x ~> 'b'",
    "digits": "SELECT " + "1" * 100000 + " & 'a'",
    "NUL": "\0" * 20000,
    "braces": "SELECT df.start(" + "{" * 20000,
    "errors": "SELECT df.start('a' ~> );\n" * 2000,
    "stray parentheses": "SELECT df.start('a'));\n" * 2000,
    "open calls": "SELECT df.start(('a');\n" * 2000,
    "bodies in bodies": "".join(f"DO $t{n}$ BEGIN EXECUTE " for n in range(300))
    + "'x'" + "".join(f"; END $t{n}$ " for n in reversed(range(300))),
    "executed texts": "DO $a$ BEGIN EXECUTE 'EXECUTE ''SELECT 1 ~> 2'''; END $a$;\n" * 500,
    "explained texts": "SELECT df.explain($$ df.explain($a$ 'x' ~> 'y' $a$) $$);\n" * 500,
    "copied rows": "COPY t FROM stdin;\n1\n\\.\n" * 5000,
    "named workflows": "-- dfsql: name=x\n'a' ~> 'b';\n" * 300,
    "references": "'" + "$x" * 5000 + "' ~> '" + "{x" * 5000 + "'",
    "glued pieces": "'a" + "'\n'b" * 10000 + "' ~> 'c'",
    "search paths": "SET search_path = " + "x, " * 20000 + "df",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MONSTERS)
def test_fuzz_monsters(name: str) -> None:
    examine(MONSTERS[name])
