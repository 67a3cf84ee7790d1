"""The outbound policy: refusals in their order and with their texts, the allow list, the reading of URLs."""

from ipaddress import ip_address

import pytest

from dfsql.runtime.web import (
    NodeError,
    Policy,
    Request,
    check_policy,
    check_privilege_text,
    needs_privilege,
)
from dfsql.runtime.web.policy import may_connect
from dfsql.runtime.web.target import read_target

BARE = "Blocked: requests to bare IP addresses are not permitted. Use an approved Azure service hostname instead."
NO_HOST = "Blocked: unable to extract hostname from URL."
OFF = "Blocked: outbound HTTP requests are disabled. Rebuild with the 'http-allow-azure-domains' Cargo feature to enable them."
UNCLEAN = "Blocked: the URL has a control character, white space in its host or a backslash before its query."
LIST = ("*.azurefd.net", ".vault.azure.net", "api.github.com")


def scheme(name: str) -> str:
    return f"Blocked: unsupported URL scheme '{name}'. Only http and https are allowed."


def unlisted(host: str) -> str:
    return f"Blocked: '{host}' is not in the allowed endpoint list. Only requests to approved Azure service domains are permitted."


def refusal(url: str, policy: Policy, method: str = "GET", kind: str = "HTTP") -> str | None:
    """The text of the refusal, None when the request may go."""
    try:
        check_policy(Request(method, url, (), None, 30, kind), policy)
    except NodeError as error:
        return str(error)
    return None


REFUSED_ALWAYS = [
    ("ftp://h/x", scheme("ftp")),
    ("FILE:///etc/passwd", scheme("file")),
    (" https://h/", scheme(" https")),
    ("$base/x", scheme("$base/x")),
    ("", scheme("")),
    ("https", NO_HOST),
    ("https://", NO_HOST),
    ("https:///x", NO_HOST),
    ("https://:80/", NO_HOST),
    ("https://a..b/", NO_HOST),
    ("https://h:99999/", NO_HOST),
    ("https://h:x/", NO_HOST),
    ("https://[::1/", NO_HOST),
    ("https://[fe80::1%25eth0]/", NO_HOST),
    ("https://[2606:4700::1%25eth0]/", NO_HOST),
    ("https://%6cocalhost/", NO_HOST),
    ("https://1.2.3.4.5/", NO_HOST),
    ("https://{host}/", NO_HOST),
    ("https://good.azurefd.net\\@evil.example/", UNCLEAN),
    ("https://evil.example\\.azurefd.net/", UNCLEAN),
    ("https://evil.example /.azurefd.net", UNCLEAN),
    ("https://h\t/", UNCLEAN),
    ("https://h/a\r\nX: y", UNCLEAN),
    ("https://h/a\x00", UNCLEAN),
    ("https://a b/", UNCLEAN),
]


@pytest.mark.parametrize(("url", "text"), REFUSED_ALWAYS)
@pytest.mark.parametrize("policy", [Policy("allowlist", LIST), Policy("public", LIST)], ids=str)
def test_refused_whatever_is_allowed(url: str, text: str, policy: Policy) -> None:
    assert refusal(url, policy) == text


NOT_PUBLIC = "127.0.0.1 10.1.2.3 169.254.169.254 127.1 2130706433 0x7f.1 [::1] [::ffff:10.0.0.1] [fd00:ec2::254] １２７.0.0.1"


@pytest.mark.parametrize("host", NOT_PUBLIC.split())
@pytest.mark.parametrize("mode", ["allowlist", "public"])
def test_addresses_that_are_not_public(host: str, mode: str) -> None:
    assert refusal(f"http://{host}:8080/x", Policy(mode)) == BARE


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700:4700::1111]"])
def test_public_addresses_are_refused_under_an_allow_list_only(host: str) -> None:
    assert refusal(f"http://{host}/", Policy("allowlist", LIST)) == BARE
    assert refusal(f"http://{host}/", Policy("public")) is None


