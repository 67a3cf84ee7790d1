"""Reading a URL once: what is checked and what is connected to come from the same reading.

Two readers of one URL can disagree about its host, and such a difference is how filters are passed by. So the host is
taken from the client's own parser and must then have the plain form of a name or an address; the URL that is sent is
put together from the checked pieces.
"""

import base64
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from .addresses import Address, literal
from .errors import NodeError

if TYPE_CHECKING:
    from yarl import URL

NO_HOST = "Blocked: unable to extract hostname from URL."
UNCLEAN = "Blocked: the URL has a control character, white space in its host or a backslash before its query."

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PARTS = re.compile(r"[^:]*://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")
_HOST_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
# What a browser leaves alone when it encodes these parts; `%` is among it, so an encoded text stays as it is.
_PATH_SAFE = "%!$&'()*+,/:;=@[]^|~-._"
_QUERY_SAFE = "%!$&()*+,/:;=?@[]\\^`{|}~-._"


class Target(NamedTuple):
    """Where a request goes: the URL without credentials, its host, and what the credentials say."""

    url: "URL"
    host: str  # lower case, ASCII
    address: Address | None  # what the host is, where it is no name
    authorization: str | None  # value of the Authorization header that user:password@ stands for


def scheme_of(url: str) -> str:
    """The text before the first `://`, in lower case; the whole text where there is none."""
    return url.partition("://")[0].lower()


def read_target(text: str) -> Target:
    """Takes an http or https URL apart. Raises NodeError with a text that says `Blocked: ...`."""
    found = _PARTS.match(text)
    if found is None:
        raise NodeError(NO_HOST)
    authority, path, query = found["authority"], found["path"], found["query"]
    if _CONTROL.search(text) or "\\" in authority + path or re.search(r"\s", authority):
        raise NodeError(UNCLEAN)
    base = _read_authority(scheme_of(text), authority)
    host = base.raw_host or ""
    try:
        address = literal(host)
    except ValueError:
        raise NodeError(NO_HOST) from None
    if address is None and not _HOST_NAME.fullmatch(host):
        raise NodeError(NO_HOST)
    name = host if address is None else str(address)
    return Target(_rebuild(base, name, path, query), name, address, _authorization(base))


def _read_authority(scheme: str, authority: str) -> "URL":
    from yarl import URL

    try:
        return URL(f"{scheme}://{authority}/")
    except ValueError:
        raise NodeError(NO_HOST) from None


def _rebuild(base: "URL", host: str, path: str, query: str | None) -> "URL":
    """The URL to send: encoded where it must be, never decoded (a signed URL must arrive as it was written)."""
    from yarl import URL

    place = f"[{host}]" if ":" in host else host
    if base.explicit_port is not None:
        place = f"{place}:{base.explicit_port}"
    tail = quote(path or "/", safe=_PATH_SAFE)
    if query is not None:
        tail += "?" + quote(query, safe=_QUERY_SAFE)
    url = URL(f"{base.scheme}://{place}{tail}", encoded=True)
    assert url.raw_host == host
    return url


def _authorization(base: "URL") -> str | None:
    if base.user is None and base.password is None:
        return None
    pair = f"{base.user or ''}:{base.password or ''}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
