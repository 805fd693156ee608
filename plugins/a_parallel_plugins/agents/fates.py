"""What became of the prompts of one session: each one reaches the agent once, or waits for the next session."""

from collections.abc import Iterable, Mapping
from typing import Any


class Fates:
    """Prompts that the agent has not begun with.

    Parameters:
        opening: ids of the prompts that the session is started with, the first one being sent already.

    Attributes:
        sent: taken by the agent but not begun with.
        queued: not taken yet, oldest first.
    """

    def __init__(self, opening: tuple[str, ...]) -> None:
        self.sent: dict[str, None] = dict.fromkeys(opening[:1])
        self.queued: dict[str, None] = dict.fromkeys(opening[1:])
        self._opening = opening[:1]

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        return {"sent": list(self.sent), "queued": list(self.queued), "opening": list(self._opening)}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`."""
        self.sent, self.queued = dict.fromkeys(memory["sent"]), dict.fromkeys(memory["queued"])
        self._opening = tuple(memory["opening"])

    @property
    def unseen(self) -> bool:
        """Whether there is anything that the agent has not begun with."""
        return bool(self.sent or self.queued)

    def add(self, prompt_id: str) -> None:
        """A further message came."""
        self.queued[prompt_id] = None

    def withdraw(self, prompt_id: str) -> None:
        """A message was not accepted after all."""
        self.queued.pop(prompt_id, None)

    def taken(self, prompt_id: str) -> None:
        """The agent has taken a message. It may have told before that it has begun with it."""
        if prompt_id in self.queued:
            del self.queued[prompt_id]
            self.sent[prompt_id] = None

    def thrown_away(self, prompt_id: str) -> None:
        """The agent threw a message away that it had not begun with; it is sent again before the others."""
        if prompt_id in self.sent:
            del self.sent[prompt_id]
            self.queued = {prompt_id: None, **self.queued}

    def seen(self, prompt_ids: Iterable[str]) -> tuple[str, ...]:
        """The agent has these; return those of which that is news."""
        news = tuple(prompt for prompt in prompt_ids if prompt in self.sent or prompt in self.queued)
        for prompt_id in news:
            self.sent.pop(prompt_id, None)
            self.queued.pop(prompt_id, None)
        return news

    def working(self) -> tuple[str, ...]:
        """The agent does something, so it has begun with what it was started with."""
        if not self._opening:
            return ()
        opening, self._opening = self._opening, ()
        return self.seen(opening)

    def gone(self, undelivered: Iterable[str]) -> tuple[str, ...]:
        """The agent is gone: what it had taken and does not give back, it has seen."""
        given_back = set(undelivered)
        return self.seen([prompt for prompt in self.sent if prompt not in given_back])
