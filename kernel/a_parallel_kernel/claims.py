"""Links what a request writes with the key that it was sent under."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from a_parallel_contracts.database import Transaction

ResultT = TypeVar("ResultT")


class Claim:
    """A key that is being used for the first time.

    Parameters:
        id: of its row.

    Attributes:
        open: there is no answer yet.
        effective: something was written on its behalf, and its row says so.
    """

    __slots__ = ("effective", "id", "open")

    def __init__(self, id: int) -> None:
        self.id = id
        self.open = True
        self.effective = False

    def marking(self, unit: Callable[[Transaction], ResultT]) -> Callable[[Transaction], ResultT]:
        """Return `unit` with a note in the claim's row, in the same transaction."""

        def marked(tx: Transaction) -> ResultT:
            result = unit(tx)
            tx.execute("UPDATE kernel_requests SET effective = 1 WHERE id = ?", (self.id,))
            return result

        return marked


CLAIM: ContextVar[Claim | None] = ContextVar("claim", default=None)
"""The claim of the request that is being handled."""


def unmarked() -> Claim | None:
    """Return the claim of the request that is being handled, if nothing was written on its behalf yet."""
    claim = CLAIM.get()
    return claim if claim is not None and claim.open and not claim.effective else None
