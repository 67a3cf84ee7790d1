"""The body of a multipart form: its parts read from the config, and its bytes."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from ..values import MixedReferenceError, whole_value
from .config import Config, is_text
from .errors import NodeError

_SPACE = str.maketrans("", "", " \t\n\r\f")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]|=(?!=?\Z)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = rf'[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e])*")'
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*[ \t]*;?[ \t]*", re.ASCII)
# A name stays as it is when a URL's path would take it as one segment; else it is percent-encoded.
_NAME_SAFE = "!$&'()*+,:;=@[\\]^|~-._"


class Part(NamedTuple):
    """One part of a form, ready to send."""

    name: str
    data: bytes
    filename: str | None
    content_type: str | None


def read_parts(
    config: Config,
    substituted: Callable[[str], str],
    bindings: Mapping[str, str],
    variables: Mapping[str, str],
) -> list[Part]:
    """The parts of a form with references replaced (R2.50). Raises NodeError, or what a substitution raises."""
    parts = []
    for member in config.parts():
        name = substituted(_text(config, member, "name"))
        written = _text(config, member, "data_b64")
        try:
            value = whole_value(written, bindings, variables)
        except MixedReferenceError as error:
            raise NodeError(_mixed(config.node_id, name)) from error
        filename = _optional(config, member, "filename")
        content_type = _optional(config, member, "content_type")
        parts.append(
            Part(
                name,
                _decode(name, written if value is None else value),
                None if filename is None else _filename(name, substituted(filename)),
                None if content_type is None else _content_type(name, content_type),
            )
        )
    return parts


def wire_form(parts: Iterable[Part], salt: str) -> tuple[str, bytes]:
    """The Content-Type and the body of a form (R2.51).

    The boundary is a digest of the parts and the salt: every attempt sends the same bytes, and no part can
    contain it, since nobody can write a text that holds its own digest.
    """
    bodies = [_head(part) + part.data + b"\r\n" for part in parts]
    digest = hashlib.sha256(salt.encode())
    for body in bodies:
        digest.update(b"%d:" % len(body) + body)
    boundary = digest.hexdigest()[:48]
    line = f"--{boundary}".encode()
    whole = b"".join(line + b"\r\n" + body for body in bodies) + line + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", whole


def _head(part: Part) -> bytes:
    encoded = quote(part.name, safe=_NAME_SAFE)
    name = f'name="{part.name}"' if encoded == part.name else f"name*=utf-8''{encoded}"
    lines = f"Content-Disposition: form-data; {name}"
    if part.filename is not None:
        escaped = part.filename.replace("\\", "\\\\").replace('"', '\\"')
        lines += f'; filename="{escaped}"'
    if part.content_type is not None:
        lines += f"\r\nContent-Type: {part.content_type}"
    return f"{lines}\r\n\r\n".encode()


def _text(config: Config, member: Mapping[str, Any], key: str) -> str:
    value = member.get(key)
    if not is_text(value):
        config.fail(f"`{key}` of a part is missing" if value is None else f"`{key}` of a part must be a text")
    return str(value)


def _optional(config: Config, member: Mapping[str, Any], key: str) -> str | None:
    return None if member.get(key) is None else _text(config, member, key)


def _decode(name: str, encoded: str) -> bytes:
    """Standard base64 with padding; white space between the characters is no mistake."""
    text = encoded.translate(_SPACE)
    if wrong := _NOT_BASE64.search(text):
        raise NodeError(
            f"Invalid base64 in part '{name}': invalid symbol '{wrong[0]}' at offset {wrong.start()}"
        )
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise NodeError(f"Invalid base64 in part '{name}': {error}") from None
    if base64.b64encode(data).decode() != text:
        raise NodeError(f"Invalid base64 in part '{name}': the last symbol has bits that no byte takes up")
    return data


def _filename(name: str, filename: str) -> str:
    if _CONTROL.search(filename):
        raise NodeError(f"Invalid filename for part '{name}': control characters are not allowed")
    return filename


def _content_type(name: str, content_type: str) -> str:
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise NodeError(f"Invalid content_type for part '{name}': '{content_type}' is not a media type")
    return content_type


def _mixed(node_id: str, name: str) -> str:
    return (
        f"HTTP_MULTIPART node {node_id}: data_b64 for part '{name}' mixes a variable reference with other text. "
        "Only a whole-value reference is supported (e.g. data_b64 => '$result' or '{myvar}'), "
        "because splicing into base64 would corrupt the payload."
    )
