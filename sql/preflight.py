"""Questions before a new installation, so that a refusal says what to do instead of naming an internal object."""

from typing import TYPE_CHECKING, Any

from .errors import InstallError
from .state import State, row

if TYPE_CHECKING:
    import psycopg

_OLDEST = 140000

_MAY = b"""
SELECT pg_is_in_recovery(), has_database_privilege(current_database(), 'CREATE'),
       (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()),
       (SELECT has_schema_privilege(n.oid, 'CREATE') FROM pg_namespace n WHERE n.nspname = %s),
       current_setting('server_version')
"""


def require_room(connection: "psycopg.Connection[Any]", state: State, operators_schema: str) -> None:
    """Raise InstallError when a new installation in this database must fail, with what to do about it."""
    found = row(connection, _MAY, [operators_schema])
    assert found is not None
    standby, may_create, database_owner, may_create_operators, version = found
    if connection.info.server_version < _OLDEST:
        raise InstallError(f"PostgreSQL {version} is too old: schema df needs 14 or newer")
    if standby:
        raise InstallError("this server is a standby, which cannot be written to", "Connect to the primary.")
    if state.engine_schema:
        raise InstallError(
            f'database "{state.database}" has no schema df, but a schema _duroxide, which dfsql did not make',
            "Find out whose it is. If nobody needs it: DROP SCHEMA _duroxide CASCADE;",
        )
    if not may_create:
        raise InstallError(
            f'role "{state.role}" may not create schemas in database "{state.database}"',
            f'Install as "{database_owner}", the owner of the database, or let that role run: '
            f'GRANT CREATE ON DATABASE "{state.database}" TO "{state.role}";',
        )
    if operators_schema != "df":
        _require_place_for_operators(state, operators_schema, database_owner, may_create_operators)


def _require_place_for_operators(
    state: State, schema: str, database_owner: str, allowed: bool | None
) -> None:
    if allowed is None:
        raise InstallError(f'schema "{schema}", where the operators are to be created, does not exist')
    if allowed:
        return
    if schema == "pg_catalog":
        raise InstallError(
            f'role "{state.role}" may not create operators in pg_catalog: only a superuser may',
            "Take the schema public, which is on the default search path, or df.",
        )
    raise InstallError(
        f'role "{state.role}" may not create operators in schema "{schema}"',
        f'Install as "{database_owner}", the owner of the database, or let the owner of the schema run: '
        f'GRANT CREATE ON SCHEMA "{schema}" TO "{state.role}"; or take the schema df for them, '
        "which must then be on the search path of those who use them.",
    )
