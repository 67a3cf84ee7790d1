"""Another process that uses an embedded server until it is told to end, or is killed."""

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from dfsql.runtime.embedded import Embedded
with Embedded(sys.argv[1]) as server:
    print(server.dsn, flush=True)
    sys.stdin.read()
"""


class User:
    """The process, which starts at once; `begin` waits until it has the server."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-c", _PROGRAM, str(folder)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self) -> str:
        """The connection string that it was given."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> int:
        """Lets it leave; its exit status."""
        self._process.communicate(timeout=60)
        return self._process.returncode

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self._process.kill()
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.communicate()
