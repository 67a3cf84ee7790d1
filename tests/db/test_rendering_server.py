"""Results and replaced references against a live server: it sends the cells, and it reads what we wrote."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgres_server import PostgresServer

import dfsql
from dfsql.runtime.values import (
    Column,
    Context,
    UnsupportedColumnError,
    break_value,
    needs_server,
    result_text,
    substitute,
)

pytestmark = pytest.mark.needs_postgres

RENDER = Path(str(files(dfsql))) / "sql" / "schema" / "027_render.sql"
SESSION = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET extra_float_digits = 2"


class Session:
    """A connection with the settings of a step, whose results are rendered as a step's are."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self.connection = connection
        self._pgconn = connection.pgconn

    def run(self, sql: str) -> str:
        """The result text of a statement; what only the server can render is rendered by it."""
        result = self._pgconn.exec_params(sql.encode(), None)
        assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message.decode()
        width = range(result.nfields)
        columns = [Column((result.fname(at) or b"").decode(), result.ftype(at)) for at in width]
        rows = [[result.get_value(row, at) for at in width] for row in range(result.ntuples)]
        rendered = {
            at: self.render(column.oid, [row[at] for row in rows])
            for at, column in enumerate(columns)
            if needs_server(column.oid)
        }
        return result_text(columns, rows, rendered)

    def render(self, oid: int, cells: list[bytes | None]) -> list[str | None]:
        """The JSON texts that the installed function makes of cells."""
        texts = [None if cell is None else cell.decode() for cell in cells]
        row = self.connection.execute(
            "SELECT _duroxide.render(%s, %s::pg_catalog.text[])", (oid, texts)
        ).fetchone()
        assert row is not None
        rendered = row[0]
        assert isinstance(rendered, list)
        return rendered

    def value(self, sql: str) -> object:
        """What a query of one value gives, as Python sees it."""
        row = self.connection.execute(sql.encode()).fetchone()
        assert row is not None
        return row[0]

    def first(self, sql: str) -> str:
        """The JSON of the column v of a query's only row."""
        text = self.run(sql)
        assert text.startswith('{"rows":[{"v":'), text
        return text.removeprefix('{"rows":[{"v":').removesuffix('}],"row_count":1}')


@pytest.fixture(scope="module")
def session(postgres: PostgresServer) -> Iterator[Session]:
    """A database of its own, so that the types and the schema are nobody else's."""
    with postgres.connect() as owner:
        owner.execute("CREATE DATABASE rendering")
        try:
            conninfo = psycopg.conninfo.make_conninfo(postgres.conninfo, dbname="rendering")
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute(f"{SESSION}; CREATE SCHEMA _duroxide".encode())
                connection.execute(RENDER.read_bytes())
                yield Session(connection)
        finally:
            owner.execute("DROP DATABASE rendering")


# A value of every built-in scalar type whose JSON is what to_json says; not xml, which a server may lack.
AS_TO_JSON = [
    "'x'::\"char\"",
    "'x'::name",
    "'now'::regproc",
    "e'a\"b\\\\c\\n\\u0001é'::text",
    "42::oid",
    "'(1,2)'::tid",
    "'5'::xid",
    "'5'::cid",
    "'(1,2)'::point",
    "'[(1,2),(3,4)]'::lseg",
    "'((1,2),(3,4))'::path",
    "'(3,4),(1,2)'::box",
    "'((1,2),(3,4))'::polygon",
    "'{1,2,3}'::line",
    "'<(1,2),3>'::circle",
    "'192.168.0.0/16'::cidr",
    "'192.168.0.1/24'::inet",
    "'08:00:2b:01:02:03'::macaddr",
    "'08:00:2b:01:02:03:04:05'::macaddr8",
    "1234.5::money",
    "pg_catalog.makeaclitem('postgres'::regrole, 'postgres'::regrole, 'SELECT', true)",
    "'ab'::char(5)",
    "'ab'::varchar(5)",
    "'07:08:09.5'::time",
    "'07:08:09.5+02'::timetz",
    "'1 year 2 days 03:04:05.6'::interval",
    "b'101'",
    "b'101'::varbit",
    "'cursor'::refcursor",
    "'now()'::regprocedure",
    "'pg_catalog.||/'::regoper",
    "'+(int4,int4)'::regoperator",
    "'pg_class'::regclass",
    "'int4'::regtype",
    "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid",
    "'10:20:10,14,15'::txid_snapshot",
    "'10:20:10,14,15'::pg_snapshot",
    "'16/B374D848'::pg_lsn",
    "'a:1A cat:5'::tsvector",
    "'a & b'::tsquery",
    "'english'::regconfig",
    "'simple'::regdictionary",
    "'[1,5)'::int4range",
    "'[1.5,2]'::numrange",
    "'[2031-05-06 07:08,)'::tsrange",
    "'[2031-05-06 07:08+00,)'::tstzrange",
    "'empty'::daterange",
    "'[1,5)'::int8range",
    "'{[1,5),[7,8)}'::int4multirange",
    "'$.a[*] ? (@ > 1)'::jsonpath",
    "'pg_catalog'::regnamespace",
    "'postgres'::regrole",
    "'\"C\"'::regcollation",
    "'7'::xid8",
    "NULL::text",
    "true",
    "9223372036854775807",
    "'2031-05-06'::date",
    "'2031-05-06 07:08:09'::timestamp",
    "'2031-05-06 07:08:09.123456+02'::timestamptz",
    "'infinity'::timestamptz",
    "'-infinity'::date",
    "1.5::float8",
]


