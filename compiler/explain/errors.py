"""What can go wrong when a workflow is explained: a tree under `DfsqlError`.

ExplainError
├── UnknownFormatError
├── UnknownStepError
├── EngineNotFoundError
└── EngineFailedError
"""

from collections.abc import Iterable
from difflib import get_close_matches

from ...grammar import DfsqlError


class ExplainError(DfsqlError):
    """A workflow cannot be explained in the way that was asked for."""


class UnknownFormatError(ExplainError):
    """A format or engine of that name does not exist, or not together."""


class UnknownStepError(ExplainError):
    """The workflow has no step of that id; `close` holds the ids that look like it, best first."""

    def __init__(self, wanted: str, ids: Iterable[str]) -> None:
        self.wanted = wanted
        known = list(ids)
        self.close = get_close_matches(wanted, known, n=5, cutoff=0.5)
        hint = f"did you mean {_listed(self.close)}?" if self.close else f"its steps are {_listed(known[:8])}"
        more = ", ..." if not self.close and len(known) > 8 else ""
        super().__init__(f"the workflow has no step '{wanted}'; {hint}{more}")


class EngineNotFoundError(ExplainError):
    """There is no `dot` program."""

    def __init__(self) -> None:
        super().__init__(
            "the engine 'dot' needs the program `dot` of Graphviz, and none was found: install Graphviz "
            "(apt-get install graphviz, brew install graphviz) or the Python package (pip install "
            "'pg-dfsql[dot]'), or use the engine 'builtin'"
        )


class EngineFailedError(ExplainError):
    """The `dot` program ended with an error; `code` is its exit status and `output` what it said."""

    def __init__(self, program: str, code: int, output: str) -> None:
        self.code, self.output = code, output
        said = output.strip().splitlines()
        super().__init__(f"{program} ended with status {code}" + (f": {said[0]}" if said else ""))


def _listed(ids: list[str]) -> str:
    return ", ".join(ids)
