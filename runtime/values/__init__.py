"""What travels between steps: result texts, what they put into other texts, and what they decide. The door."""

from .break_value import break_value
from .column_types import needs_server
from .formats import Context
from .json_text import JsonTextError
from .lookup import SubstitutionError
from .rendering import (
    EMPTY_RESULT,
    Column,
    UnsupportedColumnError,
    is_storable,
    result_text,
    sql_error_text,
)
from .substitution import MixedReferenceError, substitute, whole_value
from .truth import RowCountError, is_true, row_count

__all__ = [
    "EMPTY_RESULT",
    "Column",
    "Context",
    "JsonTextError",
    "MixedReferenceError",
    "RowCountError",
    "SubstitutionError",
    "UnsupportedColumnError",
    "break_value",
    "is_storable",
    "is_true",
    "needs_server",
    "result_text",
    "row_count",
    "sql_error_text",
    "substitute",
    "whole_value",
]
