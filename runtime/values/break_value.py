"""The result of a BREAK: its value with references replaced, as JSON."""

from collections.abc import Mapping

from .formats import Context
from .json_text import JsonTextError, normalise, quote
from .substitution import substitute


def break_value(value: str | None, bindings: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """The result text of `df.break(value)` (rule R2.27): `null` without a value, JSON compact, else a string.

    References are replaced as raw text before it is decided whether the whole is JSON. A name that is not
    bound stays as text. Raises SubstitutionError.
    """
    if value is None:
        return "null"
    text = substitute(value, bindings, variables, Context.RAW)
    try:
        return normalise(text)
    except JsonTextError:
        return quote(text)
