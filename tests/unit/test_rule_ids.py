"""The ids of the language reference, section 8: an example of each, and the rules that report it.

Severity is that of our own outcome; what only pg_durable does is reported for that target alone.
"""

import pytest

from dfsql.compiler import check, compile, find_rule
from dfsql.grammar import Severity

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741
CHAIN = " ~> ".join(["'SELECT 1'"] * 258)
DATA = """df.http_multipart('https://a.org/', parts => '[{"name": "f", "data_b64": "=$f"}]')"""

# id, example, what is reported for it here: {code: severity}
EXAMPLES = [
    ("P-01", "'SELECT c()' ?> 'SELECT t()' ~> 'SELECT u()' !> 'SELECT e()'", {"DF102": E}),
    ("P-01", "'SELECT c()' ?> 'SELECT t()' & 'SELECT u()' !> 'SELECT e()'", {"DF102": E}),
    ("P-01", "'SELECT c()' ?> 'SELECT t()' | 'SELECT u()' !> 'SELECT e()'", {"DF102": E}),
    ("P-01", "'SELECT c()' ?> 'SELECT t()' |=> 'x' !> 'SELECT e()'", {"DF102": E}),
    ("P-02", "SELECT df.start('SELECT c()' ?> 'SELECT t()')", {"DF103": E}),
    ("P-02", "'SELECT c()' ?> 'SELECT t()' ~> 'SELECT n()'", {"DF103": E}),
    ("P-03", "@> 'SELECT a()' ~> 'SELECT b()'", {"DF104": W}),
    ("P-04", "'SELECT a()' & 'SELECT b()' |=> 'y'", {"DF105": W}),
    ("P-04", "'SELECT a()' | 'SELECT b()' |=> 'y'", {"DF105": W}),
    ("P-06", "'SELECT a()' ~> 'SELECT b()' & 'SELECT c()'", {"DF106": W}),
    ("P-06", "'SELECT a()' | 'SELECT b()' & 'SELECT c()'", {"DF106": W}),
    ("P-06", "'SELECT a()' & 'SELECT b()' ~> 'SELECT c()' | 'SELECT d()'", {"DF106": W}),
    (
        "P-07",
        "'SELECT c()' ?> 'SELECT t()' !> 'SELECT d()' ?> 'SELECT u()' !> 'SELECT e()'",
        {"DF107": W},
    ),
    ("P-08", "SELECT df.start('SELECT a()' ~> 'SELECT ' || x) FROM t", {"DF108": E}),
    ("P-08", "SELECT df.start('SELECT ' || x ~> 'SELECT b()' || c) FROM t", {"DF108": E}),
    ("P-09", "SELECT df.start('DELETE FROM a'\n'DELETE FROM b')", {"DF109": W}),
    ("P-10", "'SELECT a()' ~>@> 'SELECT b()'", {"DF101": E}),
    ("P-10", "SELECT df.loop(body=>@>'SELECT a()')", {"DF101": E}),
    ("P-10", "'SELECT a()' ~>-1", {"DF101": E}),
    ("P-11", "SELECT df.start('SELECT a()' ~> 'SELECT b()' = 'c')", {"DF110": E}),
    ("P-11", "SELECT df.start('SELECT a()' ~> 'SELECT b()' IN ('c'))", {"DF110": E}),
    ("P-11", "SELECT df.start('SELECT a()' ~> 'SELECT b()' AND true)", {"DF110": E}),
    ("P-13", "@> 'SELECT c()' ?> 'SELECT t()' !> 'SELECT e()'", {"DF111": E}),
    ("P-15", f"SELECT df.start({CHAIN})", {"DF112": E}),
    ("P-16", "SELECT df.start('SELECT a()' ~> NULL)", {"DF208": E}),
    ("P-18", "SELECT df.start($$ 'SELECT a()' ~> 'SELECT b()' $$)", {"DF113": E}),
    ("P-19", """SELECT df.start('{"node_type":"sql","query":"SELECT 1"}')""", {"DF212": E}),
    ("P-20", "SELECT df.start(df.wait_for_signal('x', timeout => 5))", {"DF202": E}),
    (
        "P-20",
        "SELECT df.start(df.if(cond => 'SELECT 1', then_branch => 'SELECT 1', else_branch => 'SELECT 2'))",
        {"DF202": E},
    ),
    ("P-20", "SELECT df.start(df.wait_for_signal('x', 60::bigint))", {"DF202": E}),
    ("P-20", "SELECT df.start(df.sleep(0.5))", {"DF202": E}),
    ("P-20", "SELECT df.start(df.if('SELECT 1', then => 'SELECT 1', else => 'SELECT 2'))", {"DF015": E}),
    ("H-01", "df.setvar('k', 'v') ~> 'SELECT 1'", {"DF203": E}),
    ("H-01", "df.clearvars() ~> 'SELECT 1'", {"DF203": E}),
    ("H-01", "'SELECT 1' ~> df.await_instance('a1b2c3d4')", {"DF203": E}),
    ("H-02", "SELECT df.setvar('k', 'v'), df.start('SELECT {k}')", {"DF204": E}),
    ("H-02", "DO $$ BEGIN PERFORM df.unsetvar('k'); PERFORM df.start('SELECT 1'); END $$", {"DF204": E}),
    ("H-03", "SELECT df.start('SELECT df.setvar(''k'', ''v'')')", {"DF205": E}),
    ("H-04", "df.signal('a1b2c3d4', 'go') ~> 'SELECT 1'", {"DF213": W}),
    ("H-05", "df.getvar('k') ~> 'SELECT 1'", {"DF213": W}),
    ("H-06", "SELECT df.start('SELECT df.await_instance(''a1b2c3d4'')')", {"DF206": E}),
    ("H-10", "SELECT df.explain('SELECT ''a'' ~> ''b''')", {"DF207": E}),
    ("N-01", "SELECT df.start('SELECT 1' |=> 'x' ~> 'SELECT $X')", {"DF301": E}),
    ("N-02", "SELECT df.start(df.http('https://example.org/$x'))", {"DF301": W}),
    ("N-03", "df.if('SELECT c()', 'SELECT 1' |=> 'x', 'SELECT 2') ~> 'SELECT $x'", {"DF303": W}),
    ("N-04", "('SELECT 1' |=> 'x' | df.sleep(5)) ~> 'SELECT $x'", {"DF304": W}),
    ("N-05", "('SELECT 1' |=> 'x') & 'SELECT $x'", {"DF302": E}),
    ("N-06", "('SELECT 1' |=> 'x') & ('SELECT 2' |=> 'x')", {"DF305": W}),
    ("N-11", "@> ('SELECT $p' ~> ('SELECT 1' |=> 'p') ~> df.sleep(1))", {"DF313": E}),
    ("N-11", "'SELECT 1' ~> @> ('SELECT $p' ~> ('SELECT 1' |=> 'p') ~> df.sleep(1))", {"DF313": W}),
    ("N-12", "'SELECT name FROM t' |=> 'x' ~> 'SELECT ''for $x only'''", {"DF307": E}),
    ("N-13", "'DELETE FROM t' |=> 'x' ~> 'SELECT $x'", {"DF306": W}),
    ("N-17", "('SELECT 1' & 'SELECT 2') |=> 'x' ~> 'SELECT * FROM $x.*'", {"DF308": E}),
    ("N-19", "'SELECT id FROM t' |=> 'x' ~> 'DELETE FROM u WHERE id IN ($x)'", {"DF314": W}),
    ("N-23", "SELECT df.start('SELECT 1' |=> 'x' ~> df.if_rows('$x', 'SELECT 1', 'SELECT 2'))", {"DF309": E}),
    ("N-23", "SELECT df.start(df.if_rows('y', 'SELECT 1', 'SELECT 2'))", {"DF309": E}),
    (
        "N-24",
        "df.wait_for_signal('s', 5) |=> 'x' ~> df.if_rows('x', 'SELECT 1', 'SELECT 2')",
        {"DF310": E},
    ),
    ("N-25", "df.wait_for_signal('go_$id', 5)", {"DF402": E}),
    ("N-26", "'SELECT 1' |=> 'my result'", {"DF311": E}),
    ("N-26", "'SELECT 1' |=> ''", {"DF311": E}),
    ("V-01", "SELECT df.start('SELECT * FROM {table}')", {"DF401": W}),
    ("V-04", "SELECT df.start('SELECT ''{sys_instanceid}''')", {"DF401": W}),
    ("V-08", "df.wait_for_signal('go_{id}', 5)", {"DF402": E}),
    ("V-08", "@> df.break('{id}')", {"DF402": E}),
    ("V-08", "SELECT df.start(df.sleep('{n}'))", {"DF202": E}),
    ("V-08", "SELECT df.start(df.wait_for_schedule('{m} * * * *'))", {"DF603": E}),
    ("V-09", "SELECT df.start(df.http('$base/path'))", {"DF210": E}),
    ("C-01", "SELECT df.start('SELECT 1' ~> df.break())", {"DF501": E}),
    ("C-02", "@> 'SELECT a()'", {"DF502": W}),
    ("C-02", "df.loop('SELECT a()')", {"DF502": W}),
    ("C-04", "(@> (df.sleep(5))) ~> 'SELECT b()'", {"DF503": W}),
    ("C-05", "@> (df.break() ~> 'SELECT a()')", {"DF504": W}),
    ("C-07", "df.wait_for_signal('s', 5) ?> 'SELECT 1' !> 'SELECT 2'", {"DF505": W}),
    ("C-07", "df.if(df.http('https://example.org/'), 'SELECT 1', 'SELECT 2')", {"DF505": W}),
    ("C-09", "SELECT df.start('count(*) > 0' ?> 'SELECT 1' !> 'SELECT 2')", {"DF506": E}),
    ("S-01", "df.wait_for_signal('s')", {"DF601": W}),
    ("S-06", "SELECT df.start(df.wait_for_schedule('0 0 9 * * MON'))", {"DF604": E}),
    ("S-07", "df.wait_for_schedule('0 0 31 4 *')", {"DF602": E}),
    ("S-10", "SELECT df.start(df.wait_for_schedule('@daily'))", {"DF603": E}),
    ("S-10", "SELECT df.start(df.wait_for_schedule('*/60 * * * *'))", {"DF603": E}),
    ("S-10", "SELECT df.start(df.wait_for_schedule('0 0 * * FRI-MON'))", {"DF603": E}),
    ("S-10", "SELECT df.start(df.wait_for_schedule('0 0 * * MON#2'))", {"DF603": E}),
    ("Q-01", "SELECT df.start('UPDATE t SET a = 1; DELETE FROM u')", {"DF702": E}),
    ("Q-02", "SELECT df.start('SELECT $1')", {"DF703": E}),
    ("Q-08", "SELECT df.start(df.http('https://example.org/', timeout_seconds => 0))", {"DF210": E}),
    ("Q-08", "SELECT df.start(df.http('https://example.org/', 'FETCH'))", {"DF210": E}),
    ("Q-08", "SELECT df.start(df.http('file:///etc/passwd'))", {"DF210": E}),
    ("Q-09", f"'SELECT 1' |=> 'f' ~> {DATA}", {"DF704": E}),
]

