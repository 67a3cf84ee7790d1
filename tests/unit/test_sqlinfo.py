"""What the parser of PostgreSQL says about a step's SQL, with placeholders in it."""

import sys
from collections.abc import Iterator

import pytest

from dfsql.compiler import sqlinfo
from dfsql.compiler.sqlinfo import STATEMENT_KEYWORDS, SqlError, StatementInfo, Transactional, inspect


def only(sql: str) -> StatementInfo:
    info = inspect(sql)
    assert info.error is None, info.error
    (statement,) = info.statements
    return statement


# sql, kind, returns rows, tables read, tables written
STATEMENTS = [
    ("SELECT 1", "SELECT", True, "", ""),
    ("select a from b join c.d using (x), lateral (select 1 from e) f", "SELECT", True, "b c.d e", ""),
    ("select (select max(x) from a) from b where exists (select from c)", "SELECT", True, "a b c", ""),
    ("select 1 from a union all select 2 from b intersect select 3 from a", "SELECT", True, "a b", ""),
    ("values (1), (2)", "VALUES", True, "", ""),
    ("table x.y", "SELECT", True, "x.y", ""),
    ("(select 1 from a) order by 1", "SELECT", True, "a", ""),
    ("select a from t for update of t", "SELECT", True, "t", ""),
    ("select * from f(1) g, rows from (h(2), i(3)) j", "SELECT", True, "", ""),
    ("select a into b from c", "SELECT INTO", False, "c", "b"),
    ("select a into b from c union select 2 from d", "SELECT INTO", False, "c d", "b"),
    ("insert into a values (1)", "INSERT", False, "", "a"),
    ("insert into a select * from b returning id", "INSERT", True, "b", "a"),
    (
        "insert into a (x) values (1) on conflict (x) do update set y = (select 1 from b)",
        "INSERT",
        False,
        "b",
        "a",
    ),
    ("update s.a set x = b.y from b where a.i = b.i", "UPDATE", False, "b", "s.a"),
    ("update a set x = 1 returning old.x", "UPDATE", True, "", "a"),
    ("delete from a using b where a.x in (select y from c)", "DELETE", False, "b c", "a"),
    (
        "merge into a using b on a.i = b.i when matched then delete when not matched then insert values (1)",
        "MERGE",
        False,
        "b",
        "a",
    ),
    ("with d as (delete from a returning *) insert into b select * from d", "INSERT", False, "", "a b"),
    ("with u as (update a set x = 1 returning *) select * from u, c", "SELECT", True, "c", "a"),
    ("with t as (select * from t) select * from t", "SELECT", True, "t", ""),
    ("with recursive t as (select * from t) select * from t", "SELECT", True, "", ""),
    ("with a as (select 1), b as (select * from a) select * from b, s.a", "SELECT", True, "s.a", ""),
    ("select * from (with q as (select 1) select * from q) x, q", "SELECT", True, "q", ""),
    ("create table a as select * from b", "CREATE TABLE AS", False, "b", "a"),
    ("create table a (x int references b, y int default f())", "CREATE TABLE", False, "", "a"),
    ("create temp table a (like b)", "CREATE TABLE", False, "", "a"),
    ("create materialized view a as select 1 from b", "CREATE MATERIALIZED VIEW", False, "b", "a"),
    ("create view a as select 1 from b", "CREATE VIEW", False, "b", "a"),
    ("refresh materialized view concurrently a", "REFRESH MATERIALIZED VIEW", False, "", "a"),
    ("truncate a, b.c", "TRUNCATE", False, "", "a b.c"),
    ("drop table if exists a, b.c cascade", "DROP TABLE", False, "", "a b.c"),
    ("drop function f(int)", "DROP FUNCTION", False, "", ""),
    ("alter table a add x int", "ALTER TABLE", False, "", "a"),
    ("alter table a rename column x to y", "ALTER TABLE", False, "", "a"),
    ("alter type a add value 'x'", "ALTER TYPE", False, "", ""),
    ("create index on a (lower(x))", "CREATE INDEX", False, "", "a"),
    ("create function f() returns int language sql return 1", "CREATE FUNCTION", False, "", ""),
    ("create procedure p() language sql as ''", "CREATE PROCEDURE", False, "", ""),
    ("create type a as enum ('x')", "CREATE TYPE", False, "", ""),
    ("create extension x", "CREATE EXTENSION", False, "", ""),
    ("comment on table a is 'x'", "COMMENT", False, "", ""),
    ("grant select on a to b", "GRANT", False, "", ""),
    ("revoke select on a from b", "REVOKE", False, "", ""),
    ("copy a from '/tmp/x'", "COPY", False, "", "a"),
    ("copy a to '/tmp/x'", "COPY", False, "a", ""),
    ("copy (select 1 from a) to '/tmp/x'", "COPY", False, "a", ""),
    ("explain update a set x = 1", "EXPLAIN", True, "", ""),
    ("explain (analyze) update a set x = 1", "EXPLAIN", True, "", "a"),
    ("explain (analyze off) select 1 from b", "EXPLAIN", True, "b", ""),
    ("call p(1)", "CALL", False, "", ""),
    ("do $$ begin end $$", "DO", False, "", ""),
    ("show work_mem", "SHOW", True, "", ""),
    ("set x.y = 1", "SET", False, "", ""),
    ("reset all", "RESET", False, "", ""),
    ("lock table a", "LOCK", False, "", ""),
    ("listen x", "LISTEN", False, "", ""),
    ("fetch all from c", "FETCH", True, "", ""),
    ("move c", "MOVE", False, "", ""),
    ("analyze a", "ANALYZE", False, "", ""),
]


