"""What holds for every test: a clean environment, one Hypothesis profile, and no silent skips in CI."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Set by .ci/run: everything that a test may need is installed there, so a skip is a hole.
NO_SKIPS = os.environ.get("DFSQL_NO_SKIPS") == "1"

# Variables of the caller's shell that would change what we print or which server is reached.
LEAKS = ("PG", "DFSQL_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES", "PYTHONHASHSEED")
OURS = {"DFSQL_FUZZ_N", "DFSQL_ORACLE_N", "DFSQL_ORACLE_SEED"}  # meant for a test

for name in [name for name in os.environ if name.startswith(LEAKS) and name not in OURS]:
    del os.environ[name]

# Slow machines must not fail a law, and the same commit must test the same inputs.
settings.register_profile(
    "dfsql", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dfsql")


def pytest_configure(config: pytest.Config) -> None:
    """Hands the flag to the processes of xdist, whose environment was cleaned above."""
    if NO_SKIPS:
        os.environ["DFSQL_NO_SKIPS"] = "1"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turns a run with skipped tests into a failed one where nothing may be skipped."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if NO_SKIPS and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the tests that were skipped where nothing may be skipped."""
    if NO_SKIPS:
        for report in terminalreporter.stats.get("skipped", []):
            terminalreporter.write_line(f"skipped, which fails this run: {report.nodeid}: {report.longrepr}")