LISTED = [
    ("https://x.azurefd.net/", None),
    ("https://a.b.azurefd.net/", None),
    ("https://X.AzureFD.net:8443/p?q", None),
    ("https://user:secret@x.azurefd.net/", None),
    ("https://api.github.com/", None),
    ("https://api.github.com?x", None),
    ("https://azurefd.net/", unlisted("azurefd.net")),
    ("https://xazurefd.net/", unlisted("xazurefd.net")),
    ("https://x.azurefd.net./", unlisted("x.azurefd.net.")),
    ("https://x.api.github.com/", unlisted("x.api.github.com")),
    ("https://example.com/", unlisted("example.com")),
    ("https://example.com/x.azurefd.net", unlisted("example.com")),
    ("https://example.com?x.azurefd.net", unlisted("example.com")),
    ("https://example.com#.azurefd.net", unlisted("example.com")),
    ("https://x.azurefd.net@example.com/", unlisted("example.com")),
    ("https://a@x.azurefd.net@example.com/", unlisted("example.com")),
    ("https://Bücher.example/", unlisted("xn--bcher-kva.example")),
]


@pytest.mark.parametrize(("url", "text"), LISTED)
def test_allow_list(url: str, text: str | None) -> None:
    assert refusal(url, Policy("allowlist", LIST)) == text
    assert refusal(url, Policy("public", LIST)) is None


ORDER = [
    ("ftp://10.0.0.1/", "off", "TRACE", scheme("ftp")),
    ("http://10.0.0.1/", "off", "TRACE", OFF),
    ("http://10.0.0.1/", "public", "TRACE", BARE),
    ("http://example.com/", "public", "TRACE", "Unsupported HTTP method: TRACE"),
]


@pytest.mark.parametrize(("url", "mode", "method", "text"), ORDER)
def test_order_of_checks(url: str, mode: str, method: str, text: str) -> None:
    assert refusal(url, Policy(mode), method) == text


def test_off_wins_over_the_allow_list() -> None:
    assert refusal("https://api.github.com/", Policy("off", LIST)) == OFF


METHODS = "GET POST PUT DELETE PATCH HEAD OPTIONS get".split()


@pytest.mark.parametrize(
    ("kind", "allowed"), [("HTTP", METHODS[:5]), ("HTTP_MULTIPART", ["POST", "PUT", "PATCH"])]
)
def test_methods(kind: str, allowed: list[str]) -> None:
    what = {"HTTP": "HTTP method", "HTTP_MULTIPART": "HTTP method for multipart"}[kind]
    for method in METHODS:
        expected = None if method in allowed else f"Unsupported {what}: {method}"
        assert refusal("https://example.com/", Policy(), method, kind) == expected


MAY_CONNECT = [
    ((), "example.com", "8.8.8.8", True),
    ((), "example.com", "10.0.0.1", False),
    ((), "localhost", "127.0.0.1", False),
    (("127.0.0.1",), "localhost", "127.0.0.1", True),
    (("127.0.0.1",), "127.0.0.1", "127.0.0.1", True),
    (("127.0.0.1",), "localhost", "127.0.0.2", False),
    (("10.2.0.0/16",), "billing.corp", "10.2.3.4", True),
    (("10.2.0.0/16",), "billing.corp", "10.3.3.4", False),
    (("[::1]",), "localhost", "::1", True),
    (("localhost",), "localhost", "127.0.0.1", True),
    (("localhost",), "localhost", "::1", True),
    (("localhost",), "localhost", "10.0.0.1", False),
    (("localhost",), "rebind.example", "127.0.0.1", False),
    (("billing",), "billing", "10.0.0.1", True),
    (("billing.corp",), "billing.corp", "10.0.0.1", False),
    (("*.corp",), "billing.corp", "10.0.0.1", False),
]


