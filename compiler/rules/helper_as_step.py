"""DF203: A function that acts at once is used as a step."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF203",
    name="helper-as-step",
    severity=Severity.ERROR,
    aliases=("H-01",),
    summary="A function that acts at once is used as a step.",
    rationale=(
        "df.setvar, df.unsetvar, df.clearvars and df.await_instance run while the workflow is being "
        "built, and the server then refuses their result as a step. Call them in a statement of their "
        "own, before df.start."
    ),
    bad="""SELECT df.start(df.setvar('k', 'v') ~> 'SELECT 1');""",
    good="""SELECT df.setvar('k', 'v');
SELECT df.start('SELECT 1');""",
)
