"""The headers of a request: the author's, checked, and the one that lets a receiver recognise a repetition."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .config import Config, NumberText, is_text
from .errors import NodeError

IDEMPOTENCY_KEY = "Idempotency-Key"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The client writes these itself, from the body it sends: a second opinion would let one request pass for two.
_WRITTEN_BY_CLIENT = {"content-length", "connection", "keep-alive", "proxy-connection"}
_REFUSED = {"transfer-encoding", "te", "trailer", "upgrade", "expect"}


def request_headers(
    config: Config, substituted: Callable[[str], str], idempotency_key: str
) -> tuple[tuple[str, str], ...]:
    """The author's headers in the order of their names, and an Idempotency-Key unless they set one.

    Raises NodeError for a name or value that no header can have.
    """
    written = config.headers()
    chosen = [
        (name, _value(config, name, written[name], substituted))
        for name in sorted(written)
        if not _is_ours(config.kind, name)
    ]
    if not any(name.lower() == IDEMPOTENCY_KEY.lower() for name in written):
        chosen.append((IDEMPOTENCY_KEY, idempotency_key))
    return tuple(chosen)


def _is_ours(kind: str, name: str) -> bool:
    """Whether a header of the author's is left out because the client knows better."""
    return name.lower() in _WRITTEN_BY_CLIENT or (
        kind == "HTTP_MULTIPART" and name.lower() == "content-type"  # it has to name the boundary
    )


def _value(config: Config, name: str, value: Any, substituted: Callable[[str], str]) -> str:
    if not _TOKEN.fullmatch(name):
        config.fail(f"invalid header name '{name}'")
    if name.lower() in _REFUSED:
        config.fail(f"header '{name}' cannot be set")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, NumberText):
        return str(value)
    if not is_text(value):
        config.fail(f"header '{name}' must be a text, a number or a boolean")
    text = substituted(value)
    if _BAD_VALUE.search(text):
        raise NodeError(f"Invalid value for header '{name}': control characters are not allowed")
    return text


def with_defaults(defaults: Mapping[str, str], given: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The given headers, and those defaults that none of them replaces (in any case).

    Names that differ in case only get one spelling: the HTTP library would else keep the last of them alone.
    """
    spelling: dict[str, str] = {}
    chosen = [(spelling.setdefault(name.lower(), name), value) for name, value in given]
    return chosen + [(name, value) for name, value in defaults.items() if name.lower() not in spelling]
