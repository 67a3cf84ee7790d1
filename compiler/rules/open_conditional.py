"""DF103: A ?> has no !>."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF103",
    name="open-conditional",
    severity=Severity.ERROR,
    aliases=("P-02",),
    summary="A ?> has no !>.",
    rationale=(
        "c ?> t alone is a half-built condition and no step: the server takes its JSON text for SQL, "
        "accepts it, and the run fails with a syntax error. Add !> with the other branch; 'SELECT 1' is a "
        "step that does nothing."
    ),
    bad="""SELECT df.start('SELECT true' ?> 'SELECT 1');""",
    good="""SELECT df.start('SELECT true' ?> 'SELECT 1' !> 'SELECT 2');""",
)
