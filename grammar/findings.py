"""Findings: what the compiler has to say about a text, as values. Rendering is elsewhere."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from .source import Span


class Severity(Enum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error: a threshold compares ranks."""
        return {"error": 2, "warning": 1, "info": 0}[self.value]


class Label(NamedTuple):
    """A second place that explains a finding, with a few words to stand there ("bound here")."""

    span: Span
    text: str


class Edit(NamedTuple):
    """Replace the text of `span` by `text`."""

    span: Span
    text: str


class Fix(NamedTuple):
    """Edits that cure a finding; `safe` when the outcome is certain to be what was meant."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnosis. All spans are offsets into the file's text."""

    code: str  # "DF301"
    severity: Severity
    message: str  # one sentence, no final full stop
    span: Span
    help: str | None = None  # what to do, one sentence
    labels: tuple[Label, ...] = ()
    fixes: tuple[Fix, ...] = ()
    workflow: str | None = None  # name of the workflow, where one is known
    node: str | None = None  # id of the node, where one is known
