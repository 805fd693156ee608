"""Names of branches and directories (``http-core.md`` §6.8)."""

import os
import re
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.projects import Project
from a_parallel_contracts.worktrees import worktrees_directory

_LENGTH = 40
_ID_LENGTH = 6


def expressible(text: str) -> bool:
    """Tell whether a text can be an argument of a process or a path."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def slug(text: str) -> str:
    """Return `text` as a part of a branch name: lower case, ASCII letters, digits and single hyphens, 40 at most."""
    kept = re.sub(r"[^a-z0-9\s-]", "", text.lower()).strip()
    hyphened = re.sub(r"-+", "-", re.sub(r"\s+", "-", kept)).lstrip("-")
    return hyphened[:_LENGTH].removesuffix("-") or "thread"


def suffix(thread_id: str) -> str:
    """Return how the branch of a thread ends."""
    return f"-{thread_id[:_ID_LENGTH]}"


def thread_branch(project: Project, thread_id: str, title: str, taken: set[str]) -> str:
    """Return the name of a thread's branch, which is not in `taken`.

    The first part may be the name of a branch, of which git then allows none below; another one is used then.
    """
    group, name = slug(project.name), slug(title) + suffix(thread_id)
    groups = (group, *(f"{group}-{number}" for number in range(2, 100)))
    free = next(one for one in groups if one not in taken and f"{one}/{name}" not in taken)
    return f"{free}/{name}"


def container(project: Project) -> Path:
    """Return the directory in which the project's working trees lie, beside the project."""
    return worktrees_directory(project)


def directory_of(project: Project, branch: str) -> Path:
    """Return the directory of a branch's working tree.

    Raises:
        BadRequest: the name would lead out of the container.
    """
    below = container(project)
    directory = below / branch.replace("/", "-")
    if directory.parent != below or directory.name in ("", ".", ".."):
        raise BadRequest(f"'{branch}' is not a valid branch name")
    return directory
