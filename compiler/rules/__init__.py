"""All rules, by code. One file per rule; syntax errors come from the grammar's table of mistakes."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ...grammar import MISTAKES
from .rule import FAMILIES, Rule

# Every module of this folder that holds a RULE, in the order of the codes.
MODULES = (
    "glued_operator",
    "split_conditional",
    "open_conditional",
    "loop_binds_first",
    "name_covers_all",
    "mixed_operators",
    "else_if_chain",
    "glued_envelope",
    "adjacent_literals",
    "boolean_workflow",
    "loop_as_condition",
    "graph_limit",
    "dsl_in_quotes",
    "operand_type",
    "unknown_function",
    "wrong_arguments",
    "helper_as_step",
    "helper_in_statement",
    "helper_in_step",
    "await_in_step",
    "explained_statement",
    "null_argument",
    "invalid_http",
    "invalid_value",
    "malformed_node",
    "effect_as_step",
    "unbound_name",
    "sibling_name",
    "conditional_name",
    "race_name",
    "join_duplicate",
    "name_without_rows",
    "reference_in_literal",
    "rows_of_non_rows",
    "if_rows_unbound",
    "if_rows_shape",
    "invalid_name",
    "column_as_name",
    "next_round",
    "in_list_reference",
    "unset_variable",
    "fixed_text",
    "break_outside_loop",
    "busy_loop",
    "unreachable_after_loop",
    "unreachable_after_break",
    "constant_condition",
    "not_a_statement",
    "endless_signal",
    "cron_never",
    "invalid_cron",
    "cron_fields",
    "sql_syntax",
    "several_statements",
    "sql_parameter",
    "mixed_data",
    "portable_any",
    "portable_cron",
    "portable_name",
    "portable_break",
    "portable_variable",
    "portable_rebinding",
    "portable_query",
)


def _syntax_rules() -> list[Rule]:
    return [
        Rule(
            code=mistake.code,
            name=mistake.name,
            severity=mistake.severity,
            summary=mistake.summary,
            rationale=mistake.rationale,
            bad=mistake.bad,
            good=mistake.good,
        )
        for mistake in MISTAKES.values()
    ]


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by its code; loaded at the first call, since lowering needs some records before."""
    rules = _syntax_rules()
    rules += (import_module(f"{__name__}.{name}").RULE for name in MODULES)
    return {rule.code: rule for rule in sorted(rules, key=lambda rule: rule.code)}


def find_rule(text: str) -> Rule | None:
    """The rule of a code, a name or an alias, in any case; None where there is none."""
    wanted = text.strip().lower()
    for rule in all_rules().values():
        if wanted in (rule.code.lower(), rule.name, *(alias.lower() for alias in rule.aliases)):
            return rule
    return None


if TYPE_CHECKING:
    RULES: dict[str, Rule]


def __getattr__(name: str) -> dict[str, Rule]:
    """`RULES` is `all_rules()`."""
    if name == "RULES":
        return all_rules()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["FAMILIES", "MODULES", "RULES", "Rule", "all_rules", "find_rule"]
