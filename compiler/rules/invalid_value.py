"""DF211: An argument has a value that the server refuses."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF211",
    name="invalid-value",
    severity=Severity.ERROR,
    summary="An argument has a value that the server refuses.",
    rationale="Sleeps cannot be negative, timeouts must be positive, signal names cannot be empty.",
    bad="""SELECT df.start(df.sleep(-5));""",
    good="""SELECT df.start(df.sleep(5));""",
)
