"""Reading a node's config: the JSON object stored in its `query`, with checked members."""

import json
from typing import Any, NoReturn

from .errors import NodeError

_WHAT = {"HTTP": "Invalid HTTP config: ", "HTTP_MULTIPART": "Invalid multipart HTTP config: "}
DEFAULT_TIMEOUT = 30  # seconds


class NumberText(str):
    """A JSON number as it is written."""


class Config:
    """The members of an HTTP node's config. Every method raises NodeError with the text the node fails with."""

    def __init__(self, kind: str, node_id: str, query: str | None) -> None:
        self.kind = kind
        self.node_id = node_id
        if query is None:
            raise NodeError(f"{kind} node {node_id} has no config")
        try:
            value = json.loads(
                query, parse_int=NumberText, parse_float=NumberText, parse_constant=self._constant
            )
        except (ValueError, RecursionError) as error:
            self.fail(str(error) or "it nests too deeply")
        if not isinstance(value, dict):
            self.fail("it must be a JSON object")
        self._members: dict[str, Any] = value

    def fail(self, reason: str) -> NoReturn:
        """Raises NodeError: the config is invalid for this reason."""
        raise NodeError(_WHAT[self.kind] + reason)

    def text(self, name: str, default: str | None = None) -> str:
        """A member that is a text."""
        value = self._members.get(name, default)
        if not is_text(value):
            self.fail(f"`{name}` is missing" if value is None else f"`{name}` must be a text")
        return str(value)

    def optional_text(self, name: str) -> str | None:
        """A member that is a text, None where it is missing or null."""
        return None if self._members.get(name) is None else self.text(name)

    def headers(self) -> dict[str, Any]:
        """The headers as written, none where the member is missing or null."""
        value = self._members.get("headers")
        if value is not None and not isinstance(value, dict):
            self.fail("`headers` must be a JSON object")
        return value or {}

    def parts(self) -> list[dict[str, Any]]:
        """The parts of a form, at least one, each an object."""
        value = self._members.get("parts")
        if not isinstance(value, list) or not value:
            self.fail("`parts` must be a JSON array of at least one part")
        if not all(isinstance(part, dict) for part in value):
            self.fail("each of `parts` must be a JSON object")
        return value

    def timeout(self) -> float:
        """Seconds for the whole request."""
        value = self._members.get("timeout_seconds")
        if value is None:
            return DEFAULT_TIMEOUT
        seconds = float(value) if isinstance(value, NumberText) else -1.0
        if not 0 < seconds < float("inf"):
            self.fail("`timeout_seconds` must be a positive number")
        return seconds

    def _constant(self, word: str) -> NoReturn:
        raise ValueError(f"{word} is not JSON")


def is_text(value: object) -> bool:
    """Whether a JSON value read here is a string."""
    return isinstance(value, str) and not isinstance(value, NumberText)
