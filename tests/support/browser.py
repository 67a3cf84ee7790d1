"""Drives a headless Chromium over a pipe, by the DevTools protocol: real clicks, keys and wheel turns."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-pipe", "--window-size=1200,800", "--disable-dev-shm-usage"),
)
# The browser reads commands from descriptor 3 and writes answers to 4.
LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
PATIENCE = 30.0  # seconds until something that does not happen is an error


def find() -> str | None:
    """The program, or None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One browser with one page."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="dfsql-page-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        pipes = (str(to_browser), str(from_browser))
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                LAUNCH,
                *pipes,
                program,
                *FLAGS,
                f"--user-data-dir={self._profile}",
                "about:blank",
            ],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self._in, False)
        self._buffer, self._number, self._session = b"", 0, ""
        self.messages: list[str] = []  # what the page says on its console, and its errors
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride", width=1200, height=800, deviceScaleFactor=1, mobile=False
        )

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._out)  # the end of its input ends the browser
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, path: Path) -> None:
        """Loads a file and waits until its scripts have run."""
        self.messages.clear()
        self._call("Page.navigate", url=path.as_uri())
        self.until(
            f"document.readyState === 'complete' && location.pathname.endsWith({json.dumps(path.name)})"
        )

    def prefer(self, scheme: str) -> None:
        """Makes the page believe that its reader prefers `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page. Not bound by the page's own policy."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.value(expression):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {expression}")
            time.sleep(0.02)

    def place(self, selector: str) -> tuple[float, float]:
        """The middle of an element."""
        box = self.value(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + Math.min(b.height / 2, 40)]; })()"
        )
        return box[0], box[1]

    def click(self, selector: str) -> None:
        x, y = self.place(selector)
        self.drag((x, y), (x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Presses at one place and lets go at another."""
        self._mouse("mousePressed", start)
        if end != start:
            for part in (0.3, 0.6, 1.0):
                at = start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
                self._mouse("mouseMoved", at)
        self._mouse("mouseReleased", end)

    def wheel(self, at: tuple[float, float], by: float) -> None:
        self._call("Input.dispatchMouseEvent", type="mouseWheel", x=at[0], y=at[1], deltaX=0, deltaY=by)

    def press(self, key: str, text: str = "") -> None:
        """A key by its name, and the text it types."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        fields: dict[str, object] = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        if text:
            fields["text"] = text
        self._call("Input.dispatchKeyEvent", type="keyDown", **fields)
        self._call("Input.dispatchKeyEvent", type="keyUp", **fields)

    def type(self, text: str) -> None:
        self._call("Input.insertText", text=text)

    def _mouse(self, kind: str, at: tuple[float, float]) -> None:
        self._call(
            "Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", buttons=1, clickCount=1
        )

    def _call(self, method: str, **params: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            if answer.get("method") in (
                "Runtime.exceptionThrown",
                "Log.entryAdded",
                "Runtime.consoleAPICalled",
            ):
                self.messages.append(json.dumps(answer["params"]))

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError("the browser does not answer")
            try:
                self._buffer += os.read(self._in, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
        line, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(line)
        return answer
