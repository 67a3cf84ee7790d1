"""DF208: NULL stands where the server refuses it, or swallows the workflow."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF208",
    name="null-argument",
    severity=Severity.ERROR,
    aliases=("P-16",),
    summary="NULL stands where the server refuses it, or swallows the workflow.",
    rationale=(
        "A NULL operand makes the whole expression NULL without a word, and df.start refuses NULL. "
        "Functions with an optional parameter raise an error for NULL in the others."
    ),
    bad="""SELECT df.start('SELECT 1' ~> NULL);""",
    good="""SELECT df.start('SELECT 1' ~> 'SELECT 2');""",
)
