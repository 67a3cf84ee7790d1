"""Which addresses are public, and every notation of an address is recognised as one."""

from ipaddress import ip_address

import pytest

from dfsql.runtime.web.addresses import is_public, literal, read_address

PUBLIC = (
    "8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 \
169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 \
223.255.255.255 168.63.129.15 2606:4700:4700::1111 2a00:1450:4001:80b::200e 2001:200:: 2003:: 2620:4f:8000::1 \
::ffff:8.8.8.8"
)
NOT_PUBLIC = (
    "0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.255 \
169.254.0.1 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 \
198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16 \
:: ::1 ::7f00:1 fe80::1 febf::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1 64:ff9b::8.8.8.8 64:ff9b::a00:1 64:ff9b:1::1 100::1 \
2001::1 2001:0:a00:1::1 2001:10::1 2001:20::1 2001:db8::1 2002:a00:1::1 2002:808:808::1 3fff::1 5f00::1 4000::1 \
::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254"
)


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC.split())
def test_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


LITERALS = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1.", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("0x7F.1", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("0", "0.0.0.0"),
    ("169.254.43518", "169.254.169.254"),
    ("::1", "::1"),
    ("::ffff:a00:1", "10.0.0.1"),
    ("::ffff:10.0.0.1", "10.0.0.1"),
]


@pytest.mark.parametrize(("host", "address"), LITERALS)
def test_literal(host: str, address: str) -> None:
    assert str(literal(host)) == address


@pytest.mark.parametrize("host", "example.com 1.example.com 1e100.net a.0x1g localhost 1.2.3.x".split())
def test_a_name_is_no_literal(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    "host", "1.2.3.4.5 256.1.1.1 example.1 99999999999 fe80::1%eth0 2606:4700::1%1 %31.0.0.1 ::g".split()
)
def test_neither_name_nor_address(host: str) -> None:
    with pytest.raises(ValueError):
        literal(host)


def test_a_resolvers_address_loses_its_zone_and_its_wrapping() -> None:
    assert str(read_address("fe80::1%eth0")) == "fe80::1"
    assert str(read_address("::ffff:10.0.0.1")) == "10.0.0.1"
