"""From a node's config to a request: substitution, headers, multipart parts, and the texts of what cannot be sent."""

import json
import subprocess
import sys
from typing import Any

import pytest

from dfsql.runtime.web import NodeError, Request, build_request

BINDINGS = {
    "u": '{"rows":[{"login":"octo","id":7,"no":null}],"row_count":1}',
    "none": '{"rows":[],"row_count":0}',
    "p": '{"rows":[{"b":"aGk="}],"row_count":1}',
    "d": '{"status":200,"body":"aGVsbG8=","encoding":"base64","headers":{},"ok":true,"duration_ms":1}',
    "n": '{"rows":[{"x":"line one\\nX-Evil: 1"}],"row_count":1}',
}
VARIABLES = {"base": "https://h", "data": "aG8=", "city": "Bern"}
BASE: dict[str, Any] = {
    "url": "https://h/",
    "method": "POST",
    "body": None,
    "headers": None,
    "timeout_seconds": 30,
}


def build(kind: str = "HTTP", query: str | None = "", **members: Any) -> Request:
    """The request of a node with these members of its config."""
    if query == "":
        query = json.dumps({**BASE, **members})
    return build_request(kind, "0a1b2c3d", query, BINDINGS, VARIABLES, "key-1")


def failure(kind: str = "HTTP", query: str | None = "", **members: Any) -> str:
    """The text of the failure."""
    with pytest.raises(NodeError) as caught:
        build(kind, query, **members)
    return str(caught.value)


def test_a_plain_request() -> None:
    assert build() == Request("POST", "https://h/", (("Idempotency-Key", "key-1"),), None, 30.0, "HTTP")


def test_substitution_in_url_body_and_header_values_only() -> None:
    request = build(
        url="{base}/$u.login?page=$u.id",
        body='{"city":"{city}","id":$u.id,"nope":"$nope"}',
        headers={"X-$u": "Bearer $u.login", "X-City": "{city}"},
        method="POST",
    )
    assert request.url == "https://h/octo?page=7"
    assert request.body == b'{"city":"Bern","id":7,"nope":"$nope"}'
    assert dict(request.headers) == {"X-$u": "Bearer octo", "X-City": "Bern", "Idempotency-Key": "key-1"}


def test_headers_are_sorted_and_sent_as_text() -> None:
    headers = {"x-b": "2", "X-B": "1", "X-N": 5, "X-F": 1.50, "X-T": True, "X-Z": False, "A": ""}
    assert build(headers=headers).headers == (
        *(
            ("A", ""),
            ("X-B", "1"),
            ("X-F", "1.5"),
            ("X-N", "5"),
            ("X-T", "true"),
            ("X-Z", "false"),
            ("x-b", "2"),
        ),
        ("Idempotency-Key", "key-1"),
    )
    assert build(query='{"url":"https://h/","headers":{"X":1.50}}').headers[0] == ("X", "1.50")


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_the_authors_idempotency_key_is_the_only_one(name: str) -> None:
    assert build(headers={name: "mine"}).headers == ((name, "mine"),)


def test_what_the_client_writes_itself_is_left_out() -> None:
    headers = {"Content-Length": "7", "connection": "keep-alive", "Content-Type": "text/plain"}
    assert build(headers=headers).headers == (("Content-Type", "text/plain"), ("Idempotency-Key", "key-1"))


def test_a_body_that_is_null_is_none_and_an_empty_one_is_empty() -> None:
    assert build(body=None).body is None
    assert build(body="").body == b""
    assert build(body="ä").body == "ä".encode()


def test_defaults_of_missing_members() -> None:
    request = build(query='{"url":"https://h/"}')
    assert (request.method, request.timeout, request.body) == ("POST", 30.0, None)


