"""Admission: how many agents work at the same time, and who is next."""

from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from a_parallel_contracts.agents import AgentEventBase
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.services import ServiceKey

QueueReason = Literal["runs", "user", "project", "memory", "provider"]
"""What a start waits for: one of all runs, of its user's or of its project's to end, free memory, or an agent
provider that is not there yet."""


class QueuePlace(WireModel):
    """Where a start stands in the queue.

    Attributes:
        place: 1 is next.
        reason: what it waits for.
        since: ISO timestamp of the moment at which it joined.
    """

    place: int
    reason: QueueReason
    since: str


class AgentQueued(AgentEventBase):
    """``agents:queued``: a thread that is ``pending`` waits for its turn, or its place has changed."""

    place: int
    reason: QueueReason
    since: str


class Admission(Protocol):
    """The one door that all agents go through."""

    def slot(self, owner: str, project_id: str) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of an agent that belongs to no run of a thread, and count it while inside.

        Parameters:
            owner: user id of whoever wants it; users take turns.
            project_id: the projects of a user take turns as well.
        """
        ...

    def place(self, thread_id: str) -> QueuePlace | None:
        """Return where the start of a thread's agent stands in the queue, None if it does not wait."""
        ...


ADMISSION = ServiceKey[Admission]("admission")
