"""Texts that the server judges as the compiler does: cron texts, JSON, and what is wrong with either."""

import json
from collections.abc import Iterator
from random import Random

import psycopg
import pytest
from df_database import Connection, DfServer

from dfsql.compiler.configs import compact, jsonb
from dfsql.compiler.cron import CronError, parse
from dfsql.compiler.jsontext import JsonError, read

pytestmark = pytest.mark.needs_postgres


@pytest.fixture(scope="module")
def owner(server: DfServer) -> Iterator[Connection]:
    """A connection of the owner of df."""
    with server.database() as database, database.connect("dfowner") as connection:
        yield connection


# ---- cron


def random_cron(rng: Random) -> str:
    atoms = ("*", "0", "1", "5", "7", "12", "30", "31", "59", "60", "24", "007", "99999999999", "MON", "sun", "Fri", "jan",
             "DEC", "sept", "Sunday", "march", "x", "L", "15W", "LW", "2#1", "?", "H", "H/5", "-5", "", "friL", "th")  # fmt: skip

    def item() -> str:
        text = rng.choice(atoms)
        if rng.random() < 0.3:
            text += "-" + rng.choice(atoms)
        if rng.random() < 0.25:
            text += "/" + rng.choice(("2", "0", "15", "60", "x", "100"))
        return text

    fields = [",".join(item() for _ in range(rng.choice((1, 1, 1, 2, 3)))) for _ in range(5)]
    fields = [field if rng.random() < 0.4 else rng.choice(("*", "0", "1-5")) for field in fields]
    if rng.random() < 0.25:
        fields = rng.choice(
            (fields[:4], [*fields, "*"], ["0", *fields], ["0", *fields, "*"], fields[:1], [*fields, "1", "2"])
        )
    return rng.choice((" ", " ", " ", "\t ", "\n")).join(fields)


BY_HAND = [
    *(
        "",
        " \n",
        "@daily",
        "@Yearly",
        "@every 5m",
        "@every 7m",
        "@every 6h",
        "@reboot",
        "*/5 * * * *",
        "0 9 * * 0-7",
    ),
    *(
        "0 9 * * 7-2",
        "0 9 * * 6-1",
        "0 9 * * SAT-MON",
        "50-10 * * * *",
        "50-0 * * * *",
        "59-10/2 * * * *",
        "0 0 30 2 *",
    ),
    *(
        "0 , 30 * * * *",
        "10 - 20 * * * *",
        "*/ 5 * * * *",
        "*****",
        "0 0 9 * * MON",
        "0 0 ? * MON",
        "* * * * * ?",
    ),
    *(
        "0 9 * * 1–5",
        "1,,2 * * * *",
        "*-5 * * * *",
        "* * * * 7/2",
        "5/15 * * * *",
        "* * mon * *",
        "* * * fri *",
    ),
]


def test_cron_texts_are_judged_as_by_the_compiler(owner: Connection) -> None:
    rng = Random(7)
    texts = BY_HAND + [random_cron(rng) for _ in range(3000)]
    rows = owner.execute(
        "SELECT df._cron_problem(c.text) FROM unnest(%s::text[]) WITH ORDINALITY AS c (text, number) ORDER BY c.number",
        [texts],
    ).fetchall()
    reasons = 0
    for text, (problem,) in zip(texts, rows, strict=True):
        try:
            parse(text)
        except CronError as error:
            assert problem == error.message, text
            reasons += 1
        else:
            assert problem is None, text
    assert 1000 < reasons < 3000


def test_a_refused_cron_text_is_explained(owner: Connection) -> None:
    with pytest.raises(psycopg.Error) as caught:
        owner.execute("SELECT df.wait_for_schedule('@daily')")
    assert (
        caught.value.diag.message_detail == '@daily is a shorthand that is not supported; write "0 0 * * *".'
    )


# ---- JSON


def random_json(rng: Random, depth: int = 3) -> str:
    roll = rng.random()
    blank = rng.choice(("", "", " ", "\n"))
    if depth and roll < 0.25:
        return (
            "["
            + f",{blank}".join(random_json(rng, depth - 1) for _ in range(rng.randint(0, 3)))
            + f"{blank}]"
        )
    if depth and roll < 0.5:
        members = (
            f'"{rng.choice("abc")}{number}"{blank}: {random_json(rng, depth - 1)}'
            for number in range(rng.randint(0, 3))
        )
        return f"{{{blank}" + ",".join(members) + "}"
    return rng.choice(('"x y"', '"\\u00e4\\n"', "true", "false", "null", "0", "-1", "1.50", "1e22", "-0", "12345678901234567890123",
                       "1e-7", "0.00001", "123456789.125", "1.0", "-1.5e-300", "18446744073709551615", "100e3"))  # fmt: skip


def test_json_is_written_as_by_the_compiler(owner: Connection) -> None:
    rng = Random(11)
    texts = [random_json(rng) for _ in range(1500)]
    rows = owner.execute(
        "SELECT df._compact(j.text::jsonb::text) FROM unnest(%s::text[]) WITH ORDINALITY AS j (text, number) ORDER BY j.number",
        [texts],
    ).fetchall()
    for text, (written,) in zip(texts, rows, strict=True):
        assert written == compact(jsonb(text)), text


def test_what_is_wrong_with_json_is_said_as_by_the_compiler(owner: Connection) -> None:
    rng = Random(13)
    texts = [
        "",
        " ",
        '"',
        '"\\x"',
        '{"a":1,}',
        "[1,]",
        "{a}",
        '{"a"}',
        "tru",
        "nul",
        "-",
        "01",
        "1 2",
        '"a\tb"',
        "[1 2]",
        "{]",
    ]
    for _ in range(1500):
        text = random_json(rng)
        at = rng.randint(0, len(text))
        texts.append(
            text[:at]
            + rng.choice(("", ",", "]", "}", ":", '"', "x", "[", "{", "\\"))
            + text[at + rng.randint(0, 2) :]
        )
    rows = owner.execute(
        "SELECT df._json(j.text) IS NOT NULL, df._json_problem(j.text)"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS j (text, number) ORDER BY j.number",
        [texts],
    ).fetchall()
    wrong = 0
    for text, (fine, problem) in zip(texts, rows, strict=True):
        try:
            read(text)
        except JsonError as error:
            assert not fine, text
            assert problem == str(error), text
            wrong += 1
        else:
            assert fine, json.dumps(text)
    assert wrong > 800
