"""`dfsql rule`: explains a code, or lists them all."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from . import options
from .console import say, write
from .status import Status

if TYPE_CHECKING:
    from ..compiler import Rule

FORMATS = ("text", "json")
WIDTH = 88
LONGEST = 160


@click.command("rule", short_help="Explain a code, or list them all.")
@click.argument("code", required=False, metavar="[CODE]")
@options.choice("--format", values=FORMATS, default="text", help="For people, or for programs.")
def command(code: str | None, format: str) -> Status:
    """Explains a rule: why it matters, an example that is wrong and one that is right.

    CODE is a code (DF301), a name (unbound-name) or an id of the language reference (N-01). Without it all
    rules are listed.
    """
    from ..compiler import RULES, find_rule

    if code is None:
        rules = list(RULES.values())
        write(
            _json([_record(rule) for rule in rules]) if format == "json" else "\n".join(_list(rules)) + "\n"
        )
        return Status.OK
    rule = find_rule(code)
    if rule is None:
        say(f"there is no rule '{code}'; {_hint(code, RULES.values())}")
        return Status.NOTHING
    write(_json(_record(rule)) if format == "json" else "\n".join(_page(rule)) + "\n")
    return Status.OK


def _hint(wanted: str, rules: "Iterable[Rule]") -> str:
    """What to do about a rule that does not exist. Another number is no better guess: names only."""
    names = [rule.name for rule in rules]
    word = wanted.casefold()
    close = [name for name in names if len(word) > 2 and word in name][:3]
    close = close or get_close_matches(word, names, 3, 0.75)
    return f"did you mean {' or '.join(close)}?" if close else "`dfsql rule` lists them all"


def _list(rules: "list[Rule]") -> Iterator[str]:
    wide = max(len(rule.name) for rule in rules)
    family = None
    for rule in rules:
        if rule.family != family:
            if family is not None:
                yield ""
            family = rule.family
            yield family
        yield f"  {rule.code}  {rule.name:<{wide}}  {rule.severity.value:<7}  {rule.summary}"


def _page(rule: "Rule") -> Iterator[str]:
    yield f"{rule.code} {rule.name} ({rule.severity.value}, {rule.family})"
    yield ""
    yield from textwrap.wrap(rule.summary, WIDTH)
    yield ""
    yield from textwrap.wrap(rule.rationale, WIDTH)
    yield from _example("Wrong", rule.bad)
    yield from _example("Right", rule.good)
    notes = []
    if rule.target:
        notes.append(f"reported with --target {rule.target} only")
    if rule.aliases:
        notes.append(f"also known as {', '.join(rule.aliases)}")
    notes.append(f"since {rule.since}")
    yield ""
    yield "; ".join(notes)


def _example(title: str, text: str) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    yield ""
    for line in text.rstrip("\n").splitlines():
        shown = _visible(line)
        cut = "" if len(shown) <= LONGEST else " ..."  # an example of a workflow that is too large
        yield f"    {shown[:LONGEST]}{cut}".rstrip()


def _visible(line: str) -> str:
    """An example may hold what no terminal shows."""
    return line.replace("\0", "\\0").replace("\ufeff", "\\ufeff")


def _record(rule: "Rule") -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "family": rule.family,
        "summary": rule.summary,
        "rationale": rule.rationale,
        "bad": rule.bad,
        "good": rule.good,
        "aliases": list(rule.aliases),
        "target": rule.target,
        "since": rule.since,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
