"""Finds the ``CLAUDE.md`` files in force, as the CLI does: the user's, then those from ``/`` down to the project.

Beside each stand ``.claude/CLAUDE.md``, ``.claude/rules`` and ``CLAUDE.local.md``. A file may import others with
``@path``, four deep; what a project's file imports must lie in the project, unless the user has agreed in the CLI.
Rules with ``paths`` come into force only with the files that they are for, so they are not in this list.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from a_parallel_contracts.claude import config_directory, user_home
from a_parallel_plugins.skills.models import MemoryFile

CONTENT_LIMIT = 64 * 1024
"""Bytes of a file that are shown and searched for imports."""

_DEPTH = 4
_FILES = 500
_NOT_TEXT = re.compile(r"<!--.*?-->|^(```|~~~).*?^\1[`~]*\s*$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r"(?:^|\s)@((?:[^\s\\]|\\ )+)")

Scope = Literal["user", "project", "local"]


def memory_files(project: Path | None, *, user: bool) -> list[MemoryFile]:
    """Return the files in the order in which the CLI reads them.

    Parameters:
        project: where a session would run; None for the user's files alone.
        user: include the user's files, and what lies above the project.
    """
    search = _Search(project, whole=user)
    if user:
        search.file(config_directory() / "CLAUDE.md", "user")
        search.rules(config_directory() / "rules", "user")
    for place in reversed([project, *project.parents]) if project else ():
        if user or place == project:
            search.directory(place)
    return search.found


class _Search:
    """Collects files, each once."""

    def __init__(self, project: Path | None, *, whole: bool) -> None:
        self.found: list[MemoryFile] = []
        self._project = project
        self._whole = whole
        self._seen: set[str] = set()

    def directory(self, place: Path) -> None:
        self.file(place / "CLAUDE.md", "project")
        self.file(place / ".claude" / "CLAUDE.md", "project")
        self.rules(place / ".claude" / "rules", "project")
        self.file(place / "CLAUDE.local.md", "local")

    def rules(self, place: Path, scope: Scope) -> None:
        for file in _markdown(place):
            self.file(file, scope, rule=True)

    def file(self, file: Path, scope: Scope, depth: int = 0, *, rule: bool = False) -> None:
        real = os.path.realpath(file)
        read = None if real in self._seen or len(self.found) >= _FILES else _read(file)
        if read is None or not self._visible(real):
            return
        content, truncated = read
        self._seen.add(real)
        if not (rule and _for_paths(content)):
            self.found.append(MemoryFile(path=str(file), scope=scope, content=content, truncated=truncated))
            for target in _imports(content, file.parent) if depth < _DEPTH else ():
                if scope == "user" or self._inside(target):
                    self.file(target, scope, depth + 1)

    def _inside(self, file: Path) -> bool:
        return self._project is not None and Path(os.path.realpath(file)).is_relative_to(self._project.resolve())

    def _visible(self, real: str) -> bool:
        """Whoever must not see the user's files sees none through a link either."""
        return self._whole or (self._project is not None and Path(real).is_relative_to(self._project.resolve()))


def _for_paths(content: str) -> bool:
    """Tell whether a rule is for some files only: its front matter holds ``paths`` with something in it."""
    head = content.removeprefix("\ufeff").replace("\r\n", "\n").split("\n---", 1)[0] if content else ""
    found = re.search(r"^paths:[ \t]*(.*(?:\n[ \t]*-.*)*)", head, re.MULTILINE) if head.startswith("---") else None
    return found is not None and found[1].strip() not in ("", "[]", "null", "~")


def _imports(content: str, place: Path) -> Iterator[Path]:
    for found in _IMPORT.finditer(_NOT_TEXT.sub(" ", content)):
        named = found[1].replace("\\ ", " ")
        target = user_home() / named[2:] if named.startswith("~/") else place / named
        if "\0" not in named:
            yield Path(os.path.normpath(target))


def _markdown(place: Path) -> list[Path]:
    """Return the Markdown files below a directory; linked directories are not entered."""
    found = (Path(root, name) for root, _, names in os.walk(place) for name in names if name.endswith(".md"))
    return sorted(found)


def _read(file: Path) -> tuple[str, bool] | None:
    """Return a file's text and whether it was cut; None for what is missing, empty or no text."""
    try:
        if not file.is_file():
            return None
        with file.open("rb") as stream:
            data = stream.read(CONTENT_LIMIT + 1)
    except (OSError, ValueError):
        return None
    if not data.strip() or b"\0" in data:
        return None
    return data[:CONTENT_LIMIT].decode("utf-8", "replace"), len(data) > CONTENT_LIMIT
