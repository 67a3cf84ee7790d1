"""Constructors of nodes without children: validation with the server's texts, and their configs."""

import json
import re
from collections.abc import Callable
from typing import Any

from ..grammar import DfsqlError, Fragment
from .arguments import LIMITS, integer_of
from .build import Draft
from .configs import compact, config_text, jsonb
from .cron import CronError
from .cron import parse as parse_cron
from .graph import Kind
from .jsontext import quote
from .rules.cron_fields import RULE as CRON_FIELDS
from .rules.invalid_cron import RULE as CRON
from .rules.invalid_http import RULE as HTTP
from .rules.invalid_value import RULE as INVALID
from .rules.null_argument import RULE as NULL
from .rules.rule import Rule
from .rules.wrong_arguments import RULE as ARGUMENTS
from .values import Sort, Value

Bound = dict[str, Value | None]
_METHODS = {"http": ("GET", "POST", "PUT", "DELETE", "PATCH"), "http_multipart": ("POST", "PUT", "PATCH")}
_PARTS_HELP = """write a JSON list of objects: '[{"name": "a", "data": "text"}]'"""
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")  # a token of RFC 9110


class CallError(DfsqlError):
    """The server would refuse the call: the rule, its text, the argument to blame and what to do."""

    def __init__(
        self,
        rule: Rule,
        message: str,
        value: Value | None,
        help: str | None = None,
        part: tuple[int, int] | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message)
        self.part = part  # the part of the argument's text that is wrong
        self.suggestion = suggestion  # what should stand there
        self.rule = rule
        self.message = message
        self.value = value
        self.help = help


