"""The database's side: the schema `df` as ordered scripts, and what installs, upgrades and removes it.

    import psycopg
    from dfsql.sql import install

    with psycopg.connect("dbname=shop") as connection:
        print(install(connection))

Nothing here needs superuser, a compiled extension, or another room of dfsql.
"""

from .loader import SCHEMA_VERSION, script

__all__ = ["SCHEMA_VERSION", "script"]