# id, example that works here, the rule that speaks for the other target
ELSEWHERE = [
    ("N-07", "'SELECT 1' |=> 'x' ~> (('SELECT 2' |=> 'x') & 'SELECT 3') ~> 'SELECT $x'", "DF906"),
    ("N-10", "(df.sleep(5) |=> 'x') ~> 'SELECT $x'", "DF903"),
    ("N-19", "'SELECT id FROM t' |=> 'x' ~> 'DELETE FROM u WHERE id = ANY($x)'", "DF901"),
    ("N-25", "@> ('SELECT 1' |=> 'x' ~> df.break('$x'))", "DF904"),
    ("S-05", "df.wait_for_schedule('0 9 * * 1-5')", "DF902"),
    ("S-08", "df.wait_for_schedule('0 0 13 * FRI')", "DF902"),
    (
        "V-02",
        "SELECT df.setvar('c', 'x'); SELECT df.start(df.http('https://a.org/', 'POST', '{\"c\": \"{c}\"}'))",
        "DF905",
    ),
]

# Everything of severity E, and the warnings that this release promises.
PROMISED = set(
    """
    P-01 P-02 P-10 P-11 P-13 P-15 P-18 P-20 H-01 H-02 H-03 H-06 H-10 N-01 N-05 N-12 N-17 N-23 N-24 N-26 V-08
    C-01 C-09 S-07 S-10 Q-01 Q-02 Q-08 Q-09
    P-03 P-04 P-06 P-07 P-08 P-09 N-03 N-04 N-06 N-13 V-01 C-02 C-04 C-05 C-07 S-01 S-06
    """.split()
)


