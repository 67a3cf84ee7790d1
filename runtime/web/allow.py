"""The allow list: host names, suffixes and addresses that an administrator has listed.

An entry is a host name (`api.github.com`), a suffix for all names below it (`.azurewebsites.net`, also written
`*.azurewebsites.net`), an address (`127.0.0.1`, `::1`) or a network (`10.2.0.0/16`).

An address that is not public is reachable only when an entry lists *it*: by an address or network, or by a name without
dots (`localhost`, `billing`), which no stranger can register. A dotted name or suffix lists names alone: whoever
controls such a name's DNS could point it anywhere.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network

from .addresses import Address, Network

_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


class AllowList:
    """The entries of an allow list, sorted by what they are. Raises ValueError for one that is no pattern."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._suffixes: list[str] = []
        self._networks: list[Network] = []
        for pattern in patterns:
            self._add(pattern)

    def _add(self, pattern: str) -> None:
        text = pattern.strip().lower().removeprefix("*")
        if (network := _network(text)) is not None:
            self._networks.append(network)
        elif text.startswith(".") and _NAME.fullmatch(text[1:]):
            self._suffixes.append(text)
        elif _NAME.fullmatch(text) and "*" not in pattern:
            self._names.add(text)
        else:
            raise ValueError(f"'{pattern}' is not a host name, .suffix, address or network")

    def has_name(self, host: str) -> bool:
        """Whether a name (lower case) is listed, itself or by a suffix."""
        return host in self._names or host.endswith(tuple(self._suffixes))

    def has_address(self, address: Address) -> bool:
        """Whether an address is listed, itself or by a network."""
        return any(address in network for network in self._networks)

    def has_target(self, host: str, address: Address) -> bool:
        """Whether a connection to this address, found under that name, is listed although it is not public."""
        if self.has_address(address):
            return True
        if host == "localhost":
            return host in self._names and address.is_loopback
        return "." not in host and host in self._names


@lru_cache(maxsize=16)
def allow_list(patterns: tuple[str, ...]) -> AllowList:
    """The allow list of these entries, read once. Raises ValueError for one that is no pattern."""
    return AllowList(patterns)


def _network(text: str) -> Network | None:
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
