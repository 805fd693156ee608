"""The database as plugins see it: one writer that commits in groups, readers beside it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from a_parallel_contracts.events import Event

ResultT = TypeVar("ResultT")
ModelT = TypeVar("ModelT", bound=BaseModel)
EventT = TypeVar("EventT", bound=Event)
Row = dict[str, Any]
Params = Sequence[Any] | Mapping[str, Any]


class Reader(Protocol):
    """SQL inside a thread that owns a connection."""

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows, each a dict by column name."""
        ...

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Return the first row, or None."""
        ...

    def value(self, sql: str, params: Params = ()) -> Any:
        """Return the first column of the first row, or None."""
        ...

    def tuples(self, sql: str, params: Params = ()) -> Iterable[tuple[Any, ...]]:
        """Iterate over the rows as tuples, for large results."""
        ...


class Transaction(Reader, Protocol):
    """A unit of work inside the writer's current group."""

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement and return the number of rows it changed."""
        ...

    def executemany(self, sql: str, params: Iterable[Params]) -> int:
        """Run one statement for each of `params` and return the number of rows changed."""
        ...

    def emit(self, event: EventT) -> EventT:
        """Publish `event` after the commit, in the order of the calls; never if the unit is rolled back.

        Returns:
            The event, so that a unit can be a lambda.
        """
        ...


class Database(Protocol):
    """The server's database; every unit of work is durable before anybody hears of it."""

    async def write(self, unit: Callable[[Transaction], ResultT]) -> ResultT:
        """Run `unit` on the writer's thread inside the next group and return its result after the commit.

        `unit` must not block or await, and its effects are rows and events alone: if the group's commit
        fails, every unit of it runs again by itself. If it raises, its own changes are undone and its events
        are dropped; the rest of the group is unharmed. Cancelling the caller does not take back the unit.

        Raises:
            Conflict: a unique or foreign key was violated; `unit` itself may catch it.
            InsufficientStorage: the disk is full; nothing was written.
            ServiceUnavailable: another process locks the database, or the server is stopping.
        """
        ...

    async def run(self, query: Callable[[Reader], ResultT]) -> ResultT:
        """Run `query` on a reader's thread inside one read transaction; what it returns may not be lazy."""
        ...

    async def read(self, sql: str, *, into: type[ModelT], **params: Any) -> list[ModelT]:
        """Return the rows of `sql` (named parameters, ``:name``) as models."""
        ...

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return the rows of `sql` (named parameters) as dicts."""
        ...

    async def one(self, sql: str, **params: Any) -> Row | None:
        """Return the first row of `sql` (named parameters), or None."""
        ...