@pytest.mark.parametrize(("sql", "kind", "rows", "reads", "writes"), STATEMENTS)
def test_statements(sql: str, kind: str, rows: bool, reads: str, writes: str) -> None:
    found = only(sql)
    assert (found.kind, found.returns_rows) == (kind, rows)
    assert (" ".join(found.tables_read), " ".join(found.tables_written)) == (reads, writes)
    assert (found.start, found.end) == (0, len(sql))


YES, NO, MAYBE = Transactional.YES, Transactional.NO, Transactional.MAYBE
TRANSACTIONS = [
    ("select 1", YES),
    ("vacuum", NO),
    ("vacuum (full) a", NO),
    ("analyze", YES),
    ("create index on a (x)", YES),
    ("create index concurrently on a (x)", NO),
    ("drop index concurrently a", NO),
    ("reindex index concurrently a", NO),
    ("reindex (concurrently true) table a", NO),
    ("reindex table a", MAYBE),
    ("reindex schema a", NO),
    ("reindex database a", NO),
    ("cluster", NO),
    ("cluster a using b", MAYBE),
    ("create database a", NO),
    ("drop database a", NO),
    ("alter database a set tablespace b", NO),
    ("alter database a connection limit 3", YES),
    ("alter database a set x = 1", YES),
    ("create tablespace a location '/x'", NO),
    ("drop tablespace a", NO),
    ("alter system set x = 1", NO),
    ("create subscription a connection 'x' publication p", NO),
    ("create subscription a connection 'x' publication p with (create_slot = false)", YES),
    ("create subscription a connection 'x' publication p with (connect = off)", YES),
    ("alter subscription a refresh publication", NO),
    ("alter subscription a set publication p", NO),
    ("alter subscription a set publication p with (refresh = false)", YES),
    ("alter subscription a set (slot_name = none)", MAYBE),
    ("alter subscription a disable", YES),
    ("drop subscription a", MAYBE),
    ("alter table a detach partition b concurrently", NO),
    ("alter table a detach partition b", YES),
    ("alter type a add value 'x'", YES),
    ("refresh materialized view concurrently a", YES),
    ("discard all", NO),
    ("discard plans", YES),
    ("begin", NO),
    ("commit", NO),
    ("rollback to savepoint a", NO),
    ("call p()", MAYBE),
    ("do $$ begin update a set x = 1; end $$", YES),
    ("do $$ begin commit; end $$", MAYBE),
    ("do $$ begin call p(); end $$", MAYBE),
    ("do language plpython3u $$ x $$", MAYBE),
    ("listen x", YES),
]


