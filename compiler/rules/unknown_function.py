"""DF201: Schema df has no function of that name."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF201",
    name="unknown-function",
    severity=Severity.ERROR,
    summary="Schema df has no function of that name.",
    rationale="The server refuses the call: function does not exist. Misspelt names are the usual cause.",
    bad="""SELECT df.start(df.slep(5));""",
    good="""SELECT df.start(df.sleep(5));""",
)
