"""HTTP steps: building a request, the outbound policy, one attempt at sending it, the result. The door of the room.

Importing this costs no HTTP library; a Client imports it when it sends its first request.
"""

from .client import RETRY_PAUSES, Client
from .errors import HttpFailure, NodeError
from .policy import MODES, Policy, check_policy
from .privilege import check_privilege_text, needs_privilege
from .request import Request, build_request

__all__ = [
    "MODES",
    "RETRY_PAUSES",
    "Client",
    "HttpFailure",
    "NodeError",
    "Policy",
    "Request",
    "build_request",
    "check_policy",
    "check_privilege_text",
    "needs_privilege",
]
