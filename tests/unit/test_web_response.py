"""From an answer to a step's result: what is text, in which character set, and what the failure shows."""

import base64
import json

import pytest

from dfsql.runtime.web.response import Response, charset_of, is_textual


def answer(body: bytes, content_type: str | None = None, status: int = 200) -> Response:
    """An answer with that body."""
    headers = () if content_type is None else ((b"Content-Type", content_type.encode()),)
    return Response(status, headers, body, 12)


def test_the_result_has_its_keys_in_order() -> None:
    text = answer(b'{"e":"nf"}', "application/json", 404).result()
    assert text == (
        '{"status":404,"body":"{\\"e\\":\\"nf\\"}","encoding":"text",'
        '"headers":{"content-type":"application/json"},"ok":false,"duration_ms":12}'
    )


@pytest.mark.parametrize(
    ("status", "ok"), [(199, False), (200, True), (204, True), (299, True), (302, False), (600, False)]
)
def test_ok(status: int, ok: bool) -> None:
    assert json.loads(answer(b"", status=status).result())["ok"] is ok


def test_headers() -> None:
    raw = (
        (b"X-A", b"1"),
        (b"x-a", b"2"),
        (b"X-B", b"caf\xc3\xa9"),
        (b"X-C", b"a\tb~"),
        (b"X-D", b"a\x01"),
        (b"X-E", b""),
    )
    assert Response(200, raw, b"", 0).headers == {"x-a": "2", "x-c": "a\tb~", "x-e": ""}


TEXTUAL = (
    "text/plain TEXT/HTML;charset=x text/x application/problem+json image/svg+xml a/b+yaml application/json application/xml \
application/javascript application/ecmascript application/x-www-form-urlencoded application/graphql application/yaml \
application/x-yaml application/json,x"
)


@pytest.mark.parametrize("content_type", TEXTUAL.split())
def test_declared_text(content_type: str) -> None:
    assert is_textual(content_type)


@pytest.mark.parametrize(
    "content_type", ["", "text", "application/jsonx", "image/png", "a/b;x=text/plain", "xml+json/a"]
)
def test_not_declared_text(content_type: str) -> None:
    assert not is_textual(content_type)


CHARSETS = [
    ("text/plain", "utf-8"),
    ("text/plain; charset=utf-8", "utf-8"),
    ('text/plain;x=y; Charset = "ISO-8859-15"', "iso8859-15"),
    ("text/plain;charset=latin1", "cp1252"),
    ("text/plain;charset=us-ascii", "cp1252"),
    ("text/plain;charset=Shift_JIS", "shift_jis"),
    ("text/plain;charset=utf-16", "utf-16"),
    ("text/plain;charset=nonsense", "utf-8"),
    ("text/plain;charset=hex", "utf-8"),
    ("text/plain;charset=unicode_escape", "utf-8"),
    ("text/plain;charset=utf-7", "utf-8"),
    ("text/plain;charset=", "utf-8"),
    ("text/plain;charset=../x", "utf-8"),
]


@pytest.mark.parametrize(("content_type", "codec"), CHARSETS)
def test_charset(content_type: str, codec: str) -> None:
    assert charset_of(content_type) == codec


BODIES = [
    (b"caf\xe9", "text/plain; charset=iso-8859-1", "café", "text"),
    (b"5 \x80", "text/plain; charset=latin1", "5 €", "text"),
    ("日本".encode("shift_jis"), "text/html; charset=Shift_JIS", "日本", "text"),
    ("hä".encode("utf-16"), "text/plain; charset=utf-16", "hä", "text"),
    (b"caf\xe9", "text/plain", "caf�", "text"),
    (b"caf\xe9", "text/plain; charset=utf-8", "caf�", "text"),
    (b"\xff\x00\x01", "application/octet-stream", "/wAB", "base64"),
    (b"\xff\x00\x01", None, "/wAB", "base64"),
    (b"hi", "application/octet-stream", "hi", "text"),
    (b"hi", None, "hi", "text"),
    (b"caf\xe9", "image/png; charset=latin1", "Y2Fm6Q==", "base64"),
    (b"a\x00b", "application/octet-stream", "YQBi", "base64"),
    (b"a\x00b", "text/plain", "YQBi", "base64"),
    (b"", "application/octet-stream", "", "text"),
]


@pytest.mark.parametrize(("body", "content_type", "text", "encoding"), BODIES)
def test_bodies(body: bytes, content_type: str | None, text: str, encoding: str) -> None:
    assert answer(body, content_type).content() == (text, encoding)


PREVIEWS = [
    (b"busy", "text/plain", "busy"),
    (b"", None, ""),
    (b"x" * 512, "text/plain", "x" * 512),
    (b"x" * 513, "text/plain", "x" * 512 + "... [truncated, 513 bytes total]"),
    (("x" + "é" * 300).encode(), "text/plain", "x" + "é" * 255 + "... [truncated, 601 bytes total]"),
    (
        b"\xff" * 600,
        None,
        base64.b64encode(b"\xff" * 600).decode()[:512] + "... [truncated, 800 base64 characters total]",
    ),
]


@pytest.mark.parametrize(("body", "content_type", "preview"), PREVIEWS)
def test_server_errors(body: bytes, content_type: str | None, preview: str) -> None:
    text = answer(body, content_type, 503).server_error("HTTP", "GET", "https://h/x")
    assert text == f"HTTP GET https://h/x returned 503: {preview}"


def test_server_error_of_a_form() -> None:
    text = answer(b"", status=500).server_error("HTTP_MULTIPART", "POST", "https://h/x")
    assert text == "HTTP_MULTIPART POST https://h/x returned 500: "
