"""How a statement begins: in time that grows with its length alone, because workflow authors choose the text."""

import re

_BLANK = re.compile(r"(?:[\s;]|--[^\r\n]*)*+")
_EDGE = re.compile(r"/\*|\*/")

# Transaction control would end the step's own transaction (PostgreSQL manual, part VI).
_CONTROL = re.compile(
    r"(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b", re.IGNORECASE
)
_COPY = re.compile(r"copy\b.*\b(?:from\s+stdin|to\s+stdout)\b", re.IGNORECASE | re.DOTALL)


def is_transaction_control(text: str) -> bool:
    """Whether the statement begins or ends a transaction or a part of one."""
    return _CONTROL.match(text, _code_start(text)) is not None


def is_copy_to_client(text: str) -> bool:
    """Whether the statement is a COPY that talks to the client."""
    return _COPY.match(text, _code_start(text)) is not None


def _code_start(text: str) -> int:
    """The offset behind white space, empty statements and comments; block comments nest."""
    at = depth = 0
    while True:
        if not depth:
            blank = _BLANK.match(text, at)
            at = blank.end() if blank else at
            if not text.startswith("/*", at):
                return at
        edge = _EDGE.search(text, at)
        if edge is None:
            return len(text)
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
