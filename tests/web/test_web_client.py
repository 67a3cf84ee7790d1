"""One attempt at sending, against servers on loopback: bytes on the wire, answers, failures, cancellation."""

import asyncio
import base64
import contextlib
import gzip
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from wire_server import Wire, answer, wire

from dfsql import __version__
from dfsql.runtime.web import RETRY_PAUSES, Client, HttpFailure, Policy, Request, build_request

LOOPBACK = Policy("public", ("127.0.0.1",))
CERTIFICATE = Path(__file__).parent.parent / "data" / "web" / "self_signed.pem"
T = TypeVar("T")


def run(test: Coroutine[Any, Any, T]) -> T:
    """Runs a test's coroutine to its end; none of them may hang."""

    async def limited() -> T:
        async with asyncio.timeout(30):
            return await test

    return asyncio.run(limited())


@asynccontextmanager
async def client(policy: Policy = LOOPBACK, **options: Any) -> AsyncIterator[Client]:
    """A client that is closed at the end."""
    made = Client(policy, **options)
    try:
        yield made
    finally:
        await made.close()


def request(url: str, method: str = "GET", kind: str = "HTTP", **members: Any) -> Request:
    """A request with the default timeout, no headers and no body unless given."""
    given = {"headers": (), "body": None, "timeout": 30.0, **members}
    return Request(method=method, url=url, kind=kind, **given)


async def send(sent: Request, policy: Policy = LOOPBACK, **options: Any) -> dict[str, Any]:
    """The result of sending, by a client of its own."""
    async with client(policy, **options) as sender:
        result: dict[str, Any] = json.loads(await sender.send(sent))
        return result


async def failure(sent: Request, policy: Policy = LOOPBACK, **options: Any) -> HttpFailure:
    """The failure of sending."""
    with pytest.raises(HttpFailure) as caught:
        await send(sent, policy, **options)
    return caught.value


def free_port() -> int:
    """A port on which nothing listens."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


class Names:
    """A resolver that knows these names, each with its addresses at the first, second, ... look-up."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError("Name or service not known")
        left = self._answers[host]
        return left.pop(0) if len(left) > 1 else left[0]


def restricted(host: str) -> str:
    return (
        f"Blocked: the resolved IP address for '{host}' is in a restricted range. "
        "df.http() cannot access private or internal network addresses."
    )


def connection(url: str) -> str:
    return f"HTTP connection failed: {url} - error sending request for url ({url})"


# ---- what is sent


def test_the_bytes_of_a_get() -> None:
    async def test() -> None:
        async with wire() as server:
            await send(request(f"{server.url}/a%2Fb?x=%2B y#f", headers=(("X-A", "1"), ("x-a", "2"))))
            assert server.body() == b""
            assert server.head() == [
                "GET /a%2Fb?x=%2B%20y HTTP/1.1",
                f"Host: 127.0.0.1:{server.port}",
                "X-A: 1",
                "X-A: 2",
                f"User-Agent: dfsql/{__version__}",
                "Accept: */*",
                "Connection: close",
            ]

    run(test())


def test_headers_of_the_author_replace_defaults() -> None:
    async def test() -> None:
        headers = (("accept", "text/csv"), ("Authorization", "Bearer x"), ("user-agent", "mine"))
        async with wire() as server:
            await send(request(server.url.replace("//", "//u:p@"), headers=headers))
            assert server.head()[2:] == [
                "accept: text/csv",
                "Authorization: Bearer x",
                "user-agent: mine",
                "Connection: close",
            ]
            await send(request(server.url.replace("//", "//u:p@")))
            assert "Authorization: Basic dTpw" in server.head()

    run(test())


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_a_body_goes_verbatim_with_every_method_and_without_a_content_type(method: str) -> None:
    async def test() -> None:
        async with wire() as server:
            await send(request(server.url, method, body="grüße\r\n{}".encode()))
            assert server.head()[0] == f"{method} / HTTP/1.1"
            assert server.body() == "grüße\r\n{}".encode()
            assert "Content-Length: 11" in server.head()
            assert not any(
                line.lower().startswith(("content-type", "accept-encoding")) for line in server.head()
            )

    run(test())


def test_a_large_body() -> None:
    async def test() -> None:
        async with wire() as server:
            await send(request(server.url, "POST", body=b"x" * 3_000_000))
            assert len(server.body()) == 3_000_000

    run(test())


