"""Installing, upgrading and removing schema df: what is there afterwards, and who may do it."""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from df_database import OWNER, Connection, DfDatabase, DfServer
from postgres_server import PostgresServer
from schema_dump import schema_dump

import dfsql
from dfsql.sql import (
    SCHEMA_VERSION,
    InstallError,
    Release,
    Script,
    install,
    installed_version,
    read_installation,
    script,
    this_release,
    uninstall,
    write_extension,
)

pytestmark = pytest.mark.needs_postgres

RELEASES = Path(__file__).parents[1] / "data" / "releases"
CHANGE = "ALTER TABLE df.vars ADD COLUMN changed_at pg_catalog.timestamptz;\n"
SAY_TWO = "UPDATE df._installation SET schema_version = 2, product_version = '0.2.0';\n"
INSTANCE = """
    INSERT INTO df.instances (id, root_node, submitted_by, status)
        VALUES ('00000001', '00000002', 'app'::regrole, {status});
    INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by)
        VALUES ('00000002', '00000001', 'SQL', 'SELECT 1', 'app'::regrole)"""


def next_release(*upgrade: str) -> Release:
    """A release with version 2: df.vars has one column more."""
    now = this_release()
    changed = Script(99, "schema/099_later.sql", CHANGE + SAY_TWO)
    return Release(2, (*now.schema, changed), (Script(2, "upgrade/0002_later.sql", "".join(upgrade)),))


def add_instance(connection: Connection, status: str) -> None:
    """One instance of one node, in a status of its own."""
    connection.execute(INSTANCE.format(status=f"'{status}'").encode())


@pytest.fixture
def owner(empty_database: DfDatabase) -> Iterator[Connection]:
    """A connection of the owner to a database without df."""
    with empty_database.connect(OWNER) as connection:
        yield connection


# ---- a new installation ------------------------------------------------------------------------------------


def test_owner_without_superuser_installs(empty_database: DfDatabase, owner: Connection) -> None:
    assert owner.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    assert installed_version(owner) is None
    report = install(owner)
    assert (report.action, report.version_before, report.version) == ("installed", None, SCHEMA_VERSION)
    assert (report.database, report.operators_schema) == (empty_database.name, "public")
    assert report.scripts == tuple(part.name for part in this_release().schema)
    assert installed_version(owner) == SCHEMA_VERSION
    assert owner.execute(
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'df'"
    ).fetchone() == (OWNER,)


