"""The functions and operators that compose workflows: what they build, what they refuse and in which words."""

from collections.abc import Iterator

import psycopg
import pytest
from df_database import Connection, DfServer

from dfsql.compiler import EnvelopeError
from dfsql.compiler.catalogue import FUNCTIONS, OPERATOR_FUNCTIONS, Role
from dfsql.compiler.envelope import decode_operand, decode_strict, draft_to_envelope

pytestmark = pytest.mark.needs_postgres

A, B, C = (f'{{"node_type":"SQL","query":"{name}"}}' for name in "abc")
TYPES = "SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL"


@pytest.fixture(scope="module")
def owner(server: DfServer) -> Iterator[Connection]:
    """A connection of the owner, who may also build HTTP steps."""
    with server.database() as database, database.connect("dfowner") as connection:
        yield connection


def value(connection: Connection, expression: str, *parameters: object) -> object:
    row = connection.execute(f"SELECT {expression}".encode(), parameters or None).fetchone()
    assert row is not None
    return row[0]


def refusal(connection: Connection, expression: str, *parameters: object) -> str:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(f"SELECT {expression}".encode(), parameters or None)
    return str(caught.value.diag.message_primary)


BUILT = {
    "df.sql('a')": A,
    "df.seq('a', 'b')": f'{{"node_type":"THEN","left_node":{A},"right_node":{B}}}',
    "'a' & 'b'": f'{{"node_type":"JOIN","left_node":{A},"right_node":{B}}}',
    "'a' | 'b'": f'{{"node_type":"RACE","left_node":{A},"right_node":{B}}}',
    "df.join3('a', 'b', 'c')": f'{{"node_type":"JOIN","left_node":{A},"right_node":{B},"extra_nodes":[{C}]}}',
    "df.loop('a')": f'{{"node_type":"LOOP","left_node":{A}}}',
    "df.loop('a', NULL)": f'{{"node_type":"LOOP","left_node":{A}}}',
    "@> 'a'": f'{{"node_type":"LOOP","left_node":{A}}}',
    "df.loop('a', 'b')": f'{{"node_type":"LOOP","left_node":{A},"condition_node":{B}}}',
    "df.if('c', 'a', 'b')": f'{{"node_type":"IF","left_node":{A},"right_node":{B},"condition_node":{C}}}',
    "'c' ?> 'a' !> 'b'": f'{{"node_type":"IF","left_node":{A},"right_node":{B},"condition_node":{C}}}',
    "'a' |=> 'x'": f'{A[:-1]},"result_name":"x"}}',
    "'a' |=> 'x' |=> 'y'": f'{A[:-1]},"result_name":"y"}}',
    "df.sleep('007')": '{"node_type":"SLEEP","query":"7"}',
    "df.break()": '{"node_type":"BREAK","query":"{\\"break_value\\":null}"}',
    "df.break('é\"')": '{"node_type":"BREAK","query":"{\\"break_value\\":\\"é\\\\\\"\\"}"}',
    "df.wait_for_signal('go')": '{"node_type":"SIGNAL","query":"{\\"signal_name\\":\\"go\\",\\"timeout_seconds\\":null}"}',
    "df.wait_for_schedule('0 6 * * MON')": '{"node_type":"WAIT_SCHEDULE","query":"{\\"cron_expr\\":\\"0 6 * * MON\\"}"}',
    "df.if_rows('$x', 'a', 'b')": f'{{"node_type":"IF","left_node":{A},"right_node":{B},'
    '"query":"{\\"condition_type\\":\\"result_has_rows\\",\\"result_name\\":\\"$x\\"}"}',
    "df.http('HTTP://h', 'get')": '{"node_type":"HTTP","query":"{\\"url\\":\\"HTTP://h\\",\\"method\\":\\"GET\\",'
    '\\"body\\":null,\\"headers\\":null,\\"timeout_seconds\\":30}"}',
    "'c' ?> 't'": '{"condition": "c", "_partial_if": true, "then_branch": "t"}',
    "NULL ?> 't'": '{"condition": null, "_partial_if": true, "then_branch": "t"}',
    """'{"_partial_if":1,"condition":{"node_type":"SQL","query":"c"},"then_branch":"a"}' !> 'b'""": (
        f'{{"node_type":"IF","left_node":{A},"right_node":{B},"condition_node":{C}}}'
    ),
}