def test_a_form_on_the_wire() -> None:
    config = {
        "url": "",
        "method": "POST",
        "parts": [
            {"name": "my file", "filename": 'a"b.txt', "content_type": "text/plain", "data_b64": "aGk="}
        ],
    }

    async def test() -> None:
        async with wire(answer(201)) as server:
            query = json.dumps({**config, "url": server.url})
            built = build_request("HTTP_MULTIPART", "0a1b2c3d", query, {}, {}, "key-1")
            assert (await send(built))["status"] == 201
            (content_type,) = [line for line in server.head() if line.startswith("Content-Type: ")]
            boundary = content_type.removeprefix("Content-Type: multipart/form-data; boundary=")
            assert "Idempotency-Key: key-1" in server.head()
            assert server.body().decode().split("\r\n") == [
                f"--{boundary}",
                'Content-Disposition: form-data; name*=utf-8\'\'my%20file; filename="a\\"b.txt"',
                "Content-Type: text/plain",
                "",
                "hi",
                f"--{boundary}--",
                "",
            ]

    run(test())


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    async def test() -> None:
        async with wire() as server:
            assert (await send(request(server.url)))["status"] == 200

    run(test())


def test_cookies_are_not_kept() -> None:
    async def test() -> None:
        async with wire(answer(200, b"", "Set-Cookie: a=b")) as server, client() as sender:
            for _ in range(2):
                await sender.send(request(server.url))
                assert not any(line.lower().startswith("cookie") for line in server.head())

    run(test())


# ---- what comes back


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 304, 400, 401, 404, 429, 499])
def test_statuses_that_are_results(status: int) -> None:
    async def test() -> None:
        async with wire(answer(status, b"" if status in (204, 304) else b"hi", "X-A: 1")) as server:
            result = await send(request(server.url))
            assert list(result) == ["status", "body", "encoding", "headers", "ok", "duration_ms"]
            assert (result["status"], result["ok"]) == (status, status < 300)
            assert result["body"] == ("" if status in (204, 304) else "hi")
            assert result["headers"]["x-a"] == "1"
            assert 0 <= result["duration_ms"] < 30_000

    run(test())


def test_a_redirect_is_returned_not_followed() -> None:
    async def test() -> None:
        async with wire() as target, wire(answer(302, b"", f"Location: {target.url}/x")) as server:
            result = await send(request(server.url))
            assert (result["status"], result["headers"]["location"]) == (302, f"{target.url}/x")
            assert target.requests == []

    run(test())


def test_compressed_answers_stay_compressed() -> None:
    packed = gzip.compress(b"hello", mtime=0)

    async def test() -> None:
        async with wire(
            answer(200, packed, "Content-Encoding: gzip", "Content-Type: application/gzip")
        ) as server:
            result = await send(request(server.url))
            assert result["encoding"] == "base64"
            assert gzip.decompress(base64.b64decode(result["body"])) == b"hello"

    run(test())


def test_charset_and_chunks() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
        b"3\r\nca\xe9\r\n1\r\n!\r\n0\r\n\r\n"
    )

    async def test() -> None:
        async with wire(chunked) as server:
            assert (await send(request(server.url)))["body"] == "caé!"

    run(test())


def test_long_header_lines() -> None:
    async def test() -> None:
        async with wire(answer(200, b"", "X-Long: " + "x" * 20_000)) as server:
            assert len((await send(request(server.url)))["headers"]["x-long"]) == 20_000

    run(test())


# ---- failures


@pytest.mark.parametrize("status", [500, 503, 599])
def test_server_errors_are_retryable_failures(status: int) -> None:
    async def test() -> None:
        async with wire(answer(status, b"busy")) as server:
            failed = await failure(request(server.url))
            assert str(failed) == f"HTTP GET {server.url} returned {status}: busy"
            assert failed.retryable
            assert len(server.requests) == 1

    run(test())


def test_server_error_of_a_form() -> None:
    async def test() -> None:
        async with wire(answer(500)) as server:
            failed = await failure(request(server.url, "POST", "HTTP_MULTIPART"))
            assert str(failed) == f"HTTP_MULTIPART POST {server.url} returned 500: "

    run(test())


@pytest.mark.parametrize("length", ["told", "chunked", "untold"])
def test_the_limit_for_an_answer(length: str) -> None:
    head = {
        "told": "Content-Length: {}",
        "chunked": "Transfer-Encoding: chunked",
        "untold": "Connection: close",
    }[length]

    def reply(size: int) -> bytes:
        body = b"x" * size
        if length == "chunked":
            body = b"%x\r\n" % size + body + b"\r\n0\r\n\r\n"
        return f"HTTP/1.1 200 OK\r\n{head.format(size)}\r\n\r\n".encode() + body

    async def test() -> None:
        policy = Policy("public", ("127.0.0.1",), max_response_bytes=100_000)
        async with wire(reply(100_000)) as server:
            assert len((await send(request(server.url), policy))["body"]) == 100_000
        async with wire(reply(100_001)) as server:
            failed = await failure(request(server.url), policy)
            assert str(failed) == (
                f"HTTP response too large: {server.url} answered with more than 100000 bytes (dfsql.http_max_response_bytes)"
            )
            assert not failed.retryable

    run(test())


