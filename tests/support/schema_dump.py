"""What a database is made of, as pg_dump sees it: for comparing two installations down to comments and privileges."""

import subprocess

from df_database import DfDatabase


def schema_dump(database: DfDatabase) -> list[str]:
    """The lines that pg_dump writes for everything but data; its order does not depend on the order of creation."""
    command = [str(database.server.programs / "pg_dump"), "--schema-only", "-d", database.dsn("postgres")]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
