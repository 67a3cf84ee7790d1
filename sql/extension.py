"""The same scripts as an extension, for servers where files may be placed: a control file and its scripts."""

from pathlib import Path

from .loader import Release, joined, this_release

_CONTROL = """\
comment = 'durable SQL workflows: schema df without a compiled module'
default_version = '{version}'
encoding = 'UTF8'
relocatable = false
superuser = {superuser}
"""

# Only in the extension's script: what administrators and users have entered is part of a dump.
_DUMPED = """
SELECT pg_catalog.pg_extension_config_dump('df._settings', '');
SELECT pg_catalog.pg_extension_config_dump('df.vars', '');
"""


def write_extension(
    folder: Path | str,
    name: str = "pg-dfsql",
    operators_schema: str = "public",
    *,
    release: Release | None = None,
) -> list[Path]:
    """Write the files of an extension into a folder and return their paths; the control file is the first.

    The name `pg_durable` makes it a drop-in for scripts that say CREATE EXTENSION pg_durable. The role that runs
    CREATE EXTENSION owns the schema; superuser is needed only for operators in pg_catalog. `release` is for tests.

    Raises ValueError for a schema that is no plain lower-case name, OSError when a file cannot be written.
    """
    release = release or this_release()
    install = joined(release.schema, operators_schema) + _DUMPED
    superuser = "true" if operators_schema == "pg_catalog" else "false"
    texts = {
        f"{name}.control": _CONTROL.format(version=release.version, superuser=superuser),
        f"{name}--{release.version}.sql": install,
    }
    for upgrade in release.upgrades:
        step = f"{name}--{upgrade.number - 1}--{upgrade.number}.sql"
        texts[step] = upgrade.for_operators_in(operators_schema)
    return [_write(Path(folder) / file, text) for file, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
