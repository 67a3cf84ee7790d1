"""A proxy between workers and the server's Unix socket that cuts a connection around one chosen message."""

import contextlib
import os
import select
import socket
import threading
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class CuttingProxy:
    """Listens in `folder` as a server would. The next message with all `markers` in it is cut off once `arm` was called.

    `before`: the server never gets it. `after`: the server has done everything, and its answer is thrown away.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self.folder = folder
        self._server = str(server / SOCKET)
        self._markers: tuple[bytes, ...] = ()
        self._when = ""
        self.cuts = 0
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen(100)
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, when: str, *markers: bytes) -> None:
        """Cut once, `before` or `after` the server gets the message."""
        self._when, self._markers = when, markers

    def close(self) -> None:
        """Accept no more; connections end when one of their sides closes."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.unlink(self.folder / SOCKET)

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server, contextlib.suppress(OSError):
            server.connect(self._server)
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for one in readable:
                    data = one.recv(1 << 20)
                    if not data:
                        return
                    if one is client and self._is_the_one(data):
                        self._cut(server, data)
                        return
                    (server if one is client else client).sendall(data)

    def _is_the_one(self, data: bytes) -> bool:
        """A whole message arrives in one piece on a Unix socket, if it is not longer than a buffer."""
        with self._lock:
            if not self._markers or not all(marker in data for marker in self._markers):
                return False
            self._markers = ()
            self.cuts += 1
            return True

    def _cut(self, server: socket.socket, data: bytes) -> None:
        if self._when == "before":
            return
        server.sendall(data)
        answer = b""
        while not answer.endswith(b"Z\x00\x00\x00\x05I") and not answer.endswith(b"Z\x00\x00\x00\x05T"):
            answer += server.recv(1 << 20)  # ReadyForQuery: everything has been done
