"""DF110: A comparison or a logical operator makes the workflow a boolean."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF110",
    name="boolean-workflow",
    severity=Severity.ERROR,
    aliases=("P-11",),
    summary="A comparison or a logical operator makes the workflow a boolean.",
    rationale=(
        "Comparisons, IN, LIKE, BETWEEN, IS, AND, OR and NOT bind looser than the operators of the "
        "language, so the whole workflow becomes one side of a condition. A condition is SQL: write it "
        "inside a quoted step."
    ),
    bad="""SELECT df.start('SELECT 1' ~> 'SELECT 2' = 'SELECT 2');""",
    good="""SELECT df.start('SELECT 1 = 2' ?> 'SELECT 1' !> 'SELECT 2');""",
)