@pytest.mark.parametrize(("sql", "expected"), TRANSACTIONS)
def test_transactional(sql: str, expected: Transactional) -> None:
    assert only(sql).transactional is expected


COLUMNS = [
    ("select a, b as c, t.d, e.*, *, f(1), s.g(2)", ("a", "c", "d", None, None, "f", "g")),
    ("select 1, 'x', null, 1 + 2, true", ("?column?",) * 4 + (None,)),
    ("select a::int, 1::int, '1'::text, (1::int)::text, 1::int[]", ("a", "int4", "text", "text", "int4")),
    ("select (c).d, (c).*, x[1], (f(1))[2], (x[1]).y", ("d", None, "x", "f", "y")),
    (
        "select case when a then b end, case when a then 1 else c end, case 1 when 1 then 2 else 3::int end",
        ("case", "c", "case"),
    ),
    ("select (select 1), (select y), (select 1 as z)::int, (values (1))", ("?column?", "y", "z", "column1")),
    ("select exists (select 1), array(select 1), 1 in (select 2)", ("exists", "array", "?column?")),
    (
        "select coalesce(a, 1), greatest(1), least(1), nullif(a, b), row(1), array[1]",
        ("coalesce", "greatest", "least", "nullif", "row", "array"),
    ),
    (
        "select current_date, current_timestamp(3), session_user, extract(year from x)",
        ("current_date", "current_timestamp", "session_user", "extract"),
    ),
    ("select json_object('a': 1), xmlconcat(a), a collate \"C\"", ("json_object", "xmlconcat", "a")),
    ("select count(*) filter (where x), sum(a) over ()", ("count", "sum")),
    ("select", ()),
    ("select a from b union select c from d", ("a",)),
    ("values (1, 2), (3, 4)", ("column1", "column2")),
    ("insert into a values (1) returning id, lower(b)", ("id", "lower")),
    ("delete from a returning *", (None,)),
    (
        "merge into a using b on true when matched then delete returning merge_action(), a.x",
        ("merge_action", "x"),
    ),
    ("explain select 1", ("QUERY PLAN",)),
    ("show work_mem", ("work_mem",)),
    ("select $x, $x::int, $x.c as d", ("?column?", "int4", "d")),
    ("update a set b = 1", ()),
]


@pytest.mark.parametrize(("sql", "expected"), COLUMNS)
def test_columns(sql: str, expected: tuple[str | None, ...]) -> None:
    assert only(sql).target_columns == expected


def test_functions_come_in_the_order_of_the_text_and_once() -> None:
    sql = "select f(g(1)), s.h() from i(2) where f(3) in (select j())"
    assert only(sql).functions == ("f", "g", "s.h", "i", "j")
    assert only("call s.p(f(1))").functions == ("s.p", "f")


# sql, message, what stands at the offset
ERRORS = [
    ("selec 1", 'syntax error at or near "selec"', "selec 1"),
    ("select 1 from", "syntax error at end of input", ""),
    ("select 'éé' form x y z", 'syntax error at or near "x"', "x y z"),
    ("select '漢字', '😀' x y", 'syntax error at or near "y"', "y"),
    ("select 'é', 'abc", 'unterminated quoted string at or near "\'abc"', "'abc"),
    ("$batch.done", 'syntax error at or near "$batch.done"', "$batch.done"),
    ("select 'é' from $items.* b", 'syntax error at or near "b"', "b"),
    ("select 1 where a in ($x.*)", 'syntax error at or near "$x.*"', "$x.*)"),
    ("select $sig.data.approved", 'syntax error at or near "."', ".approved"),
    ("select $x['a']", 'syntax error at or near "["', "['a']"),
    ("select * from t where $x $y z", 'syntax error at or near "$y"', "$y z"),
    (
        "select 'first line\nsecond",
        'unterminated quoted string at or near "\'first line..."',
        "'first line\nsecond",
    ),
    ("select /* " + "x" * 90, f'unterminated /* comment at or near "/* {"x" * 37}..."', "/* " + "x" * 90),
    ("select 1 \0 2", "a NUL character cannot be part of a statement", "\0 2"),
    ("select " + "(" * 20_000, 'memory exhausted at or near "("', None),
]


