"""Replaces `{variable}` and `$name` in the texts of a node, with the values at hand when it runs.

Two passes: variables first, then references in what that gave, so a variable may bring references along.
What a reference brings in is final. The places of both are found by the scanners that the checks use.
"""

import re
from collections.abc import Iterator, Mapping

from ...compiler import Reference, lexical_context, placeholders_in_code, scan_results, scan_variables
from .formats import Context
from .lookup import Lookup, SubstitutionError

_MAY_LIST = re.compile(r"\b(?:ANY|ALL|SOME)\s*\(\s*\$", re.IGNORECASE)


class MixedReferenceError(SubstitutionError):
    """A value that must be one reference and nothing else holds other text too."""


def substitute(text: str, bindings: Mapping[str, str], variables: Mapping[str, str], context: Context) -> str:
    """The text with all that is bound replaced (chapter 4 of the execution rules); what is not stays.

    `bindings` holds exact result texts; `variables` holds the system's two as well. Text without `$` and `{`
    comes back as the same object. Raises SubstitutionError.
    """
    if "{" in text and variables:
        text = _with_variables(text, variables)
    if "$" in text and bindings:
        text = _with_results(text, bindings, context)
    return text


def _with_variables(text: str, variables: Mapping[str, str]) -> str:
    return _spliced(
        text,
        (
            (each.start, each.end, variables[each.name])
            for each in scan_variables(text)
            if each.name in variables
        ),
    )


def _with_results(text: str, bindings: Mapping[str, str], context: Context) -> str:
    lookup = Lookup(bindings, context)
    references = scan_results(text, mode=context.value)
    if context is Context.RAW:
        found = _replacements(references, lookup, frozenset(), None)
    else:
        found = _replacements(references, lookup, _alone_in_lists(text, bindings), text)
    replaced = _spliced(text, found)
    if context is Context.SQL and "\0" in replaced and "\0" not in text:
        raise SubstitutionError("a result holds the character U+0000, which cannot be part of a statement")
    return replaced


def _spliced(text: str, found: Iterator[tuple[int, int, str]]) -> str:
    """The text with the stretches replaced; the same object when there are none."""
    parts: list[str] = []
    at = 0
    for start, end, value in found:
        parts += (text[at:start], value)
        at = end
    if not parts:
        return text
    parts.append(text[at:])
    return "".join(parts)


def _replacements(
    references: list[Reference], lookup: Lookup, in_lists: frozenset[int], sql: str | None
) -> Iterator[tuple[int, int, str]]:
    """(start, end, value) of the references that are replaced.

    `in_lists`: the starts of those alone in ANY(). `sql`: the text, if columns may go without a result's name.
    """
    unbound: list[Reference] = []
    values: list[tuple[int, int, str]] = []
    for each in references:
        if each.name not in lookup:
            unbound.append(each)
            continue
        try:
            value = lookup.array(each.name) if each.start in in_lists else None
            if value is None:
                value = lookup.replacement(each)
        except RecursionError:
            raise SubstitutionError(f"${each.name}: result is nested too deeply") from None
        if value is not None:
            values.append((each.start, each.end, value))
    if unbound and sql is not None:
        values += _columns_without_name(unbound, lookup, sql)
        values.sort()
    return iter(values)


def _columns_without_name(
    unbound: list[Reference], lookup: Lookup, sql: str
) -> Iterator[tuple[int, int, str]]:
    """Bare `$c` in code where exactly one bound row set has a column c: as if that result were named too."""
    context = lexical_context(sql)
    for each in unbound:
        if each.column is not None or each.form == "rows":
            continue
        owners = lookup.owners(each.name)
        if len(owners) == 1 and context.at(each.start) is None:
            value = lookup.owned(owners[0], each.name, each.null_safe)
            if value is not None:
                yield each.start, each.end, value


def _alone_in_lists(sql: str, bindings: Mapping[str, str]) -> frozenset[int]:
    """Where a bare reference stands alone inside ANY(), SOME() or ALL(); in code only."""
    if not _MAY_LIST.search(sql):
        return frozenset()
    found, _ = placeholders_in_code(sql, bindings.keys())
    return frozenset(each.start for each in found if each.listed == "ANY")


def whole_value(text: str, bindings: Mapping[str, str], variables: Mapping[str, str]) -> str | None:
    """The raw value of a text that is one reference but for white space around it (rule R2.50).

    None when the text has nothing to replace. A reference to a name that is not bound is its own value.
    Raises MixedReferenceError when there is a `$` or `{` and other text, SubstitutionError as `substitute`.
    """
    if "$" not in text and "{" not in text:
        return None
    trimmed = text.strip()
    if not _is_one_reference(trimmed):
        raise MixedReferenceError("a reference is mixed with other text")
    return substitute(trimmed, bindings, variables, Context.RAW)


def _is_one_reference(text: str) -> bool:
    found = [each for each in scan_results(text, mode="raw") if each.form != "rows"]
    spans = [(each.start, each.end) for each in found] + [
        (each.start, each.end) for each in scan_variables(text)
    ]
    return (0, len(text)) in spans