@pytest.mark.parametrize(("expression", "envelope"), BUILT.items())
def test_what_is_built(owner: Connection, expression: str, envelope: object) -> None:
    assert value(owner, expression) == envelope


def test_a_long_envelope_is_remembered_as_it_is(owner: Connection) -> None:
    long = '{"node_type":"SQL","query":"' + "a" * 2000 + '"}'
    first = f'{{"node_type":"THEN","left_node":{long},"right_node":{B}}}'
    both = f'{{"node_type":"THEN","left_node":{first},"right_node":{C}}}'
    again = f'{{"node_type":"RACE","left_node":{first},"right_node":{first[:-1]},"result_name":"x"}}}}'
    with owner.transaction(force_rollback=True):
        assert value(owner, "repeat('a', 2000) ~> 'b' ~> 'c'") == both
        assert value(owner, "(repeat('a', 2000) ~> 'b') | (repeat('a', 2000) ~> 'b' |=> 'x')") == again
        assert value(owner, "%s ~> 'c'", f" {first}") == both
        assert str(value(owner, "%s ~> 'c'", f"{first}x")).startswith(
            '{"node_type":"THEN","left_node":{"node_type":"SQL",'
        )


NULLS = [
    "df.sql(NULL)", "df.seq(NULL, 'x')", "df.as('x', NULL)", "df.if('c', 't', NULL)", "df.join3('a', 'b', NULL)",
    "df.race(NULL, 'x')", "df.sleep(NULL)", "df.wait_for_schedule(NULL)", "df.if_rows(NULL, 'a', 'b')", "NULL ~> 'a'",
    "'a' & NULL", "'a' |=> NULL", "'c' ?> 't' !> NULL", "NULL ?> 't' !> 'e'", """'{"_partial_if":true}' !> 'e'""",
]  # fmt: skip


@pytest.mark.parametrize("expression", NULLS)
def test_null_swallows_the_whole(owner: Connection, expression: str) -> None:
    assert value(owner, expression) is None


HTTP = "'https://h.example/'"
NO_CONDITION = "Invalid if-then-else: left side of !> must be a ?> expression"
CRON = "Invalid cron expression '{0}': Invalid expression: Invalid cron expression."
REFUSED = {
    "df.as('a', '')": "df.as: result name cannot be empty",
    "df.as('a', '1st')": "df.as: result name '1st' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*",
    "'a' |=> E'x\\n'": "df.as: result name 'x\n' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*",
    "'a' |=> 'größe'": "df.as: result name 'größe' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*",
    "df.sleep(-1)": "Sleep duration must be non-negative",
    "df.wait_for_schedule('@daily')": CRON.format("@daily"),
    "df.wait_for_schedule('')": CRON.format(""),
    "df.wait_for_signal('')": "Signal name cannot be empty",
    "df.wait_for_signal('', -1)": "Signal name cannot be empty",
    "df.wait_for_signal('x', 0)": "Timeout must be positive",
    "df.wait_for_signal(NULL)": "unboxing name argument failed",
    "df.loop(NULL)": "unboxing body argument failed",
    "df.loop(NULL, 'c')": "unboxing body argument failed",
    "@> NULL": "unboxing body argument failed",
    "df.http(NULL)": "unboxing url argument failed",
    f"df.http({HTTP}, NULL)": "unboxing method argument failed",
    f"df.http({HTTP}, timeout_seconds => NULL)": "unboxing timeout_seconds argument failed",
    "df.http('$base/x')": "Blocked: unsupported URL scheme '$base/x'. Only http and https are allowed.",
    "df.http('')": "Blocked: unsupported URL scheme ''. Only http and https are allowed.",
    "df.http(' HTTPS://x')": "Blocked: unsupported URL scheme ' https'. Only http and https are allowed.",
    "df.http('ftp://x', 'no', NULL, NULL, 0)": "Blocked: unsupported URL scheme 'ftp'. Only http and https are allowed.",
    "df.http('{b}', 'hEad', timeout_seconds => 0)": "Invalid HTTP method: hEad. Must be GET, POST, PUT, DELETE, or PATCH",
    f"df.http({HTTP}, timeout_seconds => 0)": "Timeout must be positive",
    f"df.http({HTTP}, headers => '[]')": "headers must be a JSON object",
    f"df.http({HTTP}, headers => 'null')": "headers must be a JSON object",
    f"""df.http({HTTP}, headers => '{{"a b":"x"}}')""": "invalid header name 'a b'",
    f"""df.http({HTTP}, headers => '{{"a":null}}')""": "header 'a' must be a text, a number or a boolean",
    "df.http_multipart('x:y', 'get')": "Blocked: unsupported URL scheme 'x:y'. Only http and https are allowed.",
    f"df.http_multipart({HTTP}, 'get')": "Invalid HTTP method for multipart: get. Must be POST, PUT, or PATCH",
    f"df.http_multipart({HTTP}, timeout_seconds => -1)": "Timeout must be positive",
    f"df.http_multipart({HTTP})": "parts is required and cannot be NULL",
    f"df.http_multipart({HTTP}, parts => '{{}}')": "parts must be a JSON array of part objects",
    f"df.http_multipart({HTTP}, parts => '[]')": "parts must contain at least one part",
    "'c' !> 'e'": "invalid input syntax for type json",
    "df.sql('c') !> 'e'": NO_CONDITION,
    "'[1]' !> 'e'": NO_CONDITION,
    "NULL !> 'e'": NO_CONDITION,
    "'c' ?> 't' ~> 'u' !> 'e'": NO_CONDITION,
    "df.sleep(2.5)": "function df.sleep(numeric) does not exist",
    "df.wait_for_signal('x', 60::bigint)": "function df.wait_for_signal(unknown, bigint) does not exist",
    "df.start('a', 'b', 'c')": 'database "c" does not exist',
    "'a' @> 'b'": "operator is not unique: unknown @> unknown",
}


