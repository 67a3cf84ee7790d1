"""The settings of a worker: its command line first, then what the database says."""

from dataclasses import dataclass, field

from .management import Management
from .web import Policy

_NAMES = (
    "pg_durable.max_user_connections",
    "pg_durable.max_management_connections",
    "pg_durable.max_duroxide_connections",
    "pg_durable.execution_acquire_timeout",
    "pg_durable.enable_superuser_instances",
    "pg_durable.retention_days",
    "pg_durable.reconcile_interval",
    "dfsql.http_mode",
    "dfsql.http_allow",
    "dfsql.http_max_response_bytes",
    "dfsql.loop_min_interval_ms",
)
_SQL = "SELECT pg_catalog.json_object_agg(n, df._setting(n)) FROM pg_catalog.unnest($1::pg_catalog.text[]) n"


@dataclass(frozen=True)
class Settings:
    """Checked by the database when they were set; times in seconds."""

    concurrency: int = 10  # SQL steps at a time
    management_connections: int = 6
    engine_connections: int = 10  # the reference refuses to start below 2, and so do we
    slot_timeout: float = 30.0
    superuser_instances: bool = False
    retention_days: int = 30
    reconcile_interval: float = 3600.0
    loop_interval: float = 0.25
    http: Policy = field(default_factory=Policy)


async def read_settings(management: Management, concurrency: int | None) -> Settings:
    """Ask the database; `concurrency` of the command line wins."""
    found: dict[str, str] = await management.document(_SQL, "{" + ",".join(_NAMES) + "}")

    def number(name: str) -> int:
        return int(found[name])

    hosts = tuple(part.strip() for part in (found["dfsql.http_allow"] or "").split(",") if part.strip())
    return Settings(
        concurrency=concurrency or number("pg_durable.max_user_connections"),
        management_connections=number("pg_durable.max_management_connections"),
        engine_connections=number("pg_durable.max_duroxide_connections"),
        slot_timeout=float(number("pg_durable.execution_acquire_timeout")),
        superuser_instances=found["pg_durable.enable_superuser_instances"] == "on",
        retention_days=number("pg_durable.retention_days"),
        reconcile_interval=float(number("pg_durable.reconcile_interval")),
        loop_interval=number("dfsql.loop_min_interval_ms") / 1000,
        http=Policy(found["dfsql.http_mode"], hosts, number("dfsql.http_max_response_bytes")),
    )
