"""JSON as the reference's decoder reads it: strict, with doubled keys kept, and to any depth.

Python's own reader takes NaN, keeps only the last of doubled keys, and gives up on texts that nest as
deep as a long sequence does; and the wording of its errors is not the reference's.
"""

import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeAlias

from ..grammar import DfsqlError

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_CONTROL = re.compile(r"[\x00-\x1f]")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


class Member(NamedTuple):
    """One `"key": value` of an object; `end` is the offset just after the value."""

    key: str
    value: "Value"
    end: int


@dataclass(slots=True, eq=False)
class Object:
    """A JSON object with all its members in the order written, also those with the same key."""

    start: int
    end: int = 0
    members: list[Member] = field(default_factory=list)

    def last(self, key: str) -> "Value":
        """The value of the last member of that key, None where there is none."""
        return next((member.value for member in reversed(self.members) if member.key == key), None)

    def __contains__(self, key: str) -> bool:
        return any(member.key == key for member in self.members)


Value: TypeAlias = Object | list["Value"] | str | int | float | bool | None


class JsonError(DfsqlError, ValueError):
    """A text is not JSON; the message is the reference's decoder's, position included."""


def read(text: str) -> Value:
    """The value that `text` holds, with nothing but white space around it. Raises JsonError."""
    return _Reader(text).read()


def quote(text: str) -> str:
    """A JSON string: short escapes, \\u00xx for other control characters, all else as it is."""
    return json.dumps(text, ensure_ascii=False)


def place(text: str, end: int) -> str:
    """The suffix " at line 1 column 5" for the place reached after `end` characters."""
    line = text.count("\n", 0, end) + 1
    return f" at line {line} column {end - text.rfind(chr(10), 0, end) - 1}"


class _Reader:
    """A loop with a stack of the open objects and arrays."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[Object | list[Value]] = []
        self.keys: list[str] = []  # of the open objects, the key whose value comes next
        self.result: Value = None

    def read(self) -> Value:
        while True:
            self._skip()
            char = self._char()
            if char in ("{", "["):
                if not self._enter(char):
                    continue
                value: Value = self.open.pop()
            else:
                value = self._scalar(char)
            if self._deliver(value):
                return self.result

    def _enter(self, char: str) -> bool:
        """Open an object or array; True when it was empty and is already behind us."""
        box: Object | list[Value] = Object(self.at) if char == "{" else []
        self.open.append(box)
        self.at += 1
        self._skip()
        if self._char() == ("}" if char == "{" else "]"):
            self.at += 1
            if isinstance(box, Object):
                box.end = self.at
            return True
        if isinstance(box, Object):
            self._key()
        return False

    def _deliver(self, value: Value) -> bool:
        """Put a value where it belongs, and close what ends after it; True when nothing is open."""
        while self.open:
            box = self.open[-1]
            if isinstance(box, Object):
                box.members.append(Member(self.keys.pop(), value, self.at))
            else:
                box.append(value)
            self._skip()
            if not self._closes(box):
                return False
            value = self.open.pop()
        self._skip()
        if self.at < len(self.text):
            self._fail("trailing characters")
        self.result = value
        return True

    def _closes(self, box: Object | list[Value]) -> bool:
        """Whether the box ends here; otherwise a comma stands here and is taken."""
        closing, what = ("}", "an object") if isinstance(box, Object) else ("]", "a list")
        char = self._char()
        if char not in (closing, ","):
            self._fail(f"expected `,` or `{closing}`" if char else f"EOF while parsing {what}")
        self.at += 1
        if char == closing:
            if isinstance(box, Object):
                box.end = self.at
            return True
        self._skip()
        if self._char() == closing:
            self._fail("trailing comma")
        if isinstance(box, Object):
            self._key()
        return False

    def _key(self) -> None:
        char = self._char()
        if char != '"':
            self._fail("key must be a string" if char else "EOF while parsing an object")
        self.keys.append(self._string())
        self._skip()
        char = self._char()
        if char != ":":
            self._fail("expected `:`" if char else "EOF while parsing an object")
        self.at += 1

    def _scalar(self, char: str) -> str | int | float | bool | None:
        if char == '"':
            return self._string()
        if char in _WORDS:
            word, value = _WORDS[char]
            if not self.text.startswith(word, self.at):
                self._fail("expected ident")
            self.at += len(word)
            return value
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            if not char:
                self._fail("EOF while parsing a value")
            self._fail("invalid number" if char == "-" else "expected value")
        self.at = number.end()
        return self._number(number)

    def _number(self, number: re.Match[str]) -> int | float:
        """An integer of 64 bits, or else a double."""
        digits = number[0]
        if not number.lastindex and digits != "-0" and len(digits) < 25:
            value = int(digits)
            if -(1 << 63) <= value < 1 << 64:
                return value
        double = float(digits)
        if double in (float("inf"), float("-inf")):
            self._fail("number out of range")
        return double

    def _string(self) -> str:
        found = _STRING.match(self.text, self.at)
        if found is None:
            self._fail_in_string()
        raw = found[0]
        if "\\" not in raw:
            self.at = found.end()
            return raw[1:-1]
        try:
            value: str = json.loads(raw)
        except ValueError:
            self._fail("invalid escape")
        if _SURROGATE.search(value):
            self._fail("lone leading surrogate in hex escape")
        self.at = found.end()
        return value

    def _fail_in_string(self) -> NoReturn:
        control = _CONTROL.search(self.text, self.at)
        if control is None:
            self.at = len(self.text)
            self._fail("EOF while parsing a string")
        self.at = control.start()
        self._fail("control character (\\u0000-\\u001F) found while parsing a string")

    def _char(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _fail(self, message: str) -> NoReturn:
        raise JsonError(message + place(self.text, min(self.at + 1, len(self.text))))
