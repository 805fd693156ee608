"""Paths that come with a request: contained in the directory of the thread before anything is done with them."""

import os
from collections.abc import Sequence
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.paths import real_path
from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import Commands

_REPLACED = "\ufffd"


def shown(path: str) -> str:
    """Return a path as it goes over the wire: bytes that are no UTF-8 become the replacement character."""
    return os.fsencode(path).decode("utf-8", "replace")


def contained(directory: Path, path: str) -> str:
    """Return `path` relative to `directory`; links above its last part are followed (``http-core.md`` §7.1, §7.8).

    Raises:
        BadRequest: ``Invalid path: …``; it leads out of the directory or into git's own files.
    """
    try:
        if not path or b"\0" in os.fsencode(path):
            raise ValueError
        relative = _real(str(directory / (path.rstrip("/") or "/"))).relative_to(real_path(directory))
    except (OSError, ValueError):
        raise BadRequest(f"Invalid path: {path}") from None
    if any(part.lower() == ".git" for part in relative.parts):
        raise BadRequest(f"Invalid path: {path}")
    return str(relative)


def _real(path: str) -> Path:
    """Follow links but the last part, which may itself be a link that git tracks."""
    parent, name = os.path.split(path)
    if name in ("", ".", ".."):
        return real_path(path)
    return real_path(parent) / name


async def resolved(commands: Commands, directory: Path, paths: Sequence[str]) -> list[str]:
    """Return the paths of a request, all contained, as git knows them.

    Raises:
        BadRequest: one of them is not; nothing has been done then.
    """
    found = [contained(directory, path) for path in paths]
    if not any(_REPLACED in path for path in found):
        return found
    arguments = ["ls-files", "--cached", "--others", "--deduplicate", "-z"]
    known = [parse.text(record) for record in parse.records(await commands.output(directory, arguments)) if record]
    return [_matching(path, known) for path in found]


def _matching(path: str, known: Sequence[str]) -> str:
    """Return the one file that is shown as `path`."""
    candidates = [name for name in known if shown(name) == path]
    if len(candidates) > 1:
        raise BadRequest(f"Several files are called {path}, in an encoding other than UTF-8. Use git in a terminal.")
    return candidates[0] if candidates else path


def listed(paths: Sequence[str]) -> bytes:
    """Return paths for ``--pathspec-from-file=- --pathspec-file-nul``, whatever their number and names."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")
