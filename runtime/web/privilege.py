"""Who may send: the function whose EXECUTE privilege an HTTP step needs, and the refusal without it."""

_FUNCTIONS = {
    "HTTP": ("http", "(text,text,text,jsonb,integer)", "HTTP requests"),
    "HTTP_MULTIPART": ("http_multipart", "(text,text,jsonb,jsonb,integer)", "multipart HTTP requests"),
}


def needs_privilege(kind: str) -> str:
    """The regprocedure text of the function that the submitter must be allowed to execute when the step runs."""
    name, arguments, _ = _FUNCTIONS[kind]
    return f"df.{name}{arguments}"


def check_privilege_text(kind: str, role: str) -> str:
    """The text that a node of `kind` fails with when `role` lacks the privilege; "" stands for no role at all."""
    name, arguments, what = _FUNCTIONS[kind]
    if kind == "HTTP_MULTIPART" and not role:
        return "Blocked: HTTP_MULTIPART node has no submitted_by — cannot verify privilege"
    grant = f"Grant EXECUTE ON FUNCTION df.{name}{arguments} TO {role}"
    return f"Blocked: role '{role}' does not have EXECUTE privilege on df.{name}(). {grant} to allow {what}."
