"""The invariants of `invariants.sql`, asked of a database."""

from pathlib import Path

from df_database import DfDatabase

SCRIPT = Path(__file__).with_name("invariants.sql")


def violations(database: DfDatabase) -> list[tuple[str, str]]:
    """Rule and place of everything that does not hold; the empty list is good news."""
    with database.connect("postgres") as connection:
        rows = connection.execute(SCRIPT.read_text(encoding="utf-8")).fetchall()
    return [(str(rule), str(place)) for rule, place in rows]