@pytest.mark.parametrize(("expression", "message"), REFUSED.items())
def test_what_is_refused(owner: Connection, expression: str, message: str) -> None:
    assert refusal(owner, expression) == message


def test_http_that_is_switched_off(owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute("SET LOCAL dfsql.http_mode = 'off'")
        for function in ("http", "http_multipart"):
            with owner.transaction(force_rollback=True):
                assert refusal(owner, f"df.{function}('ftp://x', 'no')") == (
                    f"df.{function}() is disabled. Rebuild with the 'http-allow-azure-domains' Cargo feature to "
                    "enable outbound HTTP requests."
                )


OPERANDS = [
    *(
        "SELECT 1",
        "",
        " ",
        "{",
        "{}",
        '{"foo":1}',
        '{"node_type":5}',
        '{"node_type":null}',
        "5",
        "null",
        '"SQL"',
        "[1]",
    ),
    *(
        '{"node_type":"sql","query":"x"}',
        '{"node_type":"FOO"}',
        A + " x",
        A + A,
        '{"node_type":"SQL","query":NaN}',
    ),
    ' \n{ "query" : "a" , "node_type" : "SQL" }\t',
    '{"node_type":"SQL","query":"a","left_node":null,"result_name":null,"extra_nodes":[]}',
    '{"node_type":"SQL","query":"a","unknown":1,"unknown":{"x":[]}}',
    f'{{"right_node":{B},"left_node":{A},"node_type":"THEN"}}',
    '{"node_type":"SQL","query":"\\u00e4\\/\\ud83d\\ude42\\u001f\\b"}',
    '{"node_type":"THEN","left_node":{"node_type":"FOO"},"right_node":{"x":1}}',
    '{"node_type":"THEN","left_node":123}',
    '{"node_type":"THEN","right_node":"abc"}',
    '{"node_type":"IF",\n "condition_node":"a1b2"}',
    '{"node_type":"JOIN","extra_nodes":["x"]}',
    '{"node_type":"JOIN","extra_nodes":null}',
    '{"extra_nodes":{},"node_type":"JOIN"}',
    '{"node_type":"SQL","query":5}',
    '{"node_type":"SQL","query":1.50}',
    '{"node_type":"SQL","query":-1e30}',
    '{"node_type":"SQL","query":true}',
    '{"node_type":"SQL","result_name":[]}',
    '{"node_type":"SQL","query":"a","query":"b"}',
    '{"node_type":"SQL", "left_node" : null , "left_node":null}',
    '{"node_type":"FOO","query":5}',
    '{"query":5,"node_type":["SQL"]}',
    '{"node_type":"SQL","node_type":"THEN"}',
    '{"node_type":"SQL","query":"\\ud800"}',
]


@pytest.mark.parametrize("text", OPERANDS)
def test_operands_are_read_as_the_compiler_reads_them(owner: Connection, text: str) -> None:
    try:
        draft = decode_operand(text)
    except EnvelopeError as error:
        assert refusal(owner, "df._operand(%s)", text) == str(error)
    else:
        expected = value(owner, "df.sql(%s)", text) if draft is None else draft_to_envelope(draft)
        assert value(owner, "df._operand(%s)", text) == expected
    try:
        decode_strict(text)
    except EnvelopeError as error:
        assert refusal(owner, "df._submitted(%s)", text) == f"Invalid durable function: {error}"


def test_children_keep_their_text(owner: Connection) -> None:
    text = '{ "left_node": {"x" : [ 1 ]}, "node_type":"LOOP" }'
    assert value(owner, "df._operand(%s)", text) == '{"node_type":"LOOP","left_node":{"x" : [ 1 ]}}'


HELPERS = ["df.setvar('k', 'v')", "df.unsetvar('k')", "df.clearvars()"]


@pytest.mark.parametrize("call", HELPERS)
@pytest.mark.parametrize("use", ["{} ~> 'SELECT 1'", "({} || '') & 'SELECT 1'", "ROW({}, df.race('a', 'b'))"])
def test_a_helper_is_no_step(owner: Connection, call: str, use: str) -> None:
    name = call.partition("(")[0]
    expected = f"{name} cannot be used as a workflow step. Call {name} before df.start()."
    assert refusal(owner, use.format(call)) == expected


def test_what_the_guard_lets_pass(owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        assert value(owner, "ROW(df.setvar('k', 'v'), df.sql('a') ~> df.sql('b')) IS NOT NULL") is True
        assert value(owner, "'a' ~> 'b'") == BUILT["df.seq('a', 'b')"]  # another statement
        assert value(owner, "ROW('a' ~> 'b', df.setvar('k', 'v')) IS NOT NULL") is True


def test_signatures(owner: Connection) -> None:
    rows = owner.execute(
        "SELECT p.proname::text, pg_get_function_arguments(p.oid), p.proisstrict, p.provolatile::text, p.prosecdef,"
        " p.prorettype::regtype::text FROM pg_proc p WHERE p.pronamespace = 'df'::regnamespace"
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    checked = 0
    for name, (function, *_) in FUNCTIONS.items():
        if function.role not in (Role.NODE, Role.OPERATOR, Role.ENTRY):
            continue
        arguments = ", ".join(
            f"{p.name} {p.type}" + ("" if p.default is None else f" DEFAULT {p.default}")
            for p in function.parameters
        )
        written = str(found[name][0]).replace("::text", "").replace("::jsonb", "").replace("::integer", "")
        assert written == arguments, name
        operator = function.role is Role.OPERATOR
        assert found[name][1] is (function.strict and not operator), name
        assert found[name][2:] == ("i" if operator else "v", False, "text"), name
        checked += 1
    assert checked == 21


def test_operators(owner: Connection) -> None:
    rows = owner.execute(
        "SELECT o.oprname::text, p.proname::text, o.oprleft = 0, n.nspname::text FROM pg_operator o"
        " JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_namespace n ON n.oid = o.oprnamespace"
        " WHERE p.pronamespace = 'df'::regnamespace"
    ).fetchall()
    behind = OPERATOR_FUNCTIONS | {"|=>": "as_op", "@>": "loop_prefix_op"}
    assert {(name, function, prefix) for name, function, prefix, _ in rows} == {
        (operator, function, operator == "@>") for operator, function in behind.items()
    }
    assert {row[3] for row in rows} == {"public"}


def test_http_needs_a_grant(server: DfServer) -> None:
    with server.database() as database, database.connect("app") as connection:
        assert refusal(connection, f"df.http({HTTP})") == "permission denied for function http"
        assert (
            refusal(connection, f"df.http_multipart({HTTP})")
            == "permission denied for function http_multipart"
        )


def test_long_chains_are_composed_fast(owner: Connection) -> None:
    """A thousand operands; decoding each time anew would take seconds here."""
    chain = " ~> ".join(f"'SELECT {number} FROM something WHERE it = 1'" for number in range(1000))
    owner.execute("SET statement_timeout = '2s'")
    try:
        assert value(owner, f"json_typeof(({chain})::json -> 'left_node')") == "object"
    finally:
        owner.execute("RESET statement_timeout")
