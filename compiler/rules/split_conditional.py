"""DF102: Something stands between ?> and its !>."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF102",
    name="split-conditional",
    severity=Severity.ERROR,
    aliases=("P-01",),
    summary="Something stands between ?> and its !>.",
    rationale=(
        "All operators have one level and group from the left, so in c ?> t ~> u !> e the !> sees (c ?> "
        "t) ~> u, which is no condition any more. Put parentheses around the steps of the branch: c ?> (t "
        "~> u) !> e."
    ),
    bad="""SELECT df.start('SELECT true' ?> 'SELECT 1' ~> 'SELECT 2' !> 'SELECT 3');""",
    good="""SELECT df.start('SELECT true' ?> ('SELECT 1' ~> 'SELECT 2') !> 'SELECT 3');""",
)
