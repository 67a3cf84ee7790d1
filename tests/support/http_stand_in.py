"""A web server on loopback that stands in for the endpoints of workflows, and remembers what it was asked."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class _Handler(BaseHTTPRequestHandler):
    """Answers by the first word of the path; see StandIn."""

    protocol_version = "HTTP/1.1"
    server: "StandIn"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        words = parts.path.strip("/").split("/")
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.asked(self.command, self.path, dict(self.headers.items()), body)
        self.close_connection = True  # nothing here is worth a connection that stays open
        getattr(self, f"_{words[0]}", self._unknown)(words, options, body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Silent."""

    def _answer(
        self, status: int, body: bytes = b"", kind: str | None = "text/plain", **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _unknown(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        self._answer(404, b'{"e":"nf"}', "application/json")

    def _echo(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        told = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("latin-1"),
        }
        self._answer(200, json.dumps(told).encode(), "application/json")

    def _status(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        text = options.get("body", "") * int(options.get("times", "1"))
        self._answer(int(words[1]), text.encode(), Location="/echo")

    def _bytes(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        self._answer(200, bytes.fromhex(words[1]), options.get("type"))

    def _slow(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        time.sleep(float(words[1]))
        self._answer(200, b"late")

    def _flaky(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        """/flaky/KEY/N answers 503 to the first N requests of the key."""
        count = self.server.count(words[1])
        self._answer(503 if count <= int(words[2]) else 200, f"try {count}".encode())

    def _size(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        self._answer(200, b"x" * int(words[1]))

    def _drop(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        """Ends the connection without an answer."""
        self.server.count(words[1])

    def _user(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        self._answer(200, json.dumps({"id": int(words[1]), "login": "octo"}).encode(), "application/json")

    def _headers(self, words: list[str], options: dict[str, str], body: bytes) -> None:
        self.send_response(200)
        for name, value in (
            ("X-Twice", "one"),
            ("X-Twice", "two"),
            ("X-Odd", "caf\xe9"),
            ("X-Mixed", "Case"),
        ):
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


class StandIn(ThreadingHTTPServer):
    """Serves /echo, /status/N, /bytes/HEX, /slow/SECONDS, /flaky/KEY/N, /size/N, /drop/KEY, /user/N and /headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def asked(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append((method, path, headers, body))

    def count(self, key: str) -> int:
        """One more request of this key; how many that makes."""
        with self._lock:
            self._counts[key] += 1
            return self._counts[key]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news: that is what cancelled requests do."""

    def stop(self) -> None:
        """Stop serving and close the socket."""
        self.shutdown()
        self.server_close()
