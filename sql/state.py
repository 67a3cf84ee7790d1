"""What a database holds at the moment: nothing, an installation of ours, or a schema df of somebody else."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import psycopg

Row = tuple[Any, ...]


class Installation(NamedTuple):
    """An installation of ours, as df._installation describes it."""

    installation_id: str
    schema_version: int
    product_version: str
    operators_schema: str


class State(NamedTuple):
    """What a database holds, and who is asking. `owner` is None when there is no schema df."""

    database: str
    role: str
    owner: str | None
    owned: bool
    """Whether the role that asks may change schema df."""
    ours: bool
    extension: str | None
    """Name of the extension that schema df belongs to."""
    engine_schema: bool
    """Whether there is a schema _duroxide."""


# The catalogue is asked, not df itself: a role without USAGE on the schema must get an answer too.
_STATE = b"""
SELECT current_database(), current_user, pg_get_userbyid(df.nspowner),
       coalesce(pg_has_role(df.nspowner, 'USAGE'), false),
       EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
               WHERE c.relnamespace = df.oid AND c.relname = '_installation' AND a.attname = 'schema_version'),
       (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_namespace'::regclass AND d.objid = df.oid
          AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
       EXISTS (SELECT FROM pg_namespace WHERE nspname = '_duroxide')
FROM (VALUES (1)) AS always LEFT JOIN pg_namespace df ON df.nspname = 'df'
"""

_INSTALLATION = b"""
SELECT installation_id::text, schema_version, product_version, operators_schema FROM df._installation
"""


def row(
    connection: "psycopg.Connection[Any]", query: bytes, parameters: list[str] | None = None
) -> Row | None:
    """The first row of a query as a tuple, whatever row factory the connection has."""
    from psycopg.rows import tuple_row

    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, parameters).fetchone()


def read_state(connection: "psycopg.Connection[Any]") -> State:
    """What the database of a connection holds."""
    found = row(connection, _STATE)
    assert found is not None
    return State(*found)


def read_installation(connection: "psycopg.Connection[Any]") -> Installation:
    """The row of df._installation, which exists in a schema df of ours; needs USAGE on the schema."""
    found = row(connection, _INSTALLATION)
    assert found is not None
    return Installation(*found)


def installed_version(connection: "psycopg.Connection[Any]") -> int | None:
    """The version of schema df in this database; None when dfsql is not installed here.

    Raises psycopg.errors.InsufficientPrivilege for a role without USAGE on the schema.
    """
    return read_installation(connection).schema_version if read_state(connection).ours else None
