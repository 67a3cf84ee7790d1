"""A server on loopback, inside the test's event loop, that keeps the bytes of every request and answers with given ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Wire:
    """What a server on the wire has seen."""

    def __init__(self, answer: bytes, before_answer: float) -> None:
        self._answer = answer
        self._before_answer = before_answer
        self.port = 0
        self.requests: list[bytes] = []
        self.hung_up = asyncio.Event()  # a client has closed its connection before it was answered

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def head(self) -> list[str]:
        """The lines of the last request's head, the request line first."""
        return self.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")

    def body(self) -> bytes:
        """The last request's body."""
        return self.requests[-1].partition(b"\r\n\r\n")[2]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads one request and answers it."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = [
                line.split(b":")[1]
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            ]
            self.requests.append(head + (await reader.readexactly(int(length[0])) if length else b""))
            if self._before_answer:
                await self._wait(reader)
            writer.write(self._answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _wait(self, reader: asyncio.StreamReader) -> None:
        try:
            async with asyncio.timeout(self._before_answer):
                await reader.read()
            self.hung_up.set()
            raise ConnectionError
        except TimeoutError:
            pass


def answer(status: int = 200, body: bytes = b"", *lines: str, length: int | None = None) -> bytes:
    """The bytes of an answer; `length` is what it says of its body, if that shall be wrong."""
    head = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body) if length is None else length}", *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


@asynccontextmanager
async def wire(answer: bytes = answer(), before_answer: float = 0) -> AsyncIterator[Wire]:
    """A server that gives every request this answer, after so many seconds."""
    seen = Wire(answer, before_answer)
    server = await asyncio.start_server(seen.serve, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    async with server:
        yield seen