INVALID = [
    ({"query": None}, "HTTP node 0a1b2c3d has no config"),
    ({"query": "[]"}, "Invalid HTTP config: it must be a JSON object"),
    ({"query": "5"}, "Invalid HTTP config: it must be a JSON object"),
    ({"query": "{"}, "Invalid HTTP config: Expecting property name"),
    ({"query": "[" * 100000}, "Invalid HTTP config: "),
    ({"query": '{"url":NaN}'}, "Invalid HTTP config: NaN is not JSON"),
    ({"query": "{}"}, "Invalid HTTP config: `url` is missing"),
    ({"url": 5}, "Invalid HTTP config: `url` must be a text"),
    ({"body": {"a": 1}}, "Invalid HTTP config: `body` must be a text"),
    ({"method": 1}, "Invalid HTTP config: `method` must be a text"),
    ({"headers": "X: 1"}, "Invalid HTTP config: `headers` must be a JSON object"),
    ({"headers": {"X": None}}, "Invalid HTTP config: header 'X' must be a text, a number or a boolean"),
    ({"headers": {"X": ["a"]}}, "Invalid HTTP config: header 'X' must be a text, a number or a boolean"),
    ({"headers": {"a b": "c"}}, "Invalid HTTP config: invalid header name 'a b'"),
    ({"headers": {"a\r\nb": "c"}}, "Invalid HTTP config: invalid header name"),
    ({"headers": {"a\0\ud800": "c"}}, "Invalid HTTP config: invalid header name 'a\ufffd?'"),
    ({"headers": {"": "c"}}, "Invalid HTTP config: invalid header name ''"),
    (
        {"headers": {"Transfer-Encoding": "chunked"}},
        "Invalid HTTP config: header 'Transfer-Encoding' cannot be set",
    ),
    ({"headers": {"X": "$n.x"}}, "Invalid value for header 'X': control characters are not allowed"),
    ({"timeout_seconds": 0}, "Invalid HTTP config: `timeout_seconds` must be a positive number"),
    ({"timeout_seconds": "5"}, "Invalid HTTP config: `timeout_seconds` must be a positive number"),
    ({"timeout_seconds": True}, "Invalid HTTP config: `timeout_seconds` must be a positive number"),
    ({"body": "\ud800"}, "Invalid HTTP config: it contains half of a surrogate pair"),
    ({"url": "https://h/\udc00"}, "Invalid HTTP config: it contains half of a surrogate pair"),
    ({"url": "https://h/$u.no"}, "$u.no is NULL"),
    ({"body": "$none"}, "$none has no rows — query returned zero results"),
]


@pytest.mark.parametrize(("members", "text"), INVALID)
def test_what_cannot_be_sent(members: dict[str, Any], text: str) -> None:
    assert failure(**members).startswith(text)


def form(*parts: Any, **members: Any) -> Request:
    """The request of a multipart node with these parts."""
    return build("HTTP_MULTIPART", parts=list(parts), **members)


def part(**members: Any) -> dict[str, Any]:
    """A part, valid but for what is given."""
    return {"name": "f", "data_b64": "aGk=", **members}


def body_of(request: Request) -> tuple[str, bytes]:
    """The boundary and the body, which must agree."""
    name, content_type = request.headers[-1]
    assert name == "Content-Type" and content_type.startswith("multipart/form-data; boundary=")
    assert request.body is not None
    return content_type.partition("boundary=")[2], request.body


def test_the_bytes_of_a_form() -> None:
    boundary, body = body_of(
        form(
            {"name": "my file", "filename": 'a"b\\c.txt', "content_type": "text/plain", "data_b64": "aGk="},
            {"name": "b", "data_b64": "/w ABAA\n=="},
        )
    )
    assert body == (
        f"--{boundary}\r\n"
        "Content-Disposition: form-data; name*=utf-8''my%20file; filename=\"a\\\"b\\\\c.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\n"
        "hi\r\n"
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="b"\r\n\r\n'
    ).encode() + b"\xff\x00\x01\x00\r\n" + f"--{boundary}--\r\n".encode()  # fmt: skip


NAMES = [
    ("plain", b'name="plain"'),
    ("a[0].b-c_d~e", b'name="a[0].b-c_d~e"'),
    ("ü", b"name*=utf-8''%C3%BC"),
    ("a/b", b"name*=utf-8''a%2Fb"),
    ('q"', b"name*=utf-8''q%22"),
    ("a%b", b"name*=utf-8''a%25b"),
    ("a\r\nX: 1", b"name*=utf-8''a%0D%0AX:%201"),
    ("$u.login", b'name="octo"'),
    ("{city}", b'name="Bern"'),
]


@pytest.mark.parametrize(("name", "written"), NAMES)
def test_names_of_parts(name: str, written: bytes) -> None:
    assert written + b"\r\n" in body_of(form(part(name=name)))[1]


def test_the_boundary_is_the_same_at_every_attempt_and_another_for_other_contents() -> None:
    assert form(part()) == form(part())
    assert body_of(form(part()))[0] != body_of(form(part(data_b64="aG8=")))[0]