def test_the_limit_is_16_mebibytes_unless_set() -> None:
    assert Policy().max_response_bytes == 16 * 1024 * 1024


@pytest.mark.parametrize("seconds", [0.2, 1])
def test_timeout_before_the_answer(seconds: float) -> None:
    async def test() -> None:
        async with wire(before_answer=20) as server:
            began = time.monotonic()
            failed = await failure(request(server.url, timeout=seconds))
            assert str(failed) == f"HTTP timeout after {seconds}s: {server.url}"
            assert failed.retryable
            assert seconds <= time.monotonic() - began < seconds + 5

    run(test())


def test_timeout_covers_the_body_and_the_name() -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(200, b"half", length=8))
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async def slow_name(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(20)
        return ["127.0.0.1"]

    async def test() -> None:
        server = await asyncio.start_server(stall, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            assert str(await failure(request(url, timeout=0.2))) == f"HTTP timeout after 0.2s: {url}"
        failed = await failure(request("http://slow.example/", timeout=0.2), resolver=slow_name)
        assert str(failed) == "HTTP timeout after 0.2s: http://slow.example/"

    run(test())


def test_connection_refused() -> None:
    url = f"http://127.0.0.1:{free_port()}/x"
    failed = run(failure(request(url)))
    assert (str(failed), failed.retryable) == (connection(url), True)
    assert "refused" in failed.detail.lower() or "connect" in failed.detail.lower()


def test_the_text_has_the_url_as_written_and_as_sent() -> None:
    url = f"http://127.0.0.1:{free_port()}?a b"
    sent = url.replace("?a b", "/?a%20b")
    assert (
        str(run(failure(request(url))))
        == f"HTTP connection failed: {url} - error sending request for url ({sent})"
    )


def test_a_name_that_does_not_exist() -> None:
    failed = run(failure(request("http://nope.example/"), resolver=Names()))
    assert (str(failed), failed.retryable) == (connection("http://nope.example/"), True)
    failed = run(failure(request("http://empty.example/"), resolver=Names(empty_example=[[]])))
    assert (str(failed), failed.retryable) == (connection("http://empty.example/"), True)


def test_no_tls_where_tls_was_asked_for() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(answer())
        writer.close()

    async def test() -> None:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            failed = await failure(request(url))
            assert (str(failed), failed.retryable) == (connection(url), True)

    run(test())


@asynccontextmanager
async def tls_server() -> AsyncIterator[str]:
    """A server with a certificate for 127.0.0.1 that nobody but itself has signed; its address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    seen = Wire(answer(200, b"hi"), 0)
    server = await asyncio.start_server(seen.serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def test_a_certificate_that_nobody_vouches_for() -> None:
    async def test() -> None:
        async with tls_server() as url:
            failed = await failure(request(url))
            assert (str(failed), failed.retryable) == (connection(url), True)
            assert "certificate" in failed.detail.lower()

    run(test())


SEND = """
import asyncio, sys
from dfsql.runtime.web import Client, Policy, Request

async def main():
    client = Client(Policy("public", ("127.0.0.1", "localhost")))
    print(await client.send(Request("GET", sys.argv[1], (), None, 20.0, "HTTP")))
    await client.close()

asyncio.run(main())
"""


def test_a_certificate_that_the_system_trusts() -> None:
    """The system's roots count: here their file is named by OpenSSL's own variable."""

    async def test() -> None:
        async with tls_server() as url:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-W", "error", "-c", SEND, url),
                env={**os.environ, "SSL_CERT_FILE": str(CERTIFICATE)},
                stdout=asyncio.subprocess.PIPE,
            )
            output, _ = await process.communicate()
            assert process.returncode == 0 and json.loads(output)["body"] == "hi"

    run(test())


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_answers_that_are_none(reply: bytes) -> None:
    async def test() -> None:
        async with wire(reply) as server:
            url = server.url + "/"
            failed = await failure(request(url))
            assert str(failed) == f"HTTP request failed: {url} - error sending request for url ({url})"
            assert failed.retryable

    run(test())


def test_a_body_that_ends_early() -> None:
    async def test() -> None:
        async with wire(answer(200, b"half", length=8)) as server:
            failed = await failure(request(server.url))
            assert str(failed).startswith("Failed to read response body: ")
            assert "\n" not in str(failed) and failed.retryable

    run(test())


def test_the_pauses_between_attempts() -> None:
    assert RETRY_PAUSES == (1.0, 4.0)


# ---- where it may go


def test_a_refused_request_leaves_no_trace() -> None:
    bare = "Blocked: requests to bare IP addresses are not permitted. Use an approved Azure service hostname instead."

    async def test() -> None:
        async with wire() as server:
            failed = await failure(request(server.url), Policy())
            assert (str(failed), failed.retryable) == (bare, False)
            assert server.requests == []

    run(test())


def test_the_address_is_looked_at_where_the_socket_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a request that slipped through the check of its URL gets no socket."""
    monkeypatch.setattr("dfsql.runtime.web.client.check_policy", lambda *_: None)

    async def test() -> None:
        async with wire() as server:
            failed = await failure(request(server.url), Policy())
            assert str(failed).startswith("Blocked: requests to bare IP addresses") and not failed.retryable
            assert server.requests == []

    run(test())


ALLOWED = Policy("allowlist", ("*.azurefd.net",))


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.1.2.3"],
        ["127.0.0.1", "::1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
    ],
)
@pytest.mark.parametrize("mode", ["allowlist", "public"])
def test_an_allowed_name_with_addresses_that_are_not_public(mode: str, addresses: list[str]) -> None:
    policy = Policy(mode, ALLOWED.allow)
    failed = run(failure(request("http://x.azurefd.net/"), policy, resolver=Names(x_azurefd_net=[addresses])))
    assert (str(failed), failed.retryable) == (restricted("x.azurefd.net"), False)


def test_a_name_with_mixed_addresses_is_reached_at_an_allowed_one() -> None:
    async def test() -> None:
        async with wire() as server:
            names = Names(x_azurefd_net=[["10.1.2.3", "::1", "127.0.0.2", "127.0.0.1", "127.0.0.1"]])
            policy = Policy("allowlist", ("*.azurefd.net", "127.0.0.1"))
            url = f"http://x.azurefd.net:{server.port}/"
            assert (await send(request(url), policy, resolver=names))["status"] == 200
            assert f"Host: x.azurefd.net:{server.port}" in server.head()

    run(test())


def test_a_name_that_changes_is_looked_up_and_checked_each_time() -> None:
    async def test() -> None:
        names = Names(x_azurefd_net=[["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]])
        policy = Policy("allowlist", ("*.azurefd.net", "127.0.0.1"))
        async with wire() as server, client(policy, resolver=names) as sender:
            sent = request(f"http://x.azurefd.net:{server.port}/")
            await sender.send(sent)
            with pytest.raises(HttpFailure) as caught:
                await sender.send(sent)
            assert str(caught.value) == restricted("x.azurefd.net")
            await sender.send(sent)
            assert len(server.requests) == 2 and names.asked == ["x.azurefd.net"] * 3

    run(test())


def test_names_without_dots_that_are_listed() -> None:
    async def test() -> None:
        names = Names(localhost=[["127.0.0.1"]], evil_example=[["127.0.0.1"]])
        policy = Policy("public", ("localhost",))
        async with wire() as server, client(policy, resolver=names) as sender:
            await sender.send(request(f"http://localhost:{server.port}/"))
            with pytest.raises(HttpFailure) as caught:
                await sender.send(request(f"http://evil.example:{server.port}/"))
            assert str(caught.value) == restricted("evil.example")
            assert len(server.requests) == 1

    run(test())


def test_the_systems_own_resolver() -> None:
    async def test() -> None:
        async with wire() as server:
            sent = request(f"http://localhost:{server.port}/")
            assert (await send(sent, Policy("public", ("localhost",))))["status"] == 200
            assert str(await failure(sent, Policy())) == restricted("localhost")

    run(test())


# ---- life


async def _until(server: Wire, count: int) -> None:
    while len(server.requests) < count:
        await asyncio.sleep(0.01)


def test_a_cancelled_task_ends_at_once_and_hangs_up() -> None:
    async def test() -> None:
        async with wire(before_answer=20) as server, client() as sender:
            task = asyncio.create_task(sender.send(request(server.url)))
            await _until(server, 1)
            task.cancel()
            began = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.hung_up.wait()
            assert time.monotonic() - began < 2

    run(test())


def test_requests_run_side_by_side_up_to_a_number() -> None:
    async def test() -> None:
        async with wire(before_answer=0.3) as server, client(max_requests=2) as sender:
            began = time.monotonic()
            await asyncio.gather(*(sender.send(request(server.url, timeout=5)) for _ in range(4)))
            assert 0.6 <= time.monotonic() - began < 1.2 + 2

    run(test())


def test_waiting_for_a_turn_is_not_part_of_the_timeout() -> None:
    async def test() -> None:
        async with wire(before_answer=0.4) as server, client(max_requests=1) as sender:
            await asyncio.gather(*(sender.send(request(server.url, timeout=0.7)) for _ in range(3)))
            assert len(server.requests) == 3

    run(test())


def test_close_twice_and_without_use() -> None:
    async def test() -> None:
        unused = Client(LOOPBACK)
        await unused.close()
        async with wire() as server, client() as sender:
            await sender.send(request(server.url))
            await sender.close()
            await sender.close()

    run(test())
