"""Short ways to call df in tests, and to write what a worker would write."""

from df_database import OWNER, Connection, DfDatabase


def one(connection: Connection, query: str, *values: object) -> object:
    """The only value of the only row."""
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]


def start(connection: Connection, workflow: str = "SELECT 1", label: str | None = None) -> str:
    """df.start; the id."""
    return str(one(connection, "SELECT df.start(%s, %s)", workflow, label))


def as_worker(database: DfDatabase, query: str, *values: object) -> list[tuple[object, ...]]:
    """Run something as the owner of df, the role of the worker."""
    with database.connect(OWNER) as connection:
        cursor = connection.execute(query.encode(), values or None)
        return cursor.fetchall() if cursor.description else []
