"""DF603: The cron text is not valid."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF603",
    name="invalid-cron",
    severity=Severity.ERROR,
    aliases=("S-10",),
    summary="The cron text is not valid.",
    rationale=(
        "A schedule has five fields: minute, hour, day of month, month, day of week. Numbers, *, lists, "
        "ranges and steps are allowed, and the English three-letter names. Shorthands such as @daily and "
        "the letters L, W, # are not."
    ),
    bad="""SELECT df.start(df.wait_for_schedule('@daily') ~> 'SELECT 1');""",
    good="""SELECT df.start(df.wait_for_schedule('0 0 * * *') ~> 'SELECT 1');""",
)
