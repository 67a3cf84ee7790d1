"""What a checkpoint may write over what a node's row already says (execution rule R1.12)."""

import pytest
from df_database import OWNER, DfDatabase

pytestmark = pytest.mark.needs_postgres

DONE = '{"rows":[],"row_count":0}'


@pytest.mark.parametrize(
    ("status", "generation", "expected"),
    [
        # A branch that has just lost its race may still be writing that the nodes above it run.
        ("running", 2, "completed"),
        ("failed", 2, "failed"),
        ("running", 3, "running"),
        ("completed", 1, "completed"),
        ("running", 1, "completed"),
    ],
)
def test_a_row_that_has_ended(database: DfDatabase, status: str, generation: int, expected: str) -> None:
    """The row was completed in generation 2."""
    database.pretend_ready()
    with database.connect() as app, database.connect(OWNER) as owner:
        ((instance,),) = app.execute("SELECT df.start('SELECT 1')").fetchall()
        owner.execute("SELECT _duroxide.take(gen_random_uuid(), ARRAY[%s])", [instance])
        ((token, node),) = owner.execute(
            "SELECT s.token, i.root_node FROM _duroxide.scopes s JOIN df.instances i ON i.id = s.scope_id"
        ).fetchall()

        def checkpoint(status: str, generation: int) -> None:
            result = None if status == "running" else DONE
            owner.execute(
                "SELECT _duroxide.checkpoint(%s, %s, %s, NULL, NULL, %s, %s, %s, %s, NULL, NULL, NULL, NULL)",
                [instance, token, generation, [node], [status], [result], [f"{instance}::{generation}"]],
            )

        checkpoint("completed", 2)
        checkpoint(status, generation)
        ((found, stamp),) = app.execute(
            "SELECT status, status_details ->> 'execution_id' FROM df.nodes"
        ).fetchall()
        written = found != "completed"
        assert found == expected
        assert stamp == f"{instance}::{generation if written else 2}"
