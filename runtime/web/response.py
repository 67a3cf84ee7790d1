"""From an answer to a step's result: which bodies are text, and the result's JSON (execution rules R2.46, R2.47)."""

import base64
import codecs
import json
import re
from dataclasses import dataclass

_TEXTUAL = {
    f"application/{name}"
    for name in (
        *("json", "xml", "javascript", "ecmascript", "x-www-form-urlencoded", "graphql", "yaml", "x-yaml"),
    )
}
_TEXTUAL_ENDINGS = ("+json", "+xml", "+yaml")
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)
# As on the web: these labels stand for the larger set, which servers that use them mean.
_WINDOWS = {"ascii", "iso8859-1"}
# Codecs of Python's that are not character sets of the web.
_NO_CHARSETS = {
    "idna",
    "mbcs",
    "oem",
    "punycode",
    "raw-unicode-escape",
    "undefined",
    "unicode-escape",
    "utf-7",
}
_VISIBLE = re.compile(rb"[\t\x20-\x7e]*")
PREVIEW_BYTES = 512


@dataclass(frozen=True)
class Response:
    """An answer that has arrived completely."""

    status: int
    raw_headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    duration_ms: int

    @property
    def headers(self) -> dict[str, str]:
        """Lower-case names to values; the last of a repeated header counts, values beyond visible ASCII do not."""
        return {
            name.decode("latin-1").lower(): value.decode()
            for name, value in self.raw_headers
            if _VISIBLE.fullmatch(value)
        }

    def content(self) -> tuple[str, str]:
        """The body as a text, and "text" or "base64": how it was made one."""
        content_type = self.headers.get("content-type")
        if content_type is not None and is_textual(content_type):
            text: str | None = self.body.decode(charset_of(content_type), "replace")
        else:
            text = _utf8(self.body)
        if text is None or "\0" in text:  # PostgreSQL cannot store U+0000 in a text
            return base64.b64encode(self.body).decode(), "base64"
        return text, "text"

    def result(self) -> str:
        """The step's result as JSON text, its keys in the order users are told."""
        body, encoding = self.content()
        members = {
            "status": self.status,
            "body": body,
            "encoding": encoding,
            "headers": self.headers,
            "ok": 200 <= self.status <= 299,
            "duration_ms": self.duration_ms,
        }
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    def server_error(self, kind: str, method: str, url: str) -> str:
        """The text of the failure that a status of 500 to 599 is: the beginning of the body shows why."""
        body, encoding = self.content()
        return f"{kind} {method} {url} returned {self.status}: {_preview(body, encoding)}"


def is_textual(content_type: str) -> bool:
    """Whether a Content-Type declares text."""
    media = re.split("[,;]", content_type, maxsplit=1)[0].strip().lower()
    return media.startswith("text/") or media.endswith(_TEXTUAL_ENDINGS) or media in _TEXTUAL


def charset_of(content_type: str) -> str:
    """The Python codec for the charset that a Content-Type names; UTF-8 if it names none that is known."""
    found = _CHARSET.search(content_type)
    if found is None:
        return "utf-8"
    try:
        codec = codecs.lookup(found[1])
    except (LookupError, ValueError):
        return "utf-8"
    if not codec._is_text_encoding or codec.name in _NO_CHARSETS:
        return "utf-8"
    return "cp1252" if codec.name in _WINDOWS else codec.name


def _utf8(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _preview(body: str, encoding: str) -> str:
    whole = body.encode()
    if len(whole) <= PREVIEW_BYTES:
        return body
    unit = "bytes" if encoding == "text" else "base64 characters"
    start = whole[:PREVIEW_BYTES].decode(errors="ignore")
    return f"{start}... [truncated, {len(whole)} {unit} total]"