@pytest.mark.parametrize(("sql", "message", "rest"), ERRORS)
def test_errors_stand_at_their_characters(sql: str, message: str, rest: str | None) -> None:
    error = inspect(sql).error
    assert error is not None
    assert error.message == message
    if rest is not None:
        assert sql[error.offset :] == rest


def test_an_unbound_name_is_left_to_the_parser() -> None:
    assert inspect("select $x, $y", {"x", "y"}).error is None
    assert inspect("select $x, $y", {"x"}).error == SqlError('syntax error at or near "$"', 11)


SILENT = [
    "select $x, $x?, $x.c, $x.c? from t",
    "select '$x.*', \"$y.*\", $$ $z.* $$, 1 -- $u.*\n /* {v} $w.* */",
    "select id from $items.* where items.id > 3",
    "select id from $order.*",  # a key word as a name
    "select * from a join $b.* on a.i = b.i",
    "select tbl$x from t",
    "select $longname.column::int + $y limit $n",
    "select date $d, interval $i?",  # only a quoted text fits
    "notify jobs, $x",
    "create table t (a varchar($n))",  # only a number fits
    "set local work_mem = $x",
    "select $x$a$x$, $y",
    "select 'é' || $x || 'ß' from $é",
    "select * from t where $x = any($x) and $x is not null",
    "update t set r = $r.data->>'approved'",
    "",
    " ; ;",
    "-- nothing",
    "select {v}, {limit}, t_{suffix}.a from {schema}.{Table} limit {n}",
    "select '{\"a\": 1}'::jsonb",
]


@pytest.mark.parametrize("sql", SILENT)
def test_placeholders_are_no_errors(sql: str) -> None:
    info = inspect(sql)
    if sql.endswith("$é"):  # no name begins with a letter beyond ASCII
        assert info.error == SqlError('syntax error at or near "$"', sql.index("$é"))
    else:
        assert (info.error, info.uncertain) == (None, False)


def test_rows_are_no_table() -> None:
    assert only("select * from $x.*, t").tables_read == ("t",)
    assert only("select * from _").tables_read == ("_",)


def test_names_made_of_variables_keep_their_spelling() -> None:
    found = only("insert into {schema}.t_{Kind} select {col} from {src}")
    assert found.tables_written == ("{schema}.t_{Kind}",)
    assert found.tables_read == ("{src}",)
    assert only("select {col}, {f}() from t").target_columns == ("{col}", "{f}")
    assert only("select {col}, {f}() from t").functions == ("{f}",)


@pytest.mark.parametrize("sql", ["{statement}", "select {list} 3 {rest}", "alter role a {option} 3"])
def test_a_variable_may_bring_what_is_missing(sql: str) -> None:
    info = inspect(sql)
    assert (info.uncertain, info.error, info.statements) == (True, None, ())


def test_a_variable_in_a_literal_excuses_nothing() -> None:
    assert inspect("selec '{v}'").error is not None
    assert inspect("select '{' from {").error is not None


def test_several_statements_have_their_own_characters() -> None:
    sql = "  -- ä\n update ü set x = 1 ;; /* b */ select 'ß'\t;  delete from t; "
    found = inspect(sql).statements
    assert [sql[each.start : each.end] for each in found] == [
        "update ü set x = 1",
        "select 'ß'",
        "delete from t",
    ]
    assert [each.kind for each in found] == ["UPDATE", "SELECT", "DELETE"]


def test_parameters_are_found_outside_quotes() -> None:
    sql = "select $1, '$2', a$3, $x -- $4\n where b = $55"
    assert inspect(sql).parameters == (sql.index("$1"), sql.index("$55"))


