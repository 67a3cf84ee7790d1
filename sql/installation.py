"""Installing, upgrading and removing schema df; each is one transaction."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import InstallError
from .execute import change, run
from .loader import Release, Script, joined, this_release
from .preflight import require_room
from .state import Installation, State, read_installation, read_state, row

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Report:
    """What `install` or `uninstall` did, or with dry_run would do."""

    action: str
    """installed, upgraded, unchanged or removed."""
    database: str
    version: int
    """Of the schema, after the change; when removed, before it."""
    version_before: int | None
    operators_schema: str
    installation_id: str
    scripts: tuple[str, ...] = ()
    """Names of the scripts that ran, in order."""
    sql: str = ""
    """What they ran, as one text."""
    dry_run: bool = False

    def __str__(self) -> str:
        would = "would be " if self.dry_run else ""
        where = f'schema df in database "{self.database}"'
        if self.action == "upgraded":
            return f"{where}: {would}upgraded from version {self.version_before} to {self.version}"
        if self.action == "unchanged":
            return f"{where}: version {self.version} is up to date"
        return f"{where}: version {self.version} {would}{self.action}"


def install(
    connection: "psycopg.Connection[Any]",
    operators_schema: str | None = None,
    dry_run: bool = False,
    *,
    release: Release | None = None,
) -> Report:
    """Put schema df into the database of a connection, or bring an older one up to date.

    The operators come into `operators_schema`: `public` if not given, and an upgrade leaves them where they are.
    With `dry_run` everything is tried and rolled back. `release` is for tests.

    Raises InstallError when it cannot be done, ValueError when `operators_schema` is no plain lower-case name,
    psycopg.OperationalError when the connection fails.
    """
    release = release or this_release()
    with change(connection, dry_run):
        state = read_state(connection)
        if state.owner is None:
            before, place, scripts = None, operators_schema or "public", release.schema
            require_room(connection, state, place)
        else:
            before = _changeable(connection, state)
            place, scripts = before.operators_schema, _missing(release, before)
            _require_same_place(operators_schema, place)
        for script in scripts:
            run(connection, script, place)
        now = read_installation(connection)
        if now.schema_version != release.version:
            raise InstallError(f"the scripts left version {now.schema_version}, not {release.version}")
    return _report(state, before, now, scripts, dry_run)


def uninstall(connection: "psycopg.Connection[Any]", force: bool = False, dry_run: bool = False) -> Report:
    """Drop schema df, the engine's schema and the operators, and whatever else of the database depends on them.

    Raises InstallError when schema df is not there or not ours and, unless `force` is true, while instances are
    pending or running; psycopg.OperationalError when the connection fails.
    """
    with change(connection, dry_run):
        state = read_state(connection)
        if state.owner is None:
            raise InstallError(f'there is no schema df in database "{state.database}"')
        before = _changeable(connection, state)
        # Nobody can start an instance between the count and the drop.
        connection.execute(b"LOCK TABLE df.instances IN SHARE ROW EXCLUSIVE MODE")
        found = row(connection, b"SELECT count(*) FROM df.instances WHERE status IN ('pending', 'running')")
        assert found is not None
        if found[0] and not force:
            raise InstallError(
                f'database "{state.database}" has {found[0]} instances that are pending or running',
                "Wait for them, cancel them with df.cancel, or remove them too with force.",
            )
        connection.execute(b"DROP SCHEMA df, _duroxide CASCADE")
    return Report(
        action="removed",
        database=state.database,
        version=before.schema_version,
        version_before=before.schema_version,
        operators_schema=before.operators_schema,
        installation_id=before.installation_id,
        dry_run=dry_run,
    )


def _changeable(connection: "psycopg.Connection[Any]", state: State) -> Installation:
    """The installation that is there. Raises InstallError when it is not ours or not this role's to change."""
    if not state.ours:
        whose = f'extension "{state.extension}"' if state.extension else f'role "{state.owner}"'
        raise InstallError(
            f'database "{state.database}" has a schema df that dfsql did not make; it belongs to {whose}',
            "dfsql never touches it. Use another database, or remove that schema yourself.",
        )
    if state.extension:
        raise InstallError(
            f'schema df belongs to extension "{state.extension}"',
            f'Use ALTER EXTENSION "{state.extension}" UPDATE; or DROP EXTENSION "{state.extension}" CASCADE;',
        )
    if not state.owned:
        raise InstallError(
            f'schema df belongs to role "{state.owner}", not to "{state.role}"',
            f'Connect as "{state.owner}".',
        )
    return read_installation(connection)


def _missing(release: Release, before: Installation) -> tuple[Script, ...]:
    """The upgrade scripts to run. Raises InstallError when the database is ahead of this release."""
    if before.schema_version > release.version:
        raise InstallError(
            f"schema df has version {before.schema_version}, this dfsql knows versions up to {release.version}",
            "Upgrade dfsql: pip install --upgrade pg-dfsql",
        )
    return release.upgrades_from(before.schema_version)


def _require_same_place(wanted: str | None, place: str) -> None:
    if wanted not in (None, place):
        raise InstallError(
            f'the operators are in schema "{place}"; an upgrade does not move them to "{wanted}"',
            "Leave the option out, or uninstall first.",
        )


def _report(
    state: State, before: Installation | None, now: Installation, scripts: tuple[Script, ...], dry_run: bool
) -> Report:
    return Report(
        action="installed" if before is None else "upgraded" if scripts else "unchanged",
        database=state.database,
        version=now.schema_version,
        version_before=before.schema_version if before else None,
        operators_schema=now.operators_schema,
        installation_id=now.installation_id,
        scripts=tuple(script.name for script in scripts),
        sql=joined(scripts, now.operators_schema),
        dry_run=dry_run,
    )
