"""DF210: A df.http call that the server refuses."""

from ...grammar import Severity
from .rule import Rule

RULE = Rule(
    code="DF210",
    name="invalid-http",
    severity=Severity.ERROR,
    aliases=("Q-08", "V-09"),
    summary="A df.http call that the server refuses.",
    rationale=(
        "The method must be known, the address must begin with http:// or https:// (or hold a "
        "{variable}), the timeout must be positive, and parts must be a list of objects."
    ),
    bad="""SELECT df.start(df.http('ftp://example.org/x', 'GET'));""",
    good="""SELECT df.start(df.http('https://example.org/x', 'GET'));""",
)
