"""The report for programs: JSON, described by lint.schema.json beside this file."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...grammar import Finding, Fix, Source
from .names import rule_name
from .summary import summarize

if TYPE_CHECKING:
    from . import FileFindings

FORMAT_VERSION = "1"


def render(files: "Sequence[FileFindings]") -> str:
    """The document as text: two spaces of indentation, keys in the order of the schema, raw UTF-8."""
    return json.dumps(to_document(files), ensure_ascii=False, indent=2) + "\n"


def to_document(files: "Sequence[FileFindings]") -> dict[str, Any]:
    """The document as values."""
    return {
        "format_version": FORMAT_VERSION,
        "findings": [_finding(file.source, finding) for file in files for finding in file.findings],
        "summary": asdict(summarize(files)),
    }


def _finding(source: Source, finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": rule_name(finding.code),
        "severity": finding.severity.value,
        "message": finding.message,
        "path": source.name,
        "span": source.place(finding.span),
        "help": finding.help,
        "labels": [{"span": source.place(label.span), "text": label.text} for label in finding.labels],
        "fixes": [_fix(source, fix) for fix in finding.fixes],
        "workflow": finding.workflow,
        "node": finding.node,
    }


def _fix(source: Source, fix: Fix) -> dict[str, Any]:
    edits = [{"span": source.place(edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}
