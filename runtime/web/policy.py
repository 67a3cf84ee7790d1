"""The outbound policy: which requests may leave at all, and which addresses a connection may go to.

Modes: `off` refuses everything; `allowlist` takes the hosts and addresses of the allow list; `public` takes every name
and every public address. In both, an address that is not public is refused unless the allow list names it. Names are
judged here without any network; the addresses they have are judged when a connection is made (`guard`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .addresses import Address, is_public
from .allow import AllowList, allow_list
from .errors import NodeError
from .target import Target, read_target, scheme_of

if TYPE_CHECKING:
    from .request import Request

MODES = ("off", "allowlist", "public")
METHODS = {"HTTP": ("GET", "POST", "PUT", "DELETE", "PATCH"), "HTTP_MULTIPART": ("POST", "PUT", "PATCH")}

# The words are pg_durable's, in which people look for them; here a setting takes the place of a build option.
DISABLED = (
    "Blocked: outbound HTTP requests are disabled. "
    "Rebuild with the 'http-allow-azure-domains' Cargo feature to enable them."
)
BARE_ADDRESS = (
    "Blocked: requests to bare IP addresses are not permitted. "
    "Use an approved Azure service hostname instead."
)


@dataclass(frozen=True)
class Policy:
    """The administrator's settings for outbound requests. Raises ValueError for values that mean nothing."""

    mode: str = "public"
    allow: tuple[str, ...] = ()  # see `allow`
    max_response_bytes: int = 16 * 2**20

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"'{self.mode}' is not an HTTP mode: write one of {', '.join(MODES)}")
        if self.max_response_bytes < 0:
            raise ValueError("the limit for a response must not be negative")
        allow_list(self.allow)

    @property
    def listed(self) -> AllowList:
        """The allow list, ready to ask."""
        return allow_list(self.allow)


def check_policy(request: "Request", policy: Policy) -> None:
    """Refuses a request by its scheme, host or method, in this order, without touching the network.

    Raises NodeError with the refusal (execution rules R2.42 and R2.43).
    """
    scheme = scheme_of(request.url)
    if scheme not in ("http", "https"):
        raise NodeError(f"Blocked: unsupported URL scheme '{scheme}'. Only http and https are allowed.")
    if policy.mode == "off":
        raise NodeError(DISABLED)
    _check_host(read_target(request.url), policy)
    if request.method not in METHODS[request.kind]:
        suffix = " for multipart" if request.kind == "HTTP_MULTIPART" else ""
        raise NodeError(f"Unsupported HTTP method{suffix}: {request.method}")


def _check_host(target: Target, policy: Policy) -> None:
    if target.address is not None:
        open_to_all = policy.mode == "public" and is_public(target.address)
        if not open_to_all and not policy.listed.has_address(target.address):
            raise NodeError(BARE_ADDRESS)
    elif policy.mode == "allowlist" and not policy.listed.has_name(target.host):
        raise NodeError(
            f"Blocked: '{target.host}' is not in the allowed endpoint list. "
            "Only requests to approved Azure service domains are permitted."
        )


def may_connect(policy: Policy, host: str, address: Address) -> bool:
    """Whether a request for `host`, which `check_policy` let pass, may connect to this address."""
    return is_public(address) or policy.listed.has_target(host, address)


def restricted_text(host: str) -> str:
    """The refusal of a name all of whose addresses may not be connected to (R2.44)."""
    return (
        f"Blocked: the resolved IP address for '{host}' is in a restricted range. "
        "df.http() cannot access private or internal network addresses."
    )
