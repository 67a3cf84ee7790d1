"""Sending a request: one attempt, one connection, no redirects, no cookies, no decompression, a bounded answer.

Every request has a connection of its own. So the address check is made for every request, no role's request travels
on a connection that another role's request may have prepared, and none fails because a server has closed an idle one.

Proxies from the environment (HTTP_PROXY and its kin) are ignored, although pg_durable honours them: behind a proxy the
proxy looks the name up and connects, so nothing here could keep a workflow from reaching private addresses with it.
"""

import asyncio
import io
import time
from typing import TYPE_CHECKING

from ... import __version__
from .errors import HttpFailure, NodeError
from .headers import with_defaults
from .policy import Policy, check_policy
from .request import Request
from .response import Response
from .target import Target, read_target

if TYPE_CHECKING:
    import aiohttp

    from .guard import Lookup

RETRY_PAUSES: tuple[float, ...] = (1.0, 4.0)  # seconds before the second and the third attempt, the last one
MAX_REQUESTS = 100  # at a time; what is more waits, and its time runs only once it is sent
_MAX_HEADER = 64 * 1024  # bytes of one line in an answer's head


class Client:
    """Sends the requests of one worker. Use it within one event loop, and close it at the end."""

    def __init__(
        self,
        policy: Policy,
        resolver: "Lookup | None" = None,
        user_agent: str = f"dfsql/{__version__}",
        max_requests: int = MAX_REQUESTS,
    ) -> None:
        """`resolver` is an async function of host and port that gives addresses; None asks the system."""
        self._policy = policy
        self._resolver = resolver
        self._defaults = {"User-Agent": user_agent, "Accept": "*/*"}
        self._slots = asyncio.Semaphore(max_requests)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> str:
        """Makes one attempt and gives the step's result text. Raises HttpFailure; a cancelled task ends at once."""
        try:
            check_policy(request, self._policy)
            target = read_target(request.url)
        except NodeError as error:
            raise HttpFailure(str(error), retryable=False) from error
        async with self._slots:
            response = await self._timed(request, target)
        if 500 <= response.status <= 599:
            text = response.server_error(request.kind, request.method, request.url)
            raise HttpFailure(text, retryable=True)
        return response.result()

    async def close(self) -> None:
        """Closes what is open; a second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _timed(self, request: Request, target: Target) -> Response:
        try:
            async with asyncio.timeout(request.timeout):
                return await self._exchange(request, target)
        except TimeoutError as error:
            text = f"HTTP timeout after {request.timeout:g}s: {request.url}"
            raise HttpFailure(text, retryable=True) from error

    async def _exchange(self, request: Request, target: Target) -> Response:
        started = time.monotonic()
        async with await self._open(request, target) as answer:
            body = await self._read(request, answer)
        duration = time.monotonic() - started
        return Response(answer.status, answer.raw_headers, body, round(duration * 1000))

    async def _open(self, request: Request, target: Target) -> "aiohttp.ClientResponse":
        import aiohttp

        from .guard import requested_host

        requested_host.set(target.host)
        try:
            return await self._ready().request(
                request.method,
                target.url,
                headers=self._headers(request, target),
                data=None if request.body is None else io.BytesIO(request.body),
                allow_redirects=False,
            )
        except aiohttp.ClientConnectorError as error:
            raise _connection_failed(request, target, error) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _request_failed(request, target, error) from error

    async def _read(self, request: Request, answer: "aiohttp.ClientResponse") -> bytes:
        import aiohttp

        limit = self._policy.max_response_bytes
        body = bytearray()
        try:
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise HttpFailure(_too_large(request, limit), retryable=answer.status >= 500)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise HttpFailure(f"Failed to read response body: {reason}", retryable=True) from error
        return bytes(body)

    def _headers(self, request: Request, target: Target) -> list[tuple[str, str]]:
        defaults = dict(self._defaults)
        if target.authorization is not None:
            defaults["Authorization"] = target.authorization
        return with_defaults(defaults, request.headers)

    def _ready(self) -> "aiohttp.ClientSession":
        if self._session is None:
            self._session = self._new_session()
        return self._session

    def _new_session(self) -> "aiohttp.ClientSession":
        import aiohttp

        from .guard import GuardedResolver, socket_factory, system_lookup

        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._policy, self._resolver or system_lookup),
            socket_factory=socket_factory(self._policy),
            use_dns_cache=False,
            force_close=True,
            limit=0,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
        )


def _connection_failed(request: Request, target: Target, error: Exception) -> HttpFailure:
    text = f"HTTP connection failed: {request.url} - error sending request for url ({target.url})"
    return HttpFailure(text, retryable=True, detail=str(error))


def _request_failed(request: Request, target: Target, error: Exception) -> HttpFailure:
    text = f"HTTP request failed: {request.url} - error sending request for url ({target.url})"
    return HttpFailure(text, retryable=True, detail=str(error))


def _too_large(request: Request, limit: int) -> str:
    setting = "dfsql.http_max_response_bytes"
    return f"HTTP response too large: {request.url} answered with more than {limit} bytes ({setting})"
