"""A PostgreSQL that comes with the package, for those who have none: started, shared and stopped by dfsql."""

from .errors import EmbeddedError
from .layout import data_directory
from .sharing import Embedded, Status, reset, status, stop

__all__ = ["Embedded", "EmbeddedError", "Status", "data_directory", "reset", "status", "stop"]
