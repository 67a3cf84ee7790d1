"""Every function of schema df: its parameters and what kind of value it gives.

Source: the language reference, constructor functions and entry points.
"""

from enum import Enum
from typing import NamedTuple


class Role(Enum):
    """What a function is for."""

    NODE = "builds a node"
    OPERATOR = "stands behind an operator"
    ENTRY = "starts or explains a workflow"
    HELPER = "acts at once, and must not be a step"
    EFFECT = "acts at once while the workflow is built"
    READ = "reads state at once"
    ADMIN = "administers"


class Parameter(NamedTuple):
    """One parameter; `default` is None where an argument is required, else the default's SQL text."""

    name: str
    type: str
    default: str | None = None

    @property
    def nullable(self) -> bool:
        return self.default == "NULL"


class Function(NamedTuple):
    """One signature."""

    name: str
    role: Role
    parameters: tuple[Parameter, ...]
    returns: str = "text"

    @property
    def strict(self) -> bool:
        """Strict if and only if no parameter is nullable."""
        return not any(parameter.nullable for parameter in self.parameters)

    def signature(self) -> str:
        """`df.sleep(seconds bigint)`."""
        parts = (
            f"{p.name} {p.type}" + (f" DEFAULT {p.default}" if p.default is not None else "")
            for p in self.parameters
        )
        return f"df.{self.name}({', '.join(parts)})"


def _function(role: Role, signature: str, returns: str = "text") -> Function:
    """A function from `name(a text, b integer = 30)`."""
    name, _, rest = signature.partition("(")
    parameters = []
    for part in filter(None, rest.rstrip(")").split(", ")):
        declared, _, default = part.partition(" = ")
        parameter, _, type_name = declared.partition(" ")
        parameters.append(Parameter(parameter, type_name, default or None))
    return Function(name, role, tuple(parameters), returns)


_HTTP = "headers jsonb = NULL, timeout_seconds integer = 30"
_ALL = (
    _function(Role.NODE, "sql(query text)"),
    _function(Role.NODE, "seq(a text, b text)"),
    _function(Role.NODE, "as(fut text, name text)"),
    _function(Role.NODE, "sleep(seconds bigint)"),
    _function(Role.NODE, "wait_for_schedule(cron_expr text)"),
    _function(Role.NODE, "loop(body text, condition text = NULL)"),
    _function(Role.NODE, "break(value text = NULL)"),
    _function(Role.NODE, "if(condition text, then_branch text, else_branch text)"),
    _function(Role.NODE, "if_rows(result_name text, then_branch text, else_branch text)"),
    _function(Role.NODE, "join(a text, b text)"),
    _function(Role.NODE, "join3(a text, b text, c text)"),
    _function(Role.NODE, "race(a text, b text)"),
    _function(Role.NODE, f"http(url text, method text = 'POST', body text = NULL, {_HTTP})"),
    _function(Role.NODE, f"http_multipart(url text, method text = 'POST', parts jsonb = NULL, {_HTTP})"),
    _function(Role.NODE, "wait_for_signal(name text, timeout_seconds integer = NULL)"),
    _function(Role.OPERATOR, "as_op(fut text, name text)"),
    _function(Role.OPERATOR, "loop_prefix_op(body text)"),
    _function(Role.OPERATOR, "if_then_op(condition text, then_branch text)"),
    _function(Role.OPERATOR, "if_else_op(partial_if text, else_branch text)"),
    _function(
        Role.ENTRY,
        "start(fut text, label text = NULL, database text = NULL, transaction_mode text = 'caller')",
    ),
    _function(Role.ENTRY, "explain(input text)"),
    _function(Role.HELPER, "setvar(name text, value text)"),
    _function(Role.HELPER, "unsetvar(name text)"),
    _function(Role.HELPER, "clearvars()"),
    _function(Role.HELPER, "await_instance(instance_id text, timeout_seconds integer = 30)"),
    _function(Role.HELPER, "wait_for_completion(instance_id text, timeout_seconds integer = 30)"),
    _function(Role.EFFECT, "signal(instance_id text, signal_name text, signal_data text = '{}')"),
    _function(Role.EFFECT, "cancel(instance_id text, reason text = 'Cancelled by user')"),
    _function(Role.EFFECT, "retry_instance(instance_id text)"),
    _function(Role.READ, "getvar(name text)"),
    _function(Role.READ, "status(instance_id text)"),
    _function(Role.READ, "result(instance_id text)"),
    _function(Role.READ, "run(instance_id text = NULL)"),
    _function(Role.READ, "version()"),
    _function(Role.READ, "target_database()"),
    _function(Role.READ, "duroxide_schema()"),
    _function(Role.READ, "list_instances(status_filter text = NULL, limit_count integer = 100)", "table"),
    _function(
        Role.READ,
        "list_instances(status_filter text, limit_count integer, label_filter text, after_cursor text = NULL)",
        "table",
    ),
    _function(Role.READ, "instance_info(instance_id text)", "table"),
    _function(Role.READ, "instance_nodes(instance_id_param text)", "table"),
    _function(Role.READ, "instance_nodes(instance_id_param text, _last_n_executions integer)", "table"),
    _function(Role.READ, "instance_executions(instance_id text, limit_count integer = 5)", "table"),
    _function(Role.READ, "metrics()", "table"),
    _function(
        Role.ADMIN,
        "grant_usage(p_role text, include_http boolean = false, with_grant boolean = false)",
        "void",
    ),
    _function(Role.ADMIN, "revoke_usage(p_role text)", "void"),
)

FUNCTIONS: dict[str, tuple[Function, ...]] = {}
for _one in _ALL:
    FUNCTIONS[_one.name] = (*FUNCTIONS.get(_one.name, ()), _one)

# The operators and the functions behind them.
OPERATOR_FUNCTIONS = {
    "~>": "seq",
    "&": "join",
    "|": "race",
    "|=>": "as",
    "?>": "if_then_op",
    "!>": "if_else_op",
    "@>": "loop",
}
