"""Executes workflows: the worker, its sessions and the values that travel between steps. The door of the room."""

__all__: list[str] = []