@pytest.mark.parametrize(("allow", "host", "address", "allowed"), MAY_CONNECT)
@pytest.mark.parametrize("mode", ["allowlist", "public"])
def test_what_lists_an_address(
    mode: str, allow: tuple[str, ...], host: str, address: str, allowed: bool
) -> None:
    assert may_connect(Policy(mode, allow), host, ip_address(address)) is allowed


@pytest.mark.parametrize("mode", ["allowlist", "public"])
def test_a_listed_address_may_stand_in_the_url(mode: str) -> None:
    assert refusal("http://127.0.0.1:8080/", Policy(mode, ("127.0.0.0/8",))) is None
    assert refusal("http://2130706433/", Policy(mode, ("127.0.0.1",))) is None
    assert refusal("http://127.0.0.1/", Policy(mode, ("localhost",))) == BARE
    assert refusal("http://localhost/", Policy(mode, ("localhost",))) is None


@pytest.mark.parametrize("pattern", ["", "*", "a.*.b", "http://x", "x/y", "a b", "h:80", "10.0.0.0/33", "."])
def test_entries_that_mean_nothing(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"is not a host name, \.suffix, address or network"):
        Policy("allowlist", ("api.github.com", pattern))


def test_values_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match="'open' is not an HTTP mode"):
        Policy("open")
    with pytest.raises(ValueError, match="must not be negative"):
        Policy(max_response_bytes=-1)


SENT_URLS = [
    ("http://h", "http://h/"),
    ("HTTP://H:8080/A", "http://h:8080/A"),
    ("http://h?q=1", "http://h/?q=1"),
    ("http://h/?", "http://h/"),
    ("http://h/a b/ü?x=New York&y=ü\\d#frag", "http://h/a%20b/%C3%BC?x=New%20York&y=%C3%BC\\d"),
    ("http://h/a%2Fb%20?sig=a%2Bb%3D&t=%7e", "http://h/a%2Fb%20?sig=a%2Bb%3D&t=%7e"),
    ("http://h/a/../b//c", "http://h/a/../b//c"),
    ('http://h/"<>`{}?"<>\'', "http://h/%22%3C%3E%60%7B%7D?%22%3C%3E%27"),
    ("http://u:p@h/", "http://h/"),
    ("http://[2606:4700::1111]:81/", "http://[2606:4700::1111]:81/"),
    ("http://0x8080808/", "http://8.8.8.8/"),
]


@pytest.mark.parametrize(("url", "sent"), SENT_URLS)
def test_the_url_that_is_sent(url: str, sent: str) -> None:
    assert str(read_target(url).url) == sent


def test_credentials_become_a_header() -> None:
    assert read_target("http://h/").authorization is None
    assert read_target("http://user:p%40ss@h/").authorization == "Basic dXNlcjpwQHNz"
    assert read_target("http://token@h/").authorization == "Basic dG9rZW46"


def test_privileges() -> None:
    assert needs_privilege("HTTP") == "df.http(text,text,text,jsonb,integer)"
    assert needs_privilege("HTTP_MULTIPART") == "df.http_multipart(text,text,jsonb,jsonb,integer)"
    assert check_privilege_text("HTTP", "app") == (
        "Blocked: role 'app' does not have EXECUTE privilege on df.http(). "
        "Grant EXECUTE ON FUNCTION df.http(text,text,text,jsonb,integer) TO app to allow HTTP requests."
    )
    assert check_privilege_text("HTTP_MULTIPART", "app") == (
        "Blocked: role 'app' does not have EXECUTE privilege on df.http_multipart(). "
        "Grant EXECUTE ON FUNCTION df.http_multipart(text,text,jsonb,jsonb,integer) TO app to allow multipart HTTP requests."
    )
    assert check_privilege_text("HTTP_MULTIPART", "") == (
        "Blocked: HTTP_MULTIPART node has no submitted_by — cannot verify privilege"
    )
