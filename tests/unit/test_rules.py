"""Every rule: its examples, its place in the table, and the ids of the language reference that it answers."""

import re
from pathlib import Path

import pytest

import dfsql.compiler.rules as package
from dfsql.compiler import Rule, check, compile, find_rule
from dfsql.compiler.rules import FAMILIES, MODULES, all_rules
from dfsql.grammar import MISTAKES, Severity

RULES = list(all_rules().values())
# DF021 is about bytes that are no text: the command line reports it when it reads the file.
READ_BY_THE_COMMAND_LINE = {"not-utf8"}
CHECKED = [rule for rule in RULES if rule.name not in READ_BY_THE_COMMAND_LINE]

# What each rule points at in its wrong example; the rule's whole workflow where that is long.
POINTS_AT = {
    "DF001": "'",
    "DF002": "$q$",
    "DF003": "/*",
    "DF004": '"',
    "DF005": "(",
    "DF006": ")",
    "DF007": "~>",
    "DF008": "df.sleep",
    "DF009": "| =>",
    "DF010": "}",
    "DF011": "\0",
    "DF012": "\\u",
    "DF013": ",",
    "DF014": "'nightly'",
    "DF015": "then",
    "DF016": "'SELECT 2'",
    "DF017": "~>",
    "DF018": "SELCT",
    "DF019": "AS",
    "DF020": "",
    "DF022": "‘",
    "DF023": "=>",
    "DF024": "CASE",
    "DF025": ";",
    "DF026": "SELECT",
    "DF027": '"SELECT 1"',
    "DF028": "df.sleep",
    "DF029": "SELECT",
    "DF030": "#",
    "DF101": "~>@>",
    "DF102": "'SELECT true' ?> 'SELECT 1' ~> 'SELECT 2'",
    "DF103": "'SELECT true' ?> 'SELECT 1'",
    "DF104": "@>",
    "DF105": "|=> 'y'",
    "DF106": "&",
    "DF107": "?>",
    "DF108": "||",
    "DF109": "'SELECT 2'",
    "DF110": "=",
    "DF111": "@> 'SELECT true'",
    "DF112": " ~> ".join(["'SELECT 1'"] * 258),
    "DF113": "$$ 'SELECT 1' ~> 'SELECT 2' $$",
    "DF114": "1",
    "DF201": "df.slep",
    "DF202": "timeout",
    "DF203": "df.setvar('k', 'v')",
    "DF204": "'SELECT {k}'",
    "DF205": "df.setvar",
    "DF206": "df.await_instance",
    "DF207": "'SELECT ''a'' ~> ''b'''",
    "DF208": "NULL",
    "DF210": "'ftp://example.org/x'",
    "DF211": "-5",
    "DF212": '\'{"node_type":"THEN","left_node":123}\'',
    "DF213": "df.signal('a1b2c3d4', 'go')",
    "DF301": "$totl",
    "DF302": "$x",
    "DF303": "$x",
    "DF304": "$x",
    "DF305": "'x'",
    "DF306": "$row",
    "DF307": "$who",
    "DF308": "$sig.*",
    "DF309": "df.if_rows('$x', 'SELECT 2', 'SELECT 3')",
    "DF310": "df.if_rows('sig', 'SELECT 1', 'SELECT 2')",
    "DF311": "'my result'",
    "DF312": "$order_id",
    "DF313": "$prev",
    "DF314": "$ids",
    "DF401": "{table}",
    "DF402": "df.wait_for_signal('go_{id}', 60)",
    "DF501": "df.break()",
    "DF502": "@> 'SELECT work()'",
    "DF503": "'SELECT 2'",
    "DF504": "'SELECT 1'",
    "DF505": "df.wait_for_signal('ok', 60)",
    "DF506": "'count(*) > 0'",
    "DF601": "df.wait_for_signal('approved')",
    "DF602": "df.wait_for_schedule('0 0 30 2 *')",
    "DF603": "@daily",
    "DF604": "0 0 9 * * MON",
    "DF701": "FORM",
    "DF702": "DELETE FROM b",
    "DF703": "$1",
    "DF704": 'df.http_multipart(\'https://example.org/\',\n    parts => \'[{"name": "a", "data_b64": "x$f"}]\')',
    "DF901": "$batch",
    "DF902": "df.wait_for_schedule('0 9 * * 1-5')",
    "DF903": "'nap'",
    "DF904": "df.break('$x')",
    "DF905": "df.http('https://example.org/', 'POST', '{\"city\": \"{city}\"}')",
    "DF906": "'x'",
    "DF907": "df.http('https://example.org/items/$it?full=1', 'GET')",
}


