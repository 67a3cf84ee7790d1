"""Connection targets: who logs in where, and whose password goes with it."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dfsql.runtime.targets import (
    PURPOSES,
    TargetError,
    chosen_dsn,
    control_conninfo,
    for_submitter,
    for_worker,
    redacted,
)

SERVICES = """
[shop]
host=db.example
port=5433
user=worker
password=of-the-service
dbname=orders
sslmode=verify-full
"""


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "services").write_text(SERVICES)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("HOME", str(tmp_path))


CHOICES = [
    ("host=a", {"DFSQL_DSN": "host=b", "PGHOST": "c"}, "host=a"),
    ("", {"DFSQL_DSN": "host=b"}, ""),
    (None, {"DFSQL_DSN": "host=b", "PGHOST": "c"}, "host=b"),
    (None, {"PGHOST": "c"}, ""),
    (None, {"PGHOSTADDR": "127.0.0.1"}, ""),
    (None, {"PGSERVICE": "shop"}, ""),
    (None, {"PGUSER": "ada", "PGDATABASE": "x", "PGPORT": "1"}, None),
    (None, {"DATABASE_URL": "postgresql://production/"}, None),
    (None, {"DFSQL_DSN": "", "PGHOST": ""}, None),
]


@pytest.mark.parametrize(("option", "environment", "expected"), CHOICES)
def test_which_server(
    option: str | None, environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert chosen_dsn(option) == expected


CONTROLS = [
    ("host=a user=w dbname=d", {}, {"host": "a", "user": "w", "dbname": "d"}),
    ("postgresql://w:p@h:1/d", {}, {"host": "h", "port": "1", "user": "w", "password": "p", "dbname": "d"}),
    ("user=w", {}, {"user": "w", "dbname": "w"}),
    ("user=w", {"PGHOST": "h", "PGDATABASE": "d"}, {"user": "w", "host": "h", "dbname": "d"}),
    ("host=a", {"PGHOST": "h", "PGUSER": "u"}, {"host": "a", "user": "u", "dbname": "u"}),
    (None, {"DFSQL_DSN": "user=w host=x"}, {"user": "w", "host": "x", "dbname": "w"}),
    # PGPASSWORD is libpq's to use, and need not be carried about.
    ("user=w", {"PGPASSWORD": "p"}, {"user": "w", "dbname": "w"}),
    (
        "service=shop dbname=other",
        {},
        {
            "service": "shop",
            "host": "db.example",
            "port": "5433",
            "user": "worker",
            "password": "of-the-service",
            "dbname": "other",
            "sslmode": "verify-full",
        },
    ),
]


@pytest.mark.parametrize(("dsn", "environment", "expected"), CONTROLS)
def test_the_workers_own_parameters(
    dsn: str | None, environment: dict[str, str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert control_conninfo(dsn) == expected


@pytest.mark.parametrize("dsn", ["geheim", "host=a password=geheim nonsense", "postgresql://a:geheim%zz@h/d"])
def test_a_connection_string_that_is_not_valid_is_not_repeated(dsn: str) -> None:
    with pytest.raises(TargetError) as raised:
        control_conninfo(dsn)
    assert "geheim" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("PGPASSWORD", "p")
    before = dict(os.environ)
    control_conninfo("service=shop")
    assert dict(os.environ) == before


# The worker's parameters, the environment, the role, and the password that is handed to libpq
# (None: none, so that libpq looks in PGPASSWORD and the passfile; "": none but the passfile's).
PASSWORDS = [
    ("user=w password=p", {}, "w", "p"),
    ("user=w password=p", {}, "app", None),
    ("user=w password=p", {"PGPASSWORD": "q"}, "app", None),
    ("user=w", {"PGPASSWORD": "q"}, "app", None),
    ("user=w", {"PGPASSWORD": "q"}, "w", None),
    ("service=shop", {}, "worker", "of-the-service"),
    ("service=shop", {}, "app", ""),
    ("service=shop", {"PGPASSWORD": "q"}, "app", "q"),
    ("service=shop user=w", {}, "worker", ""),
    ("", {"PGSERVICE": "shop"}, "worker", "of-the-service"),
    ("", {"PGSERVICE": "shop"}, "app", ""),
    ("user=w password=p", {"PGSERVICE": "shop"}, "app", ""),
    ("user=w passfile=/x scram_client_key=k", {}, "app", None),
]


@pytest.mark.parametrize(("dsn", "environment", "role", "password"), PASSWORDS)
def test_whose_password_is_sent(
    dsn: str, environment: dict[str, str], role: str, password: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    conninfo = conninfo_to_dict("user=w dbname=w") if "scram" in dsn else control_conninfo(dsn)
    if "scram" in dsn:  # a key that is as good as a password; older libpqs do not know it
        conninfo |= {"passfile": "/x", "scram_client_key": "k"}
    found = for_submitter({name: str(value) for name, value in conninfo.items()}, role, None)
    assert found.get("password") == password
    assert found["user"] == role
    assert "scram_client_key" not in found
    assert ("passfile" in found) == ("passfile" in dsn)


def test_a_submitters_session_is_as_the_specification_says() -> None:
    conninfo = control_conninfo(
        "postgresql://w:p@h1,h2:5433/d?sslmode=require&target_session_attrs=read-write"
    )
    conninfo |= {"application_name": "mine", "client_encoding": "LATIN1", "connect_timeout": "1"}
    assert for_submitter(conninfo, 'O"Hara', "shop") == {
        "host": "h1,h2",
        "port": conninfo["port"],
        "sslmode": "require",
        "target_session_attrs": "read-write",
        "user": 'O"Hara',
        "dbname": "shop",
        "application_name": "pg_durable:worker:workflow-sql",
        "client_encoding": "UTF8",
        "connect_timeout": "30",
        "options": "-c DateStyle=ISO,MDY -c TimeZone=UTC -c extra_float_digits=2 -c df.in_workflow=true",
    }


OPTIONS = [
    ("", ""),
    ("-c search_path=app", ""),
    ("-csearch_path=app --lock_timeout=3s -d 5", "5"),
    ("endpoint=blue -c a=b", "endpoint=blue"),
    (r"-c search_path=a,\ b project=x", "project=x"),
]


@pytest.mark.parametrize(("options", "kept"), OPTIONS)
def test_settings_of_the_worker_stay_with_the_worker(options: str, kept: str) -> None:
    found = for_submitter({"user": "w", "dbname": "w", "options": options}, "app", None)["options"]
    assert found.partition("-c DateStyle")[0].strip() == kept
    assert (
        for_worker({"user": "w", "options": options}, "poll")["options"]
        == f"{options} -c lock_timeout=500".strip()
    )


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_workers_sessions_have_names(purpose: str) -> None:
    found = for_worker({"user": "w", "password": "p", "application_name": "x"}, purpose)
    assert found["application_name"] == f"pg_durable:worker:{purpose}"
    assert (found["user"], found["password"], found["client_encoding"]) == ("w", "p", "UTF8")


def test_an_unknown_purpose() -> None:
    with pytest.raises(ValueError, match="no such purpose: lunch"):
        for_worker({}, "lunch")


def test_messages_hold_no_secret() -> None:
    text = redacted({"user": "w", "password": "geheim", "sslpassword": "geheim", "host": "h"})
    assert "geheim" not in text
    assert conninfo_to_dict(text) == {"user": "w", "password": "***", "sslpassword": "***", "host": "h"}


def test_a_name_cannot_smuggle_in_parameters() -> None:
    found = for_submitter({"user": "w", "dbname": "w", "host": "h"}, "x host=evil", "postgresql://evil/")
    again = conninfo_to_dict(make_conninfo(**found))
    assert (again["host"], again["user"], again["dbname"]) == ("h", "x host=evil", "postgresql://evil/")
