"""One merge for each repository at a time, also while an agent resolves conflicts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from a_parallel_contracts import Conflict
from a_parallel_plugins.merge.repository import Repository


class Slots:
    """Repositories in which a merge is at work.

    The repository's own lock is held by a merge only while it writes, so that threads can begin and end while an
    agent thinks; this is what keeps merges apart meanwhile.
    """

    def __init__(self) -> None:
        self._taken: set[Path] = set()

    @contextmanager
    def taken(self, repository: Repository) -> Iterator[None]:
        """Keep other merges out.

        Raises:
            Conflict: there is one already.
        """
        if repository.shared in self._taken:
            raise Conflict("Another merge is at work in this repository. Try again when it is done.")
        self._taken.add(repository.shared)
        try:
            yield
        finally:
            self._taken.discard(repository.shared)