DATA = [
    ("$p.b", b"hi"),
    (" $p.b\n", b"hi"),
    ("$p", b"hi"),
    ("$p?", b"hi"),
    ("$p.b?", b"hi"),
    ("{data}", b"ho"),
    ("$d.body", b"hello"),
    ("", b""),
    (" a G\tk\r\n= ", b"hi"),
]


@pytest.mark.parametrize(("data", "sent"), DATA)
def test_data_of_parts(data: str, sent: bytes) -> None:
    assert b"\r\n\r\n" + sent + b"\r\n--" in body_of(form(part(data_b64=data)))[1]


def test_content_type_of_a_part_is_not_substituted_and_filename_is() -> None:
    body = body_of(form(part(content_type='text/plain; charset="$u"', filename="$u.login.txt")))[1]
    assert b'Content-Type: text/plain; charset="$u"\r\n' in body and b'filename="octo.txt"\r\n' in body


def test_content_type_header_of_a_form_is_ours() -> None:
    names = [name for name, _ in form(part(), headers={"content-TYPE": "text/plain", "X": "1"}).headers]
    assert names == ["X", "Idempotency-Key", "Content-Type"]


MIXED = (
    "HTTP_MULTIPART node 0a1b2c3d: data_b64 for part 'f' mixes a variable reference with other text. Only a "
    "whole-value reference is supported (e.g. data_b64 => '$result' or '{myvar}'), because splicing into base64 "
    "would corrupt the payload."
)
BAD_PARTS = [
    (part(data_b64="x$p.b"), MIXED),
    (part(data_b64="{data}="), MIXED),
    (part(data_b64="$nope"), "Invalid base64 in part 'f': invalid symbol '$' at offset 0"),
    (part(data_b64="{nope}"), "Invalid base64 in part 'f': invalid symbol '{' at offset 0"),
    (part(data_b64="aGk"), "Invalid base64 in part 'f': Incorrect padding"),
    (part(data_b64="aG-_"), "Invalid base64 in part 'f': invalid symbol '-' at offset 2"),
    (part(data_b64="aGk=aGk="), "Invalid base64 in part 'f': invalid symbol '=' at offset 3"),
    (part(data_b64="aGl="), "Invalid base64 in part 'f': the last symbol has bits that no byte takes up"),
    (part(data_b64="aGk=="), "Invalid base64 in part 'f': "),
    (part(data_b64="="), "Invalid base64 in part 'f': "),
    (part(data_b64="$p.b", name="$u.no"), "$u.no is NULL"),
    (part(content_type="plain"), "Invalid content_type for part 'f': 'plain' is not a media type"),
    (part(content_type="a/b\r\nX: 1"), "Invalid content_type for part 'f': "),
    (part(content_type="a/b; c"), "Invalid content_type for part 'f': "),
    (part(filename="a\r\nb"), "Invalid filename for part 'f': control characters are not allowed"),
    (part(filename="$n.x"), "Invalid filename for part 'f': control characters are not allowed"),
    ({"data_b64": ""}, "Invalid multipart HTTP config: `name` of a part is missing"),
    ({"name": "f"}, "Invalid multipart HTTP config: `data_b64` of a part is missing"),
    (part(data_b64=5), "Invalid multipart HTTP config: `data_b64` of a part must be a text"),
    (part(filename=[]), "Invalid multipart HTTP config: `filename` of a part must be a text"),
    ("text", "Invalid multipart HTTP config: each of `parts` must be a JSON object"),
]


@pytest.mark.parametrize(("bad", "text"), BAD_PARTS)
def test_parts_that_cannot_be_sent(bad: Any, text: str) -> None:
    assert failure("HTTP_MULTIPART", parts=[bad]).startswith(text)


def test_forms_that_are_none() -> None:
    assert failure("HTTP_MULTIPART", query=None) == "HTTP_MULTIPART node 0a1b2c3d has no config"
    shapes: list[Any] = [None, [], {}, "x"]
    for parts in shapes:
        expected = "Invalid multipart HTTP config: `parts` must be a JSON array of at least one part"
        assert failure("HTTP_MULTIPART", parts=parts) == expected


def test_importing_costs_no_http_library() -> None:
    code = "import sys, dfsql.runtime.web; print({'aiohttp', 'yarl'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
