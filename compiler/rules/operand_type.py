"""DF114: An operand is not text."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF114",
    name="operand-type",
    severity=Severity.ERROR,
    summary="An operand is not text.",
    rationale=(
        "The operators of the language join text: steps and nodes. For a number, a bit string or json "
        "PostgreSQL finds no such operator, or takes a built-in one of that name."
    ),
    bad="""SELECT df.start('SELECT 1' ~> 1);""",
    good="""SELECT df.start('SELECT 1' ~> 'SELECT 1');""",
)
