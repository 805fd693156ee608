"""What answers when a conversation is to be resumed that nobody knows."""

from collections.abc import AsyncIterator

from a_parallel_contracts.agents import AgentEvent, Answer, Exited, Prompt, Run
from a_parallel_contracts.threads import Model, PermissionMode


class LostSession:
    """A session that ends at once and says that the conversation is unknown (`AgentSession`)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._undelivered = [run.prompt.id]

    async def events(self) -> AsyncIterator[AgentEvent]:
        """Report the end."""
        detail = f"No conversation found with session id {self._run.session_id}"
        yield Exited(1, detail, session_lost=True, undelivered=tuple(self._undelivered))

    async def send(self, prompt: Prompt) -> bool:
        """Take nothing."""
        return False

    async def answer(self, request_id: str, answer: Answer) -> bool:
        """Nothing was asked."""
        return False

    async def interrupt(self) -> bool:
        """Nothing runs."""
        return False

    async def set_model(self, model: Model) -> None:
        """It makes no difference."""

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """It makes no difference."""

    async def close(self) -> None:
        """It ends by itself."""

    async def stop(self, grace: float = 3.0) -> None:
        """It ends by itself."""
