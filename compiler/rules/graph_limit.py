"""DF112: The workflow is too deep or too large."""

from ...grammar import Severity
from .rule import Rule

HELP = "group the steps in balanced parentheses, or start several instances"

RULE = Rule(
    code="DF112",
    name="graph-limit",
    severity=Severity.ERROR,
    aliases=("P-15",),
    summary="The workflow is too deep or too large.",
    rationale=(
        "df.start refuses graphs nested deeper than 256 levels or with more than 10,000 nodes; from 80 % of "
        "a limit on this is a warning. A chain of ~> is a tree that leans to the left, so its first step "
        "sits as deep as the chain is long. Group the steps in balanced parentheses, or start several "
        "instances."
    ),
    bad="SELECT df.start(" + " ~> ".join(["'SELECT 1'"] * 258) + ");",
    good="""SELECT df.start('SELECT 1' ~> 'SELECT 2');""",
)
