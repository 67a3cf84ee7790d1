"""From a node's config to a request: references replaced, every value checked (execution rules R2.41, R2.50)."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..values import Context, SubstitutionError, substitute
from .config import Config
from .errors import NodeError
from .headers import request_headers
from .multipart import read_parts, wire_form


@dataclass(frozen=True)
class Request:
    """A request as it will be sent, the same at every attempt."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    timeout: float  # seconds, from connecting to the last byte of the body
    kind: str  # "HTTP" or "HTTP_MULTIPART"


def build_request(
    kind: str,
    node_id: str,
    query: str | None,
    bindings: Mapping[str, str],
    variables: Mapping[str, str],
    idempotency_key: str,
) -> Request:
    """The request of an HTTP or HTTP_MULTIPART node.

    `query` is the node's stored config, `bindings` the visible results (name to JSON text), `variables` the
    captured variables. Raises NodeError with the text the node fails with.
    """
    config = Config(kind, node_id, query)

    def substituted(text: str) -> str:
        return substitute(text, bindings, variables, Context.RAW)

    try:
        headers = request_headers(config, substituted, idempotency_key)
        if kind == "HTTP":
            written = config.optional_text("body")
            body = None if written is None else substituted(written).encode()
        else:
            content_type, body = wire_form(
                read_parts(config, substituted, bindings, variables), idempotency_key
            )
            headers = (*headers, ("Content-Type", content_type))
        request = Request(
            method=config.text("method", "POST"),
            url=substituted(config.text("url")),
            headers=headers,
            body=body,
            timeout=config.timeout(),
            kind=kind,
        )
        _check_encodable(request)
    except SubstitutionError as error:
        raise NodeError(str(error)) from error
    except UnicodeEncodeError:
        config.fail("it contains half of a surrogate pair")
    return request


def _check_encodable(request: Request) -> None:
    """Raises UnicodeEncodeError for texts with lone surrogates, which JSON can write and no wire can carry."""
    for text in (request.method, request.url, *(value for _, value in request.headers)):
        text.encode()
