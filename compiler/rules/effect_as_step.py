"""DF213: A function that acts while the workflow is built is used as a step."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF213",
    name="effect-as-step",
    severity=Severity.WARNING,
    aliases=("H-04", "H-05"),
    summary="A function that acts while the workflow is built is used as a step.",
    rationale=(
        "df.signal, df.start, df.cancel, df.status and the like run at once, while the expression is "
        "evaluated, and their result (OK, an id, a status) becomes the SQL of a step, which fails. Quote "
        "the call to run it as a step: 'SELECT df.signal(...)'."
    ),
    bad="""SELECT df.start('SELECT 1' ~> df.signal('a1b2c3d4', 'go'));""",
    good="""SELECT df.start('SELECT 1' ~> 'SELECT df.signal(''a1b2c3d4'', ''go'')');""",
)
