"""Where workflows are found: « and » mark them in the texts, and are taken out before parsing."""

import pytest

from dfsql.grammar import Binary, Region, parse

# A statement, with every workflow between marks.
PLACES = [
    # arguments of df.start and df.explain
    "SELECT df.start(«'a'»);",
    "SELECT df.start(«'a' ~> 'b'», 'label');",
    "SELECT df.start(label => 'l', fut => «'a' & 'b'»);",
    "SELECT DF . Start(«'a'») AS id, 1;",
    "SELECT \"df\".start(«'a'»);",
    "SELECT df.explain(«'a' ~> 'b'»);",
    "SELECT df.explain($x$ «'a' ~> 'b'» $x$);",
    "SELECT df.explain('«''a'' ~> df.sleep(5)»');",
    "SELECT df.explain('SELECT 1');",
    "SELECT df.explain('a1b2c3d4');",
    "SELECT df.start(«a ~> (b)»), df.start(«c»);",
    "SELECT DISTINCT df.start(«'a'») FROM t;",
    "SELECT ALL df.start(«'a' || id») FROM t ORDER BY df.status(id) NULLS LAST, id;",
    "SELECT * FROM df.start(«'a' ~> 'b'») i LEFT JOIN t ON true;",
    "SELECT t.* FROM t CROSS JOIN LATERAL df.start(«'a' || t.id») AS s(id) WHERE x;",
    "SELECT df.start(«df.if('c', 'a', 'b')»), df.status('x') FROM t GROUP BY df.result(id), 2;",
    "CALL p(df.start(«'a'»));",
    "PREPARE p AS SELECT df.start(«$1 ~> $2»);",
    "EXPLAIN ANALYZE SELECT df.start(«'a'»);",
    # composers
    "SELECT «'a' ~> 'b'» AS wf;",
    "SELECT «'a' & 'b'», «'c' | 'd'», «'e' |=> 'x'», «'c' ?> 't' !> 'e'», «@> 'body'»;",
    "SELECT «df.seq('a', 'b')», «df.sleep(5)», df.status('x');",
    "SELECT «a ~> b» FROM t;",
    "SELECT «df.sleep(1) & x» FROM t;",
    "SELECT «('a' ~> 'b') & x», «x | ('a' ~> 'b')» FROM t WHERE y & 1 = 1;",
    "SELECT («'a' ~> 'b'») FROM t;",
    "INSERT INTO wf (name, body) SELECT 'n', «'a' ~> 'b'» FROM t;",
    "INSERT INTO wf (name, body) VALUES ('n', «'a' ~> 'b'»), ('m', «df.sleep(1)») ON CONFLICT DO NOTHING;",
    "INSERT INTO df.x (id, body) VALUES (1, «'a' ~> 'b'») RETURNING df.start(«body ~> 'c'»);",
    "UPDATE wf SET body = «'a' ~> 'b'», name = 'x', other = «'c' & 'd'» WHERE id = 3;",
    "UPDATE wf SET (a, b) = («'a' ~> 'b'», 2);",
    "CREATE TABLE wf AS SELECT «'a' ~> 'b'» AS body;",
    "CREATE VIEW v AS SELECT id, «'a' ~> body» FROM wf;",
    "CREATE TABLE wf (body text DEFAULT («'a' ~> 'b'»));",
    "WITH x AS (SELECT «'a' ~> 'b'» AS b), y AS (VALUES («'c' & 'd'»)) SELECT df.start(«x.b») FROM x, y;",
    "SELECT (SELECT «'a' ~> 'b'»), EXISTS (SELECT 1 WHERE («'c' ~> 'd'») IS NOT NULL);",
    "SELECT coalesce(«'a' ~> 'b'», lower(«'c' ~> 'd'»)), f(x => «'e' ~> 'f'», y := «'g' & 'h'»);",
    "SELECT CASE WHEN x THEN «'a' ~> 'b'» WHEN y THEN «df.sleep(1)» ELSE «@> 'c'» END FROM t;",
    "SELECT ARRAY[«'a' ~> 'b'», «'c' & 'd'»], ARRAY(SELECT «'e' ~> 'f'»), ROW(«'g' ~> 'h'», 1);",
    "SELECT (ARRAY[«'a' ~> 'b'»])[1], («'a' ~> 'b'»)::text, CAST(«'a' ~> 'b'» AS text);",
    "SELECT df.start(«'a' ~> f('x', ARRAY[«'b' ~> 'c'»]) ~> (SELECT «'d' ~> 'e'»)»);",
    "SELECT «'a' OPERATOR(public.~>) 'b'», «a OPERATOR(pg_catalog.|=>) 'n'»;",
    "MERGE INTO t USING u ON true WHEN MATCHED THEN UPDATE SET a = «'a' ~> 'b'» WHEN NOT MATCHED THEN "
    "INSERT VALUES («'c' ~> 'd'»);",
    "SELECT «'a' ~> 'b'» UNION ALL SELECT «'c' ~> 'd'» ORDER BY 1 LIMIT 5;",
    "SELECT x FROM t WHERE body = («'a' ~> 'b'») AND flags & 4 = 4;",
    # psql
    "SELECT df.start(«:'sql' ~> :step»);",
    "SELECT df.start(«'a' ~> 'b'») AS id \\gset\nSELECT df.status(:'id');",
    "SELECT 1 \\; SELECT df.start(«'a'») \\g",
    # bare expressions
    "«'a' ~> 'b'»;",
    "«('a' & 'b') ~> 'c'»",
    "«@> ('a' ~> df.sleep(5))»;",
    "«$$a$$ ~> $q$b$q$»;",
    "«df.if('a', 'b', 'c')»;\n«'d' | 'e'»",
    "df.start(«'a' ~> 'b'», 'label');",
    "«CASE WHEN true THEN 'a' ELSE 'b' END ~> 'c'»;",
    "«format('SELECT %s', 1) ~> 'b'»;",
    # blocks and routines
    "DO $$ BEGIN PERFORM df.start(«'a' ~> 'b'»); END $$;",
    "DO 'BEGIN PERFORM df.start(«''a'' ~> ''b''»); END';",
    "DO E'BEGIN\\n PERFORM df.start(«\\'a\\' ~> \\'b\\'»); END';",
    "DO LANGUAGE plpgsql $$ DECLARE w text := «'a' ~> 'b'»; v text DEFAULT «'c' & 'd'»; BEGIN w = «'e' "
    "~> w»; END $$;",
    "DO $$ BEGIN IF x THEN w := «'a' ~> 'b'»; ELSIF y THEN w = «'c' ~> 'd'»; ELSE w := «'e' & 'f'»; END IF; END $$;",
    "DO $$ BEGIN FOR r IN SELECT 1 LOOP r.body = «'a' ~> 'b'»; r.x := «'c' ~> 'd'»; END LOOP; END $$;",
    "DO $$ BEGIN FOR r IN SELECT df.start(«'a'») LOOP NULL; END LOOP; EXIT WHEN df.start(«'b'») IS NULL; END $$;",
    "DO $$ DECLARE a text[]; BEGIN a[1] := «'a' ~> 'b'»; RETURN; EXCEPTION WHEN others THEN PERFORM "
    "df.start(«'c'»); END $$;",
    "DO $$ BEGIN SELECT df.start(«'a'») INTO STRICT v; INSERT INTO t VALUES («'b' ~> 'c'») RETURNING id "
    "INTO v; END $$;",
    "DO $$ BEGIN RAISE NOTICE 'started %', df.start(«'a' ~> 'b'»); END $$;",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT df.start(«'a' ~> 'b'») $$;",
    "CREATE OR REPLACE FUNCTION f() RETURNS text AS 'SELECT df.start(«''a''»)' LANGUAGE SQL;",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql RETURN df.start(«'a' ~> 'b'»);",
    "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT df.start(«'a'»); END;",
    "CREATE FUNCTION f(a text DEFAULT «'x' ~> 'y'») RETURNS SETOF text LANGUAGE plpgsql AS $f$\n"
    "BEGIN RETURN QUERY SELECT df.start(«'a'»); RETURN NEXT df.start(«'b'»); RETURN «'c' ~> 'd'»; END $f$;",
    "CREATE PROCEDURE p() AS $p$ BEGIN CALL q(«'a' ~> 'b'»); END $p$ LANGUAGE plpgsql;",
    # EXECUTE
    "DO $$ BEGIN EXECUTE 'SELECT df.start(«''a'' ~> ''b''»)'; END $$;",
    "DO $$ BEGIN EXECUTE $q$ SELECT df.start(«'a' ~> 'b'») $q$ USING 1; END $$;",
    "DO $$ BEGIN EXECUTE format('SELECT df.start(«''a %s'' ~> %L»)', x); EXECUTE (format($q$SELECT "
    "df.start(«'a'»)$q$)); END $$;",
    "DO $$ BEGIN EXECUTE 'SELECT df.start(' || quote_literal(a) || ' ~> ''b'')'; END $$;",
    "DO $a$ BEGIN EXECUTE $b$ DO $c$ BEGIN EXECUTE $d$ SELECT df.start(«'a' ~> 'b'») $d$; END $c$ $b$; END $a$;",
    "DO 'BEGIN EXECUTE ''SELECT df.start(«''''a'''' ~> ''''b''''»)''; END';",
    # the search path
    "SET search_path = df, public;\nSELECT start(«join('a', 'b')»), «loop('c')», «if('c', 'a', 'b') ~> sleep(5)»;",
    'SET search_path TO "$user", df;\nSELECT * FROM a JOIN (SELECT 1) b ON true LEFT JOIN (c) ON '
    "start(«'x'») IS NULL;",
    "SET search_path = df;\nSET search_path = public;\nSELECT start('a'), loop('c');",
    "SET search_path = df;\nRESET search_path;\nSELECT sleep(1);",
    "SET LOCAL search_path = public, df;\nDO $$ BEGIN IF (x) THEN PERFORM start(«sql('a')»); END IF; "
    "LOOP EXIT; END LOOP; END $$;",
    "SET search_path = df;\n«sleep(5) ~> 'b'»;",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql SET search_path = df, public AS $$ SELECT "
    "start(«'a'») $$;\nSELECT start('b');",
]