def test_the_plain_script_runs_in_one_transaction_of_psql(empty_database: DfDatabase, tmp_path: Path) -> None:
    path = tmp_path / "install.sql"
    path.write_text(script(), encoding="utf-8")
    program = str(empty_database.server.programs / "psql")
    command = [program, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(path), empty_database.dsn(OWNER)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with empty_database.connect(OWNER) as connection:
        assert installed_version(connection) == SCHEMA_VERSION


def test_an_error_leaves_nothing_and_names_script_and_line(
    empty_database: DfDatabase, owner: Connection
) -> None:
    before = schema_dump(empty_database)
    broken = Release(
        1, (*this_release().schema, Script(99, "schema/099_broken.sql", "SELECT 1;\nSELECT nonsense;"))
    )
    with pytest.raises(InstallError, match=r'"nonsense" does not exist \(at schema/099_broken.sql, line 2\)'):
        install(owner, release=broken)
    assert schema_dump(empty_database) == before


def test_a_caller_s_transaction_stays_the_caller_s(empty_database: DfDatabase) -> None:
    with empty_database.connect(OWNER, autocommit=False) as connection:
        connection.execute("SET search_path TO public, pg_catalog")
        install(connection)
        assert connection.execute("SHOW search_path").fetchone() == ("public, pg_catalog",)
        connection.rollback()
        assert installed_version(connection) is None


def test_a_connection_without_autocommit_has_committed(empty_database: DfDatabase) -> None:
    with empty_database.connect(OWNER, autocommit=False) as connection:
        install(connection)
        connection.rollback()
        assert installed_version(connection) == SCHEMA_VERSION


def test_the_encoding_of_the_client_does_not_matter(empty_database: DfDatabase) -> None:
    with psycopg.connect(empty_database.dsn(OWNER), client_encoding="latin1") as connection:
        install(connection)
        assert connection.execute("SHOW client_encoding").fetchone() == ("LATIN1",)
    with empty_database.server.empty_database() as usual:
        with usual.connect(OWNER) as connection:
            install(connection)
        assert schema_dump(empty_database) == schema_dump(usual)


def test_a_database_without_unicode_is_refused(server: DfServer) -> None:
    name = "df_test_latin"
    with server.connect() as superuser:
        superuser.execute(
            f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0 ENCODING 'LATIN1'".encode()
        )
        try:
            says = r"encoding UTF8, this one has LATIN1\n.*ENCODING"
            with (
                DfDatabase(server, name).connect(OWNER) as connection,
                pytest.raises(InstallError, match=says),
            ):
                install(connection)
        finally:
            superuser.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_two_installations_at_once_wait_for_each_other(empty_database: DfDatabase) -> None:
    def attempt() -> str:
        with empty_database.connect(OWNER) as connection:
            return install(connection).action

    with ThreadPoolExecutor(2) as pool:
        actions = [future.result() for future in [pool.submit(attempt) for _ in range(2)]]
    assert sorted(actions) == ["installed", "unchanged"]


def test_version_tells_the_release_and_when_it_was_installed(database: DfDatabase) -> None:
    with database.connect("app") as connection:
        row = connection.execute("SELECT df.version(), df.duroxide_schema()").fetchone()
        assert row is not None
        assert re.fullmatch(
            re.escape(dfsql.__version__) + r" \(built 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\)", str(row[0])
        )
        assert row[1] == "_duroxide"


def test_dry_run_tries_everything_and_leaves_nothing(empty_database: DfDatabase, owner: Connection) -> None:
    before = schema_dump(empty_database)
    report = install(owner, dry_run=True)
    assert (report.action, report.dry_run, report.sql) == ("installed", True, script())
    assert "would be installed" in str(report)
    assert schema_dump(empty_database) == before


def test_installing_again_changes_nothing(empty_database: DfDatabase, owner: Connection) -> None:
    first = install(owner)
    before = schema_dump(empty_database)
    again = install(owner)
    assert (again.action, again.scripts, again.installation_id) == ("unchanged", (), first.installation_id)
    assert schema_dump(empty_database) == before


def test_every_installation_has_an_id_of_its_own(owner: Connection) -> None:
    first = install(owner)
    uninstall(owner)
    assert install(owner).installation_id != first.installation_id == str(first.installation_id)


@pytest.mark.parametrize("schema", ["df", "public", "flow"])
def test_operators_come_into_the_chosen_schema(owner: Connection, schema: str) -> None:
    owner.execute("CREATE SCHEMA flow")
    install(owner, schema)
    found = owner.execute("""
        SELECT DISTINCT n.nspname::text FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
        JOIN pg_proc p ON p.oid = o.oprcode WHERE p.pronamespace = 'df'::regnamespace""").fetchall()
    assert found == [(schema,)]
    assert read_installation(owner).operators_schema == schema


@pytest.mark.parametrize("name", ["Flow", "a b", "x;y", "", '"x"'])
def test_a_schema_that_needs_quotes_is_refused(owner: Connection, name: str) -> None:
    with pytest.raises(ValueError, match="plain lower-case name"):
        script(name)


def test_superuser_puts_operators_into_pg_catalog(empty_database: DfDatabase) -> None:
    with empty_database.connect("postgres") as connection:
        assert install(connection, "pg_catalog").operators_schema == "pg_catalog"
        uninstall(connection)


# ---- refusals ----------------------------------------------------------------------------------------------

REFUSALS = [
    # name, what the superuser does before, role, schema of the operators, what the error says
    ("no create", "", "app", "public", 'role "app" may not create schemas in database .*\n.*GRANT CREATE ON DATABASE'),
    ("public closed", "REVOKE CREATE ON SCHEMA public FROM PUBLIC, pg_database_owner", OWNER, "public", "may not create operators in schema \"public\"\n.*GRANT CREATE ON SCHEMA"),
    ("pg_catalog", "", OWNER, "pg_catalog", "only a superuser may\n.*public"),
    ("no such schema", "", OWNER, "nowhere", 'schema "nowhere", .* does not exist'),
    ("foreign df", "CREATE SCHEMA df", OWNER, "public", 'a schema df that dfsql did not make; it belongs to role "postgres"\n'),
    ("foreign engine", "CREATE SCHEMA _duroxide", OWNER, "public", "a schema _duroxide, which dfsql did not make\n"),
    ("wrong database", "ALTER DATABASE {} SET pg_durable.database = 'shop'", OWNER, "public", 'must be created in database "shop" \\(currently in'),
    ("name taken", "CREATE FUNCTION public.f(text, text) RETURNS text LANGUAGE sql AS 'SELECT 1'; CREATE OPERATOR public.~> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.f)", OWNER, "public", "operator ~> already exists.*\n.*for example df"),
]  # fmt: skip


@pytest.mark.parametrize(("prepare", "role", "schema", "says"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])  # fmt: skip
def test_refusals_say_what_to_do(
    empty_database: DfDatabase, prepare: str, role: str, schema: str, says: str
) -> None:
    if empty_database.server.major < 15:
        prepare = prepare.replace(", pg_database_owner", "")
    with empty_database.connect("postgres") as superuser:
        if prepare:
            superuser.execute(prepare.format(empty_database.name).encode())
    before = schema_dump(empty_database)
    with empty_database.connect(role) as connection, pytest.raises(InstallError, match=says):
        install(connection, schema)
    assert schema_dump(empty_database) == before


WORKER_ROLES = [
    ("nobody_at_all", 'worker role "nobody_at_all" does not exist'),
    ("app", 'worker role "app" is not a member of "dfowner"'),
    (OWNER, None),
    ("postgres", None),
]


@pytest.mark.parametrize(("role", "warning"), WORKER_ROLES)
def test_a_worker_role_that_cannot_work_is_a_warning(
    owner: Connection, role: str, warning: str | None
) -> None:
    said: list[str] = []
    owner.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    owner.execute(f"SET pg_durable.worker_role = '{role}'".encode())
    install(owner)
    assert len(said) == (warning is not None)
    assert not warning or warning in said[0]


# ---- upgrades ----------------------------------------------------------------------------------------------


def test_upgrade_and_new_installation_are_the_same(server: DfServer) -> None:
    with server.empty_database() as fresh, server.empty_database() as upgraded:
        with fresh.connect(OWNER) as connection:
            install(connection, release=next_release(CHANGE, SAY_TWO))
        with upgraded.connect(OWNER) as connection:
            first = install(connection)
            report = install(connection, release=next_release(CHANGE, SAY_TWO))
            assert read_installation(connection).product_version == "0.2.0"
        assert (report.action, report.version_before, report.version) == ("upgraded", 1, 2)
        assert (report.scripts, report.installation_id) == (
            ("upgrade/0002_later.sql",),
            first.installation_id,
        )
        assert str(report).endswith("upgraded from version 1 to 2")
        assert schema_dump(upgraded) == schema_dump(fresh)


@pytest.mark.parametrize(
    "difference",
    [
        "COMMENT ON TABLE df.vars IS 'other'",
        "GRANT SELECT ON df._worker_epoch TO PUBLIC",
        "ALTER TABLE df.vars ALTER COLUMN value SET NOT NULL",
        "ALTER TABLE df.vars DISABLE ROW LEVEL SECURITY",
        "DROP INDEX df.idx_instances_label",
        "ALTER FUNCTION df.version() VOLATILE",
        "ALTER TABLE df.nodes RESET (fillfactor)",
    ],
)
def test_the_comparison_sees_differences(database18: DfDatabase, difference: str) -> None:
    before = schema_dump(database18)
    with database18.connect(OWNER) as connection:
        connection.execute(difference.encode())
    assert schema_dump(database18) != before


def test_every_released_schema_leads_to_this_one(pg18: DfServer) -> None:
    """Each release's own install script, then our upgrade, gives what we install now.

    Until the first release there is none; the release itself adds one, and from then on its schema is fixed.
    """
    with pg18.empty_database() as fresh:
        with fresh.connect(OWNER) as connection:
            install(connection)
        wanted = schema_dump(fresh)
    found = sorted(RELEASES.glob("*.sql"))
    assert {int(path.stem) for path in found} >= set(range(1, SCHEMA_VERSION))
    for path in found:
        with pg18.empty_database() as old:
            with old.connect(OWNER) as connection:
                with connection.transaction():
                    connection.execute(path.read_bytes())
                install(connection)
            assert schema_dump(old) == wanted, path.name


def test_the_upgrade_scripts_are_complete() -> None:
    release = this_release()
    assert release.upgrades == release.upgrades_from(1)
    assert f"VALUES ({SCHEMA_VERSION}, " in script()


def test_a_missing_upgrade_script_is_noticed() -> None:
    with pytest.raises(ValueError, match="do not lead from version 1 to 3"):
        Release(3, (), (Script(3, "upgrade/0003_x.sql", ""),)).upgrades_from(1)


def test_an_upgrade_that_fails_changes_nothing(empty_database: DfDatabase, owner: Connection) -> None:
    install(owner)
    before = schema_dump(empty_database)
    with pytest.raises(InstallError, match="left version 1, not 2"):
        install(owner, release=next_release(CHANGE))
    with pytest.raises(InstallError, match="no_such"):
        install(owner, release=next_release(CHANGE, SAY_TWO, "DROP TABLE df.no_such"))
    assert (schema_dump(empty_database), installed_version(owner)) == (before, 1)


def test_an_older_dfsql_refuses_a_newer_schema(owner: Connection) -> None:
    install(owner, release=next_release())
    with pytest.raises(
        InstallError, match="schema df has version 2, this dfsql knows versions up to 1\nUpgrade"
    ):
        install(owner)


def test_an_upgrade_does_not_move_the_operators(owner: Connection) -> None:
    install(owner, "df")
    with pytest.raises(InstallError, match='operators are in schema "df"'):
        install(owner, "public")
    assert install(owner).operators_schema == "df"


def test_only_the_owner_changes_an_installation(database: DfDatabase) -> None:
    with database.connect("app") as connection:
        for change in (install, uninstall):
            with pytest.raises(InstallError, match='belongs to role "dfowner", not to "app"\nConnect as'):
                change(connection)


# ---- removal -----------------------------------------------------------------------------------------------


def test_uninstall_leaves_nothing(empty_database: DfDatabase, owner: Connection) -> None:
    before = schema_dump(empty_database)
    installed = install(owner)
    empty_database.pretend_ready()  # the worker's own table goes too
    add_instance(owner, "completed")
    report = uninstall(owner)
    assert (report.action, report.installation_id) == ("removed", installed.installation_id)
    assert schema_dump(empty_database) == before
    leftovers = "SELECT count(*) FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND NOT EXISTS (SELECT FROM pg_namespace n WHERE n.oid = d.refobjid)"
    assert owner.execute(leftovers).fetchone() == (0,)


@pytest.mark.parametrize("status", ["pending", "running"])
def test_uninstall_waits_for_live_instances(owner: Connection, status: str) -> None:
    install(owner)
    add_instance(owner, status)
    with pytest.raises(InstallError, match=r"has 1 instances that are pending or running\n.*df\.cancel"):
        uninstall(owner)
    assert installed_version(owner) == SCHEMA_VERSION
    assert uninstall(owner, force=True, dry_run=True).dry_run
    assert installed_version(owner) == SCHEMA_VERSION
    uninstall(owner, force=True)
    assert installed_version(owner) is None


def test_uninstall_touches_no_schema_of_others(empty_database: DfDatabase, owner: Connection) -> None:
    with pytest.raises(InstallError, match="there is no schema df"):
        uninstall(owner)
    owner.execute("CREATE SCHEMA df")
    owner.execute("CREATE TABLE df.instances (id text)")
    before = schema_dump(empty_database)
    with pytest.raises(InstallError, match="did not make"):
        uninstall(owner, force=True)
    assert schema_dump(empty_database) == before


# ---- as an extension ---------------------------------------------------------------------------------------


def membership(connection: Connection, name: str) -> list[str]:
    """The members of an extension, as words for ALTER EXTENSION ... DROP, dependents first."""
    rows = connection.execute(
        """SELECT format('%%s %%s', i.type, i.identity) FROM pg_depend d
           JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = %s,
           pg_identify_object(d.classid, d.objid, d.objsubid) AS i
           WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
             AND NOT EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid  -- come and go with others
                             WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
                               AND (t.typelem <> 0 OR c.relkind <> 'c'))
           ORDER BY d.objid DESC""",
        [name],
    ).fetchall()
    return [str(row[0]) for row in rows]


@pytest.fixture(scope="module")
def extension_server() -> Iterator[DfServer]:
    """PostgreSQL 18 with the files of two extensions in a folder of their own."""
    with TemporaryDirectory(prefix="dfext") as folder:
        Path(folder).chmod(
            0o755
        )  # the server runs under another account, so pytest's own folders are closed to it
        files = Path(folder) / "extension"
        files.mkdir(mode=0o755)
        for name in ("pg-dfsql", "pg_durable"):
            write_extension(files, name, release=next_release(CHANGE, SAY_TWO))
            write_extension(files, name)
        server = PostgresServer(settings=(f"extension_control_path={folder}:$system",))
        try:
            yield DfServer(server)
        finally:
            server.stop()


@pytest.mark.parametrize("name", ["pg-dfsql", "pg_durable"])
def test_extension_and_plain_installation_are_the_same(extension_server: DfServer, name: str) -> None:
    with extension_server.empty_database() as plain, extension_server.empty_database() as packed:
        with plain.connect(OWNER) as connection:
            install(connection)
        with packed.connect(OWNER) as connection:
            connection.execute(f'CREATE EXTENSION "{name}"'.encode())
            with pytest.raises(InstallError, match=f'belongs to extension "{name}"\n.*ALTER EXTENSION'):
                install(connection)
            members = membership(connection, name)
            assert len(members) > 20
            for member in members:
                connection.execute(f'ALTER EXTENSION "{name}" DROP {member}'.encode())
            connection.execute(f'DROP EXTENSION "{name}"'.encode())
        assert schema_dump(packed) == schema_dump(plain)


def test_extension_is_upgraded_and_dropped_whole(extension_server: DfServer) -> None:
    with extension_server.empty_database() as database:
        before = schema_dump(database)
        with database.connect(OWNER) as connection:
            connection.execute("CREATE EXTENSION pg_durable")
            connection.execute("ALTER EXTENSION pg_durable UPDATE TO '2'")
            assert installed_version(connection) == 2
            database.pretend_ready()
            with pytest.raises(psycopg.errors.DependentObjectsStillExist):
                connection.execute("DROP EXTENSION pg_durable")
            connection.execute("DROP EXTENSION pg_durable CASCADE")
        assert schema_dump(database) == before
