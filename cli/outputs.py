"""Where results go: standard output, one file, or a folder with a file for each."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from .console import write

# A folder called like a file is more often a mistake than meant.
SUFFIXES = frozenset({".json", ".sql", ".dot", ".mmd", ".txt", ".svg", ".html"})


@dataclass(frozen=True)
class Output:
    """One result, and the file name it gets in a folder."""

    filename: str
    text: str


def deliver(outputs: Sequence[Output], target: str | None, *, many: bool = False) -> None:
    """Writes results to standard output (no target), to a file, or into a folder.

    The target is a folder when it ends with a slash, when it is one, and when it does not exist and there
    are several results, or several inputs (`many`). Raises click.UsageError for a file, or the name of one,
    where a folder is needed, and for results that would overwrite each other.
    """
    if target is None:
        for output in outputs:
            write(output.text)
        return
    if not is_folder(target, many=many or len(outputs) > 1):
        for output in outputs:  # one, or none: then a file that is there stays as it is
            _write_file(Path(target), output.text)
        return
    _check_names(outputs, target)
    _make_folder(target)
    for output in outputs:
        _write_file(Path(target, output.filename), output.text)


def is_folder(target: str, *, many: bool) -> bool:
    """Whether a target means a folder. Raises click.UsageError if it has to be one and is a file."""
    if target.endswith(("/", os.sep)) or os.path.isdir(target):
        return True
    if many and os.path.exists(target):
        raise click.UsageError(f"several results need a folder, and {target} is a file: write -o FOLDER/")
    if many and Path(target).suffix in SUFFIXES:
        raise click.UsageError(
            f"several results need a folder, and {target} looks like a file: write -o {target}/ for a folder"
        )
    return many


def file_name(*parts: str, suffix: str) -> str:
    """A file name of some names, whatever letters they have."""
    words = [re.sub(r"[^\w.-]+", "_", part).strip("._") or "workflow" for part in parts]
    return ".".join(words)[:200] + suffix


def _check_names(outputs: Sequence[Output], target: str) -> None:
    seen: set[str] = set()
    for output in outputs:
        name = output.filename.casefold()  # some file systems do not tell A from a
        if name in seen:
            raise click.UsageError(
                f"two results would both be {Path(target, output.filename)}: write them to different folders"
            )
        seen.add(name)


def _make_folder(target: str) -> None:
    try:
        os.makedirs(target, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"cannot make the folder {target}: {error.strerror}") from None


def _write_file(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except FileNotFoundError:
        raise click.UsageError(f"cannot write {path}: there is no folder {path.parent}") from None
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None
