"""The record of one kind of syntax error."""

from dataclasses import dataclass

from .findings import Finding, Fix, Label, Severity
from .source import Span


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One kind of syntax error."""

    key: str
    code: str
    name: str
    message: str
    help: str
    summary: str
    rationale: str
    bad: str
    good: str
    severity: Severity = Severity.ERROR

    def finding(
        self,
        span: Span,
        *,
        labels: tuple[Label, ...] = (),
        fixes: tuple[Fix, ...] = (),
        help: str | None = None,
        **words: str,
    ) -> Finding:
        """A finding with the message's gaps filled."""
        return Finding(
            code=self.code,
            severity=self.severity,
            message=self.message.format(**words),
            span=span,
            help=help or self.help.format(**words),
            labels=labels,
            fixes=fixes,
        )
