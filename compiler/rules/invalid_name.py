"""DF311: The name of a result is not valid."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF311",
    name="invalid-name",
    severity=Severity.ERROR,
    aliases=("N-26",),
    summary="The name of a result is not valid.",
    rationale=(
        "A result name begins with a letter or _ and goes on with letters, digits and _, all ASCII; $name "
        "could not be found otherwise."
    ),
    bad="""SELECT df.start('SELECT 1' |=> 'my result');""",
    good="""SELECT df.start('SELECT 1' |=> 'my_result');""",
)