@pytest.mark.parametrize(
    ("alias", "text", "expected"), EXAMPLES, ids=[f"{e[0]}-{n}" for n, e in enumerate(EXAMPLES)]
)
def test_an_example_of_the_reference_is_reported(
    alias: str, text: str, expected: dict[str, Severity]
) -> None:
    found = {finding.code: finding.severity for finding in check(compile(text))}
    assert found == expected


@pytest.mark.parametrize(("alias", "text", "code"), ELSEWHERE, ids=[e[0] for e in ELSEWHERE])
def test_what_only_the_other_engine_does_is_reported_for_it_alone(alias: str, text: str, code: str) -> None:
    assert check(compile(text)) == []
    assert [finding.code for finding in check(compile(text), target="pg_durable")] == [code]
    rule = find_rule(code)
    assert rule is not None
    assert alias in rule.aliases


@pytest.mark.parametrize("alias", sorted({alias for alias, *_ in EXAMPLES}))
def test_the_id_leads_to_a_rule_that_reports_it(alias: str) -> None:
    rule = find_rule(alias)
    assert rule is not None
    assert rule.code in {code for known, _, expected in EXAMPLES if known == alias for code in expected}


def test_everything_promised_has_an_example() -> None:
    assert {alias for alias, *_ in EXAMPLES} >= PROMISED


def test_a_column_without_its_result_is_a_warning_here_and_an_error_there() -> None:
    text = "'SELECT a AS order_id FROM t' |=> 'order' ~> 'SELECT $order_id'"
    for target, severity in (("dfsql", W), ("pg_durable", E)):
        (finding,) = check(compile(text), target=target)
        assert (finding.code, finding.severity) == ("DF312", severity)
        assert "$order.order_id" in finding.message


def test_another_target_is_refused() -> None:
    with pytest.raises(ValueError, match="choose dfsql or pg_durable"):
        check(compile("'SELECT 1' ~> 'SELECT 2'"), target="oracle")