class Leaves:
    """Builds the drafts of leaves for one fragment."""

    def __init__(self, fragment: Fragment) -> None:
        self.fragment = fragment

    def build(self, name: str, bound: Bound) -> Draft:
        """The draft of `df.name(...)`. Raises CallError."""
        builders: dict[str, Callable[[Bound], Draft]] = {
            "sleep": self._sleep,
            "wait_for_schedule": self._schedule,
            "wait_for_signal": self._signal,
            "break": self._break,
            "http": lambda given: self._http("http", given),
            "http_multipart": lambda given: self._http("http_multipart", given),
        }
        return builders[name](bound)

    def if_rows(self, name: Value) -> tuple[str, bool]:
        """The config of df.if_rows, and whether its name is known only to the server."""
        return config_text(
            condition_type=quote("result_has_rows"), result_name=self._string(name)
        ), name.text is None

    # ---- one function per constructor

    def _sleep(self, bound: Bound) -> Draft:
        seconds = bound["seconds"]
        assert seconds is not None
        if seconds.text is None:
            return self._draft(Kind.SLEEP, self._source(seconds), True)
        number = self._integer(seconds, "bigint")
        if number < 0:
            raise CallError(
                INVALID, "Sleep duration must be non-negative", seconds, "write 0 or more seconds"
            )
        return self._draft(Kind.SLEEP, str(number), False)

    def _schedule(self, bound: Bound) -> Draft:
        cron = bound["cron_expr"]
        assert cron is not None
        if cron.text is not None:
            try:
                parse_cron(cron.text)
            except CronError as error:
                tail = "Invalid expression: Invalid cron expression."
                rule = CRON_FIELDS if error.kind == "many-fields" else CRON
                message = f"Invalid cron expression '{cron.text}': {tail}"
                part = (error.start, error.end)
                raise CallError(rule, message, cron, str(error), part, error.suggestion) from error
        return self._draft(Kind.WAIT_SCHEDULE, config_text(cron_expr=self._string(cron)), cron.text is None)

    def _signal(self, bound: Bound) -> Draft:
        name, timeout = bound["name"], bound["timeout_seconds"]
        assert name is not None
        self._not_null(name, 0, "a signal has a name")
        if name.text == "" and name.sort is Sort.TEXT:
            raise CallError(
                INVALID, "Signal name cannot be empty", name, "name the signal that df.signal will send"
            )
        text, dynamic = self._timeout(timeout, INVALID)
        query = config_text(signal_name=self._string(name), timeout_seconds=text)
        return self._draft(Kind.SIGNAL, query, dynamic or name.text is None)

    def _break(self, bound: Bound) -> Draft:
        value = bound["value"]
        text = None if value is None or value.sort is Sort.NULL else self._string(value)
        dynamic = value is not None and value.sort is Sort.DYNAMIC
        return self._draft(Kind.BREAK, config_text(break_value=text), dynamic)

    def _http(self, function: str, bound: Bound) -> Draft:
        url, method, timeout = bound["url"], bound["method"], bound["timeout_seconds"]
        assert url is not None
        self._not_null(url, 0, "an HTTP call has an address")
        self._check_scheme(url)
        verb, dynamic_verb = self._method(function, method)
        if timeout is not None:
            self._not_null(timeout, 4, "leave the timeout out to get its default, 30 seconds")
        seconds, dynamic_timeout = self._timeout(timeout, HTTP) if timeout is not None else ("30", False)
        headers, dynamic_headers = self._headers(bound["headers"])
        if function == "http":
            key = "body"
            content, dynamic_content = self._body(bound["body"])
        else:
            key = "parts"
            content, dynamic_content = self._parts(bound["parts"])
        members = {
            "url": self._string(url),
            "method": verb,
            key: content,
            "headers": headers,
            "timeout_seconds": seconds,
        }
        dynamic = url.text is None or dynamic_verb or dynamic_timeout or dynamic_headers or dynamic_content
        return self._draft(Kind[function.upper()], config_text(**members), dynamic)

    # ---- parts of HTTP calls

    def _check_scheme(self, url: Value) -> None:
        if url.text is None or "{" in url.text:
            return
        scheme = url.text.partition("://")[0].lower()
        if scheme not in ("http", "https"):
            message = f"Blocked: unsupported URL scheme '{scheme}'. Only http and https are allowed."
            help = "begin the address with https://"
            if scheme.startswith("$"):
                help = "a $name cannot stand for the beginning of an address: write https:// or a {variable} there"
            raise CallError(HTTP, message, url, help)

    def _method(self, function: str, method: Value | None) -> tuple[str, bool]:
        if method is None:
            return quote("POST"), False
        self._not_null(method, 1, "leave the method out to get POST")
        if method.text is None:
            return self._string(method), True
        verb = _ascii_upper(method.text)
        allowed = _METHODS[function]
        if verb not in allowed:
            what = "HTTP method for multipart" if function == "http_multipart" else "HTTP method"
            names = ", ".join(allowed[:-1]) + f", or {allowed[-1]}"
            raise CallError(HTTP, f"Invalid {what}: {method.text}. Must be {names}", method, f"write {names}")
        return quote(verb), False

    def _headers(self, headers: Value | None) -> tuple[str | None, bool]:
        if headers is None or headers.sort is Sort.NULL:
            return None, False
        if headers.text is None:
            return self._string(headers), True
        value = self._json(headers)
        if not isinstance(value, dict):
            raise CallError(HTTP, "headers must be a JSON object", headers, 'write \'{"Name": "value"}\'')
        for name, content in value.items():
            if not _HEADER_NAME.match(name):
                raise CallError(HTTP, f"invalid header name '{name}'", headers, "use letters, digits and -")
            if content is None or isinstance(content, dict | list):
                message = f"header '{name}' must be a text, a number or a boolean"
                raise CallError(HTTP, message, headers, "write its value as a text")
        return compact(value), False

    def _body(self, body: Value | None) -> tuple[str | None, bool]:
        if body is None or body.sort is Sort.NULL:
            return None, False
        return self._string(body), body.text is None

    def _parts(self, parts: Value | None) -> tuple[str | None, bool]:
        if parts is None or parts.sort is Sort.NULL:
            raise CallError(HTTP, "parts is required and cannot be NULL", parts, _PARTS_HELP)
        if parts.text is None:
            return self._string(parts), True
        value = self._json(parts)
        if not isinstance(value, list):
            raise CallError(HTTP, "parts must be a JSON array of part objects", parts, _PARTS_HELP)
        if not value:
            raise CallError(HTTP, "parts must contain at least one part", parts, _PARTS_HELP)
        return compact(value), False

    # ---- values

    def _timeout(self, timeout: Value | None, rule: Rule) -> tuple[str | None, bool]:
        if timeout is None or timeout.sort is Sort.NULL:
            return None, False
        if timeout.text is None:
            return self._string(timeout), True
        number = self._integer(timeout, "integer")
        if number <= 0:
            raise CallError(rule, "Timeout must be positive", timeout, "write the seconds to wait, 1 or more")
        return str(number), False

    def _integer(self, value: Value, type_name: str) -> int:
        number = integer_of(value)
        if number is None:
            message = f'invalid input syntax for type {type_name}: "{value.text}"'
            raise CallError(ARGUMENTS, message, value, "write whole seconds")
        if not -LIMITS[type_name] <= number < LIMITS[type_name]:
            message = f'value "{value.text}" is out of range for type {type_name}'
            raise CallError(ARGUMENTS, message, value, "write a smaller number")
        return number

    def _json(self, value: Value) -> Any:
        try:
            return jsonb(value.text or "")
        except (json.JSONDecodeError, ValueError, RecursionError) as error:
            help = f"correct the JSON: {error}"
            raise CallError(HTTP, "invalid input syntax for type json", value, help) from error

    def _not_null(self, value: Value, index: int, help: str) -> None:
        if value.sort is Sort.NULL:
            raise CallError(NULL, f"argument {index} must not be null", value, help)

    def _string(self, value: Value) -> str:
        """A JSON string: the known text, or the expression's own text where only the server knows more."""
        if value.text is None and value.sort is Sort.NODE:
            from .values import known_text

            return quote(known_text(value) or self._source(value))
        return quote(self._source(value) if value.text is None else value.text)

    def _source(self, value: Value) -> str:
        return self.fragment.text[value.start : value.end]

    def _draft(self, kind: Kind, query: str, dynamic: bool) -> Draft:
        return Draft(kind, query=query, dynamic=dynamic)


def _ascii_upper(text: str) -> str:
    return "".join(char.upper() if char.isascii() else char for char in text)