def marked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and the marked spans, in the order of their beginnings."""
    plain: list[str] = []
    spans: list[tuple[int, int]] = []
    open_at: list[int] = []
    for char in text:
        if char == "«":
            open_at.append(len(plain))
        elif char == "»":
            spans.append((open_at.pop(), len(plain)))
        else:
            plain.append(char)
    assert not open_at
    return "".join(plain), sorted(spans)


@pytest.mark.parametrize("text", PLACES)
def test_workflows_are_found(text: str) -> None:
    plain, spans = marked(text)
    script = parse(plain)
    assert script.findings == ()
    assert [tuple(workflow.span) for workflow in script.workflows] == spans


def test_a_comment_names_the_next_workflow() -> None:
    script = parse(
        "-- dfsql: name=first\n'a' ~> 'b';\nSELECT df.start('c'),\n-- dfsql: name = second\n df.start('d');"
    )
    assert [workflow.given_name for workflow in script.workflows] == ["first", None, "second"]


def test_kinds_of_workflows() -> None:
    script = parse("'a' ~> 'b'; SELECT df.start('c'), df.explain('d' ~> 'e'), 'f' & 'g';")
    assert [workflow.kind for workflow in script.workflows] == ["bare", "start", "explain", "composer"]
    assert [workflow.statement for workflow in script.workflows] == [0, 1, 1, 1]
    for workflow in script.workflows:
        region = script.regions[workflow.region]
        assert region.statement == workflow.statement
        assert region.span.start <= workflow.span.start <= workflow.span.end <= region.span.end


def test_statements_sent_together_share_a_message() -> None:
    def messages(text: str) -> list[int]:
        return [region.message for region in parse(text).regions]

    one, two, three = messages("SELECT df.start('a') \\; SELECT df.start('b');\nSELECT df.start('c');")
    assert one == two != three
    one, two, three = messages(
        "DO $$ BEGIN PERFORM df.start('a'); PERFORM df.start('b'); END $$; SELECT df.start('c');"
    )
    assert one == two != three


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("DO 'BEGIN PERFORM df.start(''SELECT ''''x'''''' ~> ''b''); END';", "''SELECT ''''x''''''"),
        ("DO E'BEGIN PERFORM\\ndf.start(\\'a\\u00e9\\' ~> \\'b\\'); END';", "\\'a\\u00e9\\'"),
        ("DO $$ BEGIN EXECUTE 'SELECT df.start(''é🎉'' ~> ''b'')'; END $$;", "''é🎉''"),
        ("DO $$\r\nBEGIN\r\n\tPERFORM df.start($q$a\r\nb$q$ ~> 'b');\r\nEND $$;", "$q$a\r\nb$q$"),
        ("DO 'BEGIN PERFORM'\n  ' df.start(''a'' ~> ''b''); END';", "''a''"),
    ],
)
def test_positions_inside_quoted_bodies(text: str, step: str) -> None:
    script = parse(text)
    assert script.findings == ()
    (workflow,) = script.workflows
    first = workflow.expr
    while isinstance(first, Binary):
        first = first.left
    span = workflow.fragment.locate(first.start, first.end)
    assert text[span.start : span.end] == step


def test_the_smallest_expression_is_the_region() -> None:
    text = "SELECT f(a, 'x' ~> 'y', b), CASE WHEN c THEN 'd' & 'e' END FROM t WHERE z @> '{}';"
    regions: tuple[Region, ...] = parse(text).regions
    assert [text[region.span.start : region.span.end] for region in regions] == ["'x' ~> 'y'", "'d' & 'e'"]
