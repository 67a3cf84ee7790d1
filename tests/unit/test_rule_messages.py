"""How findings read: the case and end of messages, advice in every help, fixes that cure."""

import re

import golden
import pytest

from dfsql.compiler import check, compile
from dfsql.compiler.rules import all_rules
from dfsql.grammar import Finding, Severity

# Texts that the server raises stand as they are; they begin with a capital, or end with a full stop.
SERVER = re.compile(
    r"Invalid |Blocked: |Timeout must be |Sleep duration |Signal name |No upcoming schedule |"
    r"df\.break\(\) was called outside of a loop\. |df\.\w+ cannot be used as a workflow step\. "
)
# SQL words and what the author wrote may begin a message.
QUOTED = re.compile(r"[$'{|&=~?!@<>_(‘#]|[A-Z]+\b|(?:df|data_b64|pg_durable)\b")


def _texts() -> list[tuple[str, str, str]]:
    """(id, text, target) of all wrong examples and files."""
    found = [
        (rule.code, rule.bad, rule.target or "dfsql")
        for rule in all_rules().values()
        if rule.name != "not-utf8"
    ]
    for path in sorted((golden.DATA / "err").glob("*.dfsql")):
        text = golden.read(path)
        found.append((path.stem, text, golden.target_of(text)))
    return found


TEXTS = _texts()


def _all_findings() -> list[Finding]:
    return [finding for _, text, target in TEXTS for finding in check(compile(text), target=target)]


FINDINGS = _all_findings()


def _position(finding: Finding) -> str:
    return finding.code


def test_every_rule_speaks_in_some_wrong_file() -> None:
    """The files show each rule in a realistic place, beside its own example."""
    files = sorted((golden.DATA / "err").glob("*.dfsql"))
    spoken = {finding.code for path in files for finding in golden.findings_of(path)[1]}
    # Bytes that are no text, and NUL characters, have no place in a file that people look at.
    assert set(all_rules()) - spoken <= {"DF011", "DF021"}


@pytest.mark.parametrize("finding", FINDINGS, ids=_position)
def test_a_message_is_one_plain_sentence(finding: Finding) -> None:
    message = finding.message
    assert message == message.strip()
    assert "\n" not in message
    if not SERVER.match(message):
        assert message[0].islower() or QUOTED.match(message), message
        assert not message.endswith((".", "!", ":")), message


@pytest.mark.parametrize("finding", FINDINGS, ids=_position)
def test_every_finding_gives_advice(finding: Finding) -> None:
    assert finding.help
    assert finding.help != finding.message
    assert not finding.help.endswith("."), finding.help
    assert finding.help[0].islower() or not finding.help[0].isalpha(), finding.help


@pytest.mark.parametrize("finding", FINDINGS, ids=_position)
def test_labels_and_fixes_have_words(finding: Finding) -> None:
    for label in finding.labels:
        assert label.text
        assert label.text[0].islower() or label.text[0] in "$~", label.text
    for fix in finding.fixes:
        assert fix.edits
        assert fix.title[0].islower()


FIXED = [
    (name, text, target, finding)
    for name, text, target in TEXTS
    for finding in check(compile(text), target=target)
    if finding.fixes
]


@pytest.mark.parametrize(
    ("name", "text", "target", "finding"), FIXED, ids=[f"{f[0]}-{f[3].code}" for f in FIXED]
)
def test_a_fix_cures_its_finding(name: str, text: str, target: str, finding: Finding) -> None:
    """The same thing is no longer said of the same place, and no syntax error is there that was not."""
    before = check(compile(text), target=target)
    for fix in finding.fixes:
        after = check(compile(golden.apply(text, fix)), target=target)
        moved = sum(
            len(edit.text) - (edit.span.end - edit.span.start)
            for edit in fix.edits
            if edit.span.end <= finding.span.start and edit.span.start < finding.span.start
        )
        place = (finding.code, finding.message, finding.span.start + moved)
        assert place not in {(each.code, each.message, each.span.start) for each in after}, fix.title
        assert _syntax(after) <= _syntax(before), fix.title


# Behind an error that keeps the graph from being built, others come to light when it is cured.
SAFE = [each for each in FIXED if each[3].code >= "DF300" or each[3].severity is not Severity.ERROR]


@pytest.mark.parametrize(
    ("name", "text", "target", "finding"), SAFE, ids=[f"{f[0]}-{f[3].code}" for f in SAFE]
)
def test_a_safe_fix_adds_no_finding(name: str, text: str, target: str, finding: Finding) -> None:
    before = {each.code for each in check(compile(text), target=target)}
    for fix in finding.fixes:
        if fix.safe:
            after = check(compile(golden.apply(text, fix)), target=target)
            assert {each.code for each in after} <= before, fix.title


@pytest.mark.parametrize("code", ["DF105", "DF106"])
def test_a_fix_that_only_shows_the_reading_keeps_the_graph(code: str) -> None:
    text = all_rules()[code].bad
    (finding,) = check(compile(text))
    (fix,) = (fix for fix in finding.fixes if fix.safe)
    before, after = compile(text).graphs[0], compile(golden.apply(text, fix)).graphs[0]
    assert [(node.id, node.kind, node.query) for node in before.nodes] == [
        (node.id, node.kind, node.query) for node in after.nodes
    ]


def test_syntax_errors_are_errors() -> None:
    assert all(finding.severity is Severity.ERROR for finding in FINDINGS if finding.code < "DF020")


def _syntax(findings: list[Finding]) -> int:
    return sum(finding.code.startswith("DF0") for finding in findings)
