"""Keeps what was loaded for routes made of rows, for as long as no row changes."""

from collections.abc import Callable
from typing import Any

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.services import Resources

LIMIT = 256
"""Resources that are kept at most."""


class Loaded:
    """Loads each resource once for each actor and state of the database.

    Asking a reader's thread takes longer than most of what is asked there, and conversations are paged through. Nobody
    gets what was loaded for somebody else, so whoever loads decides each time about each actor.

    Parameters:
        changes: returns how many rows have been changed so far; without it nothing is kept.
    """

    def __init__(self, changes: Callable[[], int] | None) -> None:
        self._changes = changes
        self._state = -1
        self._found: dict[tuple[Actor, str], tuple[Resources[Any], Any]] = {}

    async def load(self, service: Resources[Any], actor: Actor, id: str) -> Any:
        """Return what `service` loads, or has loaded since the last change.

        Raises:
            ApiError: what `service` raises, each time anew.
        """
        if self._changes is None:
            return await service.load(actor, id)
        state = self._changes()  # before anything is read
        if state != self._state or len(self._found) >= LIMIT:
            self._state, self._found = state, {}
        found = self._found  # while it is loaded a row may change, and the next request begins anew
        known = found.get((actor, id))
        if known is None or known[0] is not service:
            known = found[actor, id] = service, await service.load(actor, id)
        return known[1]