@pytest.mark.parametrize("expression", AS_TO_JSON)
def test_types_whose_json_is_that_of_the_server(session: Session, expression: str) -> None:
    expected = session.value(f"SELECT pg_catalog.to_json({expression})::text")
    assert session.first(f"SELECT {expression} AS v") == (expected or "null")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # where the server's own functions would say something else, by the language's table of types
        ("0.1::real", "0.10000000149011612"),
        ("2::real", "2.0"),
        ("'3.4028235e38'::real", "3.4028234663852886e38"),
        ("2::float8", "2.0"),
        ("1e15::float8", "1000000000000000.0"),
        ("1e16::float8", "1e16"),
        ("1e-5::float8", "0.00001"),
        ("5e-324::float8", "5e-324"),
        ("0.1::float8 + 0.2", "0.30000000000000004"),
        ("'NaN'::float8", "null"),
        ("'-Infinity'::real", "null"),
        ("1.50::numeric", '"1.50"'),
        ("1e16::numeric", '"10000000000000000"'),
        ("0.0000001::numeric", '"0.0000001"'),
        ("'NaN'::numeric", '"NaN"'),
        ("'Infinity'::numeric", '"Infinity"'),
        ("pg_catalog.pg_sleep(0)", "null"),
        ("'2031-05-06 07:08:09.5+02'::timestamptz", '"2031-05-06T05:08:09.500+00:00"'),
        ("'2031-05-06 07:08:09.1234'::timestamp", '"2031-05-06T07:08:09.123400"'),
        ("'0044-03-15 BC'::date", '"-0043-03-15"'),
        ("'0001-01-01 BC'::timestamp", '"0000-01-01T00:00:00"'),
        ("'294276-12-31 23:59:59.999999+00'::timestamptz", '"+294276-12-31T23:59:59.999999+00:00"'),
        ("""'{"b": [1, 2.50], "a": "x", "b": 100000000000000000000}'::json""", '{"b":1e20,"a":"x"}'),
        ("""'{"b": [1, 2.50], "a": "x"}'::jsonb""", '{"a":"x","b":[1,2.5]}'),
        ("'null'::jsonb", "null"),
        ("'cstring'::cstring", '"cstring"'),
        # made by the server
        ("ARRAY[1,NULL,3]", "[1,null,3]"),
        ("ARRAY[[1.10,2],[3,4]]", "[[1.10,2],[3,4]]"),
        ("ARRAY['a b', e'c\"d\\\\', NULL, 'NULL', '']", '["a b","c\\"d\\\\",null,"NULL",""]'),
        ("'{}'::int[]", "[]"),
        ("NULL::int[]", "null"),
        ("'[0:1]={1,2}'::int[]", "[1,2]"),
        ("ARRAY['ab'::char(3)]", '["ab "]'),
        ("ARRAY[b'101']", '["101"]'),
        ("ARRAY['a'::\"char\"]", '["a"]'),
        ("ARRAY['x'::bytea]", '["\\\\x78"]'),
        ("""ARRAY['{"k": [1, 2]}'::jsonb]""", '[{"k":[1,2]}]'),
        ("ARRAY['[1,5)'::int4range]", '["[1,5)"]'),
        ("ARRAY['2031-05-06 07:08:09.5'::timestamp]", '["2031-05-06T07:08:09.5"]'),
        ("'1 2'::int2vector", "[1,2]"),
        ("'1 2'::oidvector", '["1","2"]'),
    ],
)
def test_types_with_a_rendering_of_their_own(session: Session, expression: str, expected: str) -> None:
    assert session.first(f"SELECT {expression} AS v") == expected


def test_types_that_users_made(session: Session) -> None:
    session.connection.execute("""
        CREATE SCHEMA "Shop x"; CREATE TYPE "Shop x"."Mood ;" AS ENUM ('so so', 'it''s "ok"');
        CREATE TYPE "Shop x".part AS (id int, label text, moods "Shop x"."Mood ;"[], at timestamptz);
        CREATE DOMAIN "Shop x".positive AS int CHECK (value > 0); CREATE DOMAIN "Shop x".parts AS "Shop x".part[];
        CREATE TYPE "Shop x".float_range AS RANGE (subtype = float8); CREATE TABLE "Shop x".t (a int, b text)""")
    mood = '"Shop x"."Mood ;"'
    part = f"""ROW(1, 'a,"b"\\c', ARRAY['so so', NULL]::{mood}[], '2031-05-06 07:08:09+00')::"Shop x".part"""
    part_json = '{"id":1,"label":"a,\\"b\\"\\\\c","moods":["so so",null],"at":"2031-05-06T07:08:09+00:00"}'
    assert session.first(f"""SELECT 'it''s "ok"'::{mood} AS v""") == '"it\'s \\"ok\\""'
    assert session.first(f"SELECT {part} AS v") == part_json
    assert session.first(f'SELECT ARRAY[{part}, NULL]::"Shop x".parts AS v') == f"[{part_json},null]"
    assert session.first('SELECT 7::"Shop x".positive AS v') == "7"
    assert session.first("""SELECT '[1,2)'::"Shop x".float_range AS v""") == '"[1,2)"'
    session.connection.execute("""INSERT INTO "Shop x".t VALUES (1, NULL), (2, 'x')""")
    assert session.run('SELECT t, a FROM "Shop x".t ORDER BY a') == (
        '{"rows":[{"t":{"a":1,"b":null},"a":1},{"t":{"a":2,"b":"x"},"a":2}],"row_count":2}'
    )


