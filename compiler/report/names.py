"""The names of codes, for reports."""


def rule_name(code: str) -> str | None:
    """The name of the rule with that code, None where there is no such rule."""
    from ..rules import all_rules

    rule = all_rules().get(code)
    return rule.name if rule else None
