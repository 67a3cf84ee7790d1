"""The database's side: schema `df` as ordered scripts, and what installs, upgrades and removes it.

    import psycopg
    from dfsql.sql import install

    with psycopg.connect("dbname=shop") as connection:
        print(install(connection))

No superuser, no compiled module. psycopg is imported when it is first needed.
"""

from .errors import InstallError
from .extension import write_extension
from .installation import Report, install, uninstall
from .loader import SCHEMA_VERSION, Release, Script, script, this_release
from .state import Installation, installed_version, read_installation

__all__ = [
    "SCHEMA_VERSION",
    "InstallError",
    "Installation",
    "Release",
    "Report",
    "Script",
    "install",
    "installed_version",
    "read_installation",
    "script",
    "this_release",
    "uninstall",
    "write_extension",
]