def test_lists_of_one_reference() -> None:
    sql = (
        "select 1 where a = any($ids) or b <> ALL ( $more? ) or c in ($one) or d in ($p, $q) or e = any($r.c)"
    )
    info = inspect(sql)
    assert [(name, sql[start:end]) for name, start, end in info.any_of] == [
        ("ids", "$ids"),
        ("more", "$more?"),
    ]
    assert [(name, sql[start:end]) for name, start, end in info.in_of] == [("one", "$one")]
    assert inspect(sql, {"q"}).any_of == ()
    assert inspect("select 'any($x)'").any_of == ()


@pytest.mark.parametrize(
    "sql",
    [
        "select 1" + "+1" * 100_000,
        "/*" * 20_000,
        "select " + "+" * 40_000,
    ],
    ids=["long", "comments", "operators"],
)
def test_what_is_too_long_is_not_judged(sql: str) -> None:
    info = inspect(sql)
    assert (info.parser, info.error, info.statements, info.uncertain) == ("pgparse", None, (), True)


@pytest.mark.parametrize("sql", ["select 1" + "+1" * 3_000, "select " + "not " * 1_500 + "true"])
def test_what_is_too_deep_is_not_judged(sql: str) -> None:
    """How deep a tree may be is Python's affair: 3.13 reads trees that 3.11 and 3.12 do not."""
    info = inspect(sql)
    assert (info.parser, info.error) == ("pgparse", None)
    assert (info.uncertain, info.statements == ()) == (
        (False, False) if sys.version_info >= (3, 13) else (True, True)
    )


def test_a_lone_surrogate_moves_no_offset() -> None:
    sql = "select '\ud800é', x y z"
    assert inspect(sql).error == SqlError('syntax error at or near "z"', sql.index("z"))


def test_every_keyword_begins_a_statement() -> None:
    """A word that cannot begin a statement is refused where it stands; these are refused later or not at all."""
    for word in sorted(STATEMENT_KEYWORDS):
        error = inspect(f"{word} )").error
        assert error is not None and error.offset > 0, word
    for word in ("COUNT", "CASE", "NOT", "NULL", "ARRAY", "TRUE", "IF", "PERFORM", "RETURN"):
        assert inspect(f"{word} )").error == SqlError(f'syntax error at or near "{word}"', 0)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def forget() -> None:
        sqlinfo._load.cache_clear()
        sqlinfo._inspect.cache_clear()

    forget()
    yield monkeypatch
    monkeypatch.undo()
    forget()


def test_without_a_parser_nothing_is_claimed(fresh: pytest.MonkeyPatch) -> None:
    fresh.setitem(sys.modules, "pgparse", None)
    fresh.setitem(sys.modules, "postgast", None)
    assert sqlinfo.available() is None
    info = inspect("selec $1 where a = any($x)")
    assert (info.parser, info.error, info.statements) == (None, None, ())
    assert (info.parameters, info.any_of) == ((6,), (("x", 23, 25),))


def test_the_other_binding_says_the_same(fresh: pytest.MonkeyPatch) -> None:
    pytest.importorskip("postgast", reason="the second binding is not installed")
    texts = [case[0] for case in STATEMENTS + TRANSACTIONS + COLUMNS + ERRORS] + SILENT
    first = [inspect(text) for text in texts]
    assert {info.parser for info in first} == {"pgparse"}
    fresh.setitem(sys.modules, "pgparse", None)
    sqlinfo._load.cache_clear()
    sqlinfo._inspect.cache_clear()
    assert sqlinfo.available() == "postgast"
    for text, info in zip(texts, first, strict=True):
        again = inspect(text)
        assert again.parser == "postgast"
        assert (again.statements, again.error) == (info.statements, info.error), text


def test_a_newer_statement_is_no_error() -> None:
    pytest.importorskip("postgast", reason="only the second binding knows PostgreSQL 18")
    assert inspect("update t set a = 1 returning with (old as o, new as n) o.a, n.a").error is None
