"""Which function runs which type of node. Import `run` from here: then the table is complete."""

from . import http_step, sql_step, waits
from .branches import run_join, run_race
from .control import run_break, run_if, run_then
from .loops import run_inner_loop, run_loop
from .walk import HANDLERS, INNER_LOOP, run

__all__ = ["run"]

HANDLERS.update(
    {
        "SQL": sql_step.run,
        "THEN": run_then,
        "IF": run_if,
        "JOIN": run_join,
        "RACE": run_race,
        "LOOP": run_loop,
        INNER_LOOP: run_inner_loop,
        "BREAK": run_break,
        "SLEEP": waits.sleep,
        "WAIT_SCHEDULE": waits.schedule,
        "SIGNAL": waits.signal,
        "HTTP": http_step.run,
        "HTTP_MULTIPART": http_step.run,
    }
)