def test_names_are_read_back_by_the_search_path_that_printed_them(session: Session) -> None:
    session.connection.execute(
        "CREATE SCHEMA hidden; CREATE TABLE hidden.here (a int); SET search_path = hidden"
    )
    try:
        assert session.first("SELECT ARRAY['here'::regclass] AS v") == '["here"]'
        assert session.first("SELECT 'here'::regclass AS v") == '"here"'
    finally:
        session.connection.execute("RESET search_path")


def test_rendering_of_no_texts(session: Session) -> None:
    assert session.value("SELECT _duroxide.render(1007::oid, '{}')") is None
    assert session.render(1007, [None, b"{1}", None]) == [None, "[1]", None]


@pytest.mark.parametrize("expression", ["'x'::bytea", "ROW(1, 2)", "ARRAY[ROW(1, 2)]"])
def test_types_that_are_refused_name_a_way_out_that_works(session: Session, expression: str) -> None:
    with pytest.raises(UnsupportedColumnError) as error:
        session.run(f"SELECT {expression} AS v")
    advice = str(error.value).split("write ")[1].rstrip(".").split(" or ")
    assert advice
    for way in advice:
        assert session.first(f"SELECT {way} AS v FROM (SELECT {expression} AS v) AS t")


def test_every_scalar_type_of_this_server_is_known(session: Session) -> None:
    """An unknown one would still be right, but cost a second statement at every step."""
    found = session.connection.execute("""
        SELECT oid::int8::int4, typname FROM pg_catalog.pg_type AS t
        WHERE oid < 16384 AND typtype IN ('b', 'e', 'r', 'm')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
          AND typname NOT IN ('int2vector', 'oidvector')""").fetchall()
    assert len(found) > 60
    assert [name for oid, name in found if isinstance(oid, int) and needs_server(oid)] == []


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(text=TEXTS)
def test_a_replaced_text_is_read_back_as_it_is(session: Session, text: str) -> None:
    bindings = {"x": result_text([Column("v", 25)], [[text.encode()]])}
    sql = substitute("SELECT $x AS a, $x.v AS b", bindings, {}, Context.SQL)
    row = json.loads(session.run(sql))["rows"][0]
    assert row == {"a": text, "b": text}


@given(
    texts=st.lists(st.none() | TEXTS, min_size=1).filter(lambda texts: not (texts[0] or "").startswith("{"))
)
def test_a_list_in_any_is_read_back_as_it_is(session: Session, texts: list[str | None]) -> None:
    cells = [[None if text is None else text.encode()] for text in texts]
    bindings = {"x": result_text([Column("v", 25)], cells)}
    sql = substitute("ANY($x)", bindings, {}, Context.SQL)
    literal = sql.removeprefix("ANY(").removesuffix(")")
    assert json.loads(session.first(f"SELECT {literal}::text[] AS v")) == texts


@given(
    rows=st.lists(st.tuples(st.none() | TEXTS, st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=5),
    name=TEXTS.filter(bool),
)
def test_a_replaced_row_set_is_read_back_as_it_is(
    session: Session, rows: list[tuple[str | None, int]], name: str
) -> None:
    name = name.encode()[:40].decode(errors="ignore") + "x"  # PostgreSQL cuts longer names
    cells = [[None if text is None else text.encode(), b"%d" % number] for text, number in rows]
    result = result_text([Column(name, 25), Column("x" * 50, 23)], cells)
    sql = substitute("SELECT * FROM $rows.*", {"rows": result}, {}, Context.SQL)
    assert session.run(sql) == result


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    real=st.floats(width=32, allow_nan=False, allow_infinity=False),
)
def test_doubles_of_the_server_come_through(session: Session, value: float, real: float) -> None:
    row = json.loads(session.run(f"SELECT '{value!r}'::float8 AS d, '{real!r}'::float4 AS r"))["rows"][0]
    assert row == {"d": value, "r": real}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON_VALUES)
def test_json_of_the_server_comes_through(session: Session, value: object) -> None:
    literal = "'" + json.dumps(value).replace("'", "''") + "'"
    text = session.run(f"SELECT {literal}::jsonb AS b, {literal}::json AS j")
    row = json.loads(text)["rows"][0]
    assert row == {"b": value, "j": value}
    assert text.endswith(f',"j":{break_value(json.dumps(value), {}, {})}}}],"row_count":1}}')
