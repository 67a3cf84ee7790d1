"""DF108: Text is glued behind a finished step by ||."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF108",
    name="glued-envelope",
    severity=Severity.ERROR,
    aliases=("P-08",),
    summary="Text is glued behind a finished step by ||.",
    rationale=(
        "|| has the same level as ~> and groups from the left: in a ~> 'SELECT ' || x the text is appended "
        "to the JSON of the whole sequence, which then is no workflow any more. Put the concatenation in "
        "parentheses."
    ),
    bad="""SELECT df.start('SELECT 1' ~> 'SELECT ' || '2');""",
    good="""SELECT df.start('SELECT 1' ~> ('SELECT ' || '2'));""",
)
