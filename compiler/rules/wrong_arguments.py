"""DF202: No form of the function takes these arguments."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF202",
    name="wrong-arguments",
    severity=Severity.ERROR,
    aliases=("P-20",),
    summary="No form of the function takes these arguments.",
    rationale=(
        "PostgreSQL resolves functions by the number, names and types of their arguments. The parameters "
        "are called condition, then_branch, else_branch and timeout_seconds; sleep takes whole seconds."
    ),
    bad="""SELECT df.start(df.wait_for_signal('go', timeout => 60));""",
    good="""SELECT df.start(df.wait_for_signal('go', timeout_seconds => 60));""",
)
