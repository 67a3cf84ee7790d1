"""DF604: The cron text has six or more fields."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF604",
    name="cron-fields",
    severity=Severity.ERROR,
    aliases=("S-06",),
    summary="The cron text has six or more fields.",
    rationale=(
        "Standard cron has five fields. With six, some programs read seconds first, others a year last: "
        "pg_durable takes the sixth for the year. So six fields are refused here."
    ),
    bad="""SELECT df.start(df.wait_for_schedule('0 0 9 * * MON') ~> 'SELECT 1');""",
    good="""SELECT df.start(df.wait_for_schedule('0 9 * * MON') ~> 'SELECT 1');""",
)
