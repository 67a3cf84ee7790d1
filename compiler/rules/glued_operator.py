"""DF101: Two operators stand together without a blank and are read as one."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF101",
    name="glued-operator",
    severity=Severity.ERROR,
    aliases=("P-10",),
    summary="Two operators stand together without a blank and are read as one.",
    rationale=(
        "PostgreSQL takes the longest run of operator characters as one operator, so ~>@> or ~>-5 is an "
        "operator that does not exist. Put a blank between the two."
    ),
    bad="""SELECT df.start('SELECT 1' ~>@> 'SELECT 2');""",
    good="""SELECT df.start('SELECT 1' ~> (@> ('SELECT 2' ~> df.sleep(60))));""",
)
