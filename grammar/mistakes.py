"""Syntax errors: one table with the texts, the examples and the rule records' data.

Every entry has a wrong example and the message it gives; the tests run them all. `{...}` in a message is filled
with what was found.
"""

from . import mistakes_in_structure, mistakes_in_tokens
from .mistake import Mistake

__all__ = ["MISTAKES", "Mistake"]

_ALL = (*mistakes_in_tokens.TABLE, *mistakes_in_structure.TABLE)

MISTAKES: dict[str, Mistake] = {
    mistake.key: mistake for mistake in sorted(_ALL, key=lambda mistake: mistake.code)
}