def _code(rule: Rule) -> str:
    return rule.code


@pytest.mark.parametrize("rule", CHECKED, ids=_code)
def test_the_wrong_example_reports_the_rule_and_nothing_else(rule: Rule) -> None:
    findings = check(compile(rule.bad), target=rule.target or "dfsql")
    assert [finding.code for finding in findings] == [rule.code]
    (finding,) = findings
    assert 0 <= finding.span.start <= finding.span.end <= len(rule.bad)
    assert rule.bad[finding.span.start : finding.span.end] == POINTS_AT[rule.code]
    for label in finding.labels:
        assert 0 <= label.span.start <= label.span.end <= len(rule.bad)


@pytest.mark.parametrize("rule", CHECKED, ids=_code)
def test_the_right_example_is_silent(rule: Rule) -> None:
    assert check(compile(rule.good), target=rule.target or "dfsql") == []
    assert compile(rule.good).graphs


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.target is not None], ids=_code)
def test_a_rule_of_another_target_is_silent_here(rule: Rule) -> None:
    assert rule.code not in {finding.code for finding in check(compile(rule.bad))}


def test_every_rule_has_a_place_in_the_table_above() -> None:
    assert sorted(POINTS_AT) == sorted(rule.code for rule in CHECKED)


def test_every_module_is_listed_and_every_mistake_is_a_rule() -> None:
    folder = Path(str(package.__file__)).parent
    assert sorted(MODULES) == sorted(
        path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "rule")
    )
    assert {mistake.code for mistake in MISTAKES.values()} <= set(all_rules())
    assert len(RULES) == len(MODULES) + len(MISTAKES)


def test_codes_and_names_are_unique_and_well_formed() -> None:
    for rule in RULES:
        assert re.fullmatch(r"DF\d\d\d", rule.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
        assert rule.family == FAMILIES[rule.code[2]]
        assert re.fullmatch(r"\d+\.\d+\.\d+", rule.since)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_only_the_portability_family_has_a_target() -> None:
    assert {rule.code[:3] for rule in RULES if rule.target is not None} == {"DF9"}


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_a_rule_is_found_by_code_name_and_alias(rule: Rule) -> None:
    assert find_rule(rule.code.lower()) is rule
    assert find_rule(f" {rule.name.upper()} ") is rule
    for alias in rule.aliases:
        found = find_rule(alias)
        assert found is not None
        assert alias in found.aliases


def test_what_is_no_rule_is_not_found() -> None:
    assert find_rule("DF999") is None
    assert find_rule("") is None


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_summary_and_rationale_are_short_prose(rule: Rule) -> None:
    assert len(rule.summary) <= 90
    assert re.fullmatch(r"(?:[A-Z$=|?{d\d]|pg_durable ).*\.", rule.summary)
    assert "\n" not in rule.rationale
    assert 1 <= len(re.findall(r"[.!?](?=\s|$)", rule.rationale)) <= 3
    assert rule.bad != rule.good


def test_only_one_hook_is_set() -> None:
    for rule in RULES:
        hooks = [hook for hook in (rule.tree, rule.node, rule.graph, rule.script) if hook is not None]
        assert len(hooks) <= 1
        assert bool(rule.kinds) <= (rule.node is not None)


def test_severities_are_those_of_our_own_outcome() -> None:
    """Certain failures are errors; what may be meant is a warning."""
    warnings = {rule.code for rule in RULES if rule.severity is Severity.WARNING}
    assert warnings == set(
        "DF104 DF105 DF106 DF107 DF109 DF213 DF303 DF304 DF305 DF306 DF312 DF313 DF314 DF401 DF502 DF503 DF504"
        " DF505 DF601".split()
    )
    assert {rule.code for rule in RULES if rule.severity is Severity.INFO} == {"DF020"}
