"""IP addresses: reading them in every notation that a resolver takes, and telling which are not public.

Public means global unicast. The tables follow IANA's registries of special-purpose addresses and are written out here,
because the answers of Python's `ipaddress` changed between patch releases.
"""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; metadata of one cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # looks public, but is the platform's own address in every Azure machine
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, retired
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# All of global unicast; what lies outside is loopback, link-local, unique local, multicast, NAT64, SRv6 or unassigned.
_GLOBAL_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, with Teredo, which embeds IPv4 addresses
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds IPv4 addresses
        "3fff::/20",  # documentation
    )
)
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE | re.DOTALL)


def is_public(address: Address) -> bool:
    """Whether an address is global unicast, so that anyone may reach it."""
    address = unwrap(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


def unwrap(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped IPv6 address; any other one as it is."""
    return getattr(address, "ipv4_mapped", None) or address


def read_address(text: str) -> Address:
    """An address as a resolver writes it, without its zone. Raises ValueError."""
    return unwrap(ip_address(text.partition("%")[0]))


def literal(host: str) -> Address | None:
    """The address that a host name is in fact, None for a real name.

    A host whose last label is a number is never a name: `127.1`, `0x7f000001` and `2130706433` are ways to
    write 127.0.0.1, to which system resolvers would turn them. Raises ValueError if it is no address either.
    """
    if "%" in host:
        raise ValueError(f"'{host}' has a zone, which means something on one machine only")
    if ":" in host:
        return unwrap(IPv6Address(host))
    if not _ENDS_IN_NUMBER.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except OSError as error:
        raise ValueError(f"'{host}' is not an IPv4 address") from error
