"""Whether a directory has tracked files, asked for the few directories that are ignored."""

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pygit2

FULL_PATHS = (b"DIRC\0\0\0\2", b"DIRC\0\0\0\3")
"""How an index begins whose entries carry whole paths; version 4 shortens them (gitformat-index(5))."""
SPLIT = b"link"
"""The extension of an index most of whose entries are in another file (gitformat-index(5), "Split index")."""


class TrackedDirectories:
    """The directories with a tracked file somewhere below them, as paths inside the repository.

    Building them means an object for every entry of the index, which takes a third of the time of the ``git status``
    it is for. An ignored directory's name is rarely in the index at all, and that is quick to see.
    """

    def __init__(self, repository: "pygit2.Repository") -> None:
        self._repository = repository

    def __contains__(self, directory: str) -> bool:
        return self._may_have(os.fsencode(directory)) and directory in self._all

    def _may_have(self, directory: bytes) -> bool:
        index = self._bytes
        return directory + b"/" in index or not index.startswith(FULL_PATHS) or SPLIT in index

    @functools.cached_property
    def _bytes(self) -> bytes:
        try:
            return (Path(self._repository.path) / "index").read_bytes()
        except FileNotFoundError:  # nothing was ever added
            return b""

    @functools.cached_property
    def _all(self) -> set[str]:
        found: set[str] = set()
        for entry in self._repository.index:
            directory = entry.path.rpartition("/")[0]
            while directory and directory not in found:
                found.add(directory)
                directory = directory.rpartition("/")[0]
        return found
