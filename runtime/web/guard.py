"""The address check at the place where connections are made.

Two layers. The resolver drops every address that the policy refuses, so that a name with good and bad addresses is
reached at a good one. And each socket is opened only after a look at the very address that it will connect to, which
also covers addresses that were never resolved.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import read_address
from .errors import HttpFailure
from .policy import BARE_ADDRESS, Policy, may_connect, restricted_text

# (host, port) -> the texts of its addresses, in order of preference. Raises OSError if there are none.
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

requested_host: ContextVar[str] = ContextVar("requested_host")  # of the request that this task is sending


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system finds."""
    import asyncio

    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class GuardedResolver(AbstractResolver):
    """Resolves names to the addresses that the policy lets through."""

    def __init__(self, policy: Policy, lookup: Lookup) -> None:
        self._policy = policy
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError if it has none, HttpFailure if it has only refused ones."""
        addresses = [read_address(text) for text in await self._lookup(host, port)]
        if not addresses:
            raise OSError(f"no address for {host}")
        allowed = [str(address) for address in addresses if may_connect(self._policy, host, address)]
        if not allowed:
            raise HttpFailure(restricted_text(host), retryable=False)
        return [_result(host, port, address) for address in dict.fromkeys(allowed)]

    async def close(self) -> None:
        """Nothing to release."""


def socket_factory(policy: Policy) -> Callable[[Any], socket.socket]:
    """A maker of sockets that refuses an address the policy does not let the running request connect to."""

    def open_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = info
        host = requested_host.get()
        address = read_address(place[0])
        if not may_connect(policy, host, address):
            text = BARE_ADDRESS if host == str(address) else restricted_text(host)
            raise HttpFailure(text, retryable=False)
        return socket.socket(family, kind, protocol)

    return open_socket


def _result(host: str, port: int, address: str) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
