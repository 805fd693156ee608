"""Tool calls of the scripted agent: told, decided about, asked about, done, and told again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from a_parallel_contracts import ApiError, new_id
from a_parallel_contracts.agents import Answer, RequestKind, RequestOpened, ToolCalled, ToolFinished
from a_parallel_contracts.hosts import Host, Owner, Process
from a_parallel_plugins.scripted.script import ScriptError
from a_parallel_plugins.scripted.session import ScriptedSession

OUTPUT_LIMIT = 100_000
"""Bytes of a command's output that are kept."""

Action = Callable[[], Awaitable[str]]


class ToolWork:
    """Does tool calls for one turn.

    Parameters:
        session: whose turn it is.
        host: where commands run.
        limit: seconds that a command may take.
    """

    def __init__(self, session: ScriptedSession, host: Host, limit: float) -> None:
        self._session = session
        self._host = host
        self._limit = limit

    async def call(
        self, name: str, tool_input: Mapping[str, Any], action: Action, *, message_id: str, ask: bool = False
    ) -> bool:
        """Do one tool call and return whether it was allowed and went well.

        Parameters:
            name: of the tool.
            tool_input: its input.
            action: does the work and returns the output.
            message_id: of the message that calls it.
            ask: ask a person in any case.
        """
        use = f"toolu_{new_id()}"
        await self._session.emit(ToolCalled(use, message_id, name, dict(tool_input)))
        refusal = await self._refusal(name, tool_input, use, ask=ask)
        if refusal is not None:
            await self._session.emit(ToolFinished(use, refusal, is_error=True))
            return False
        try:
            output, failed = await action(), False
        except (ScriptError, ApiError, OSError) as error:
            output, failed = str(error), True
        await self._session.emit(ToolFinished(use, output, is_error=failed))
        return not failed

    async def ask(self, kind: RequestKind, name: str, tool_input: Mapping[str, Any], *, message_id: str) -> Answer:
        """Call a tool that is itself a question to a person, and return the answer."""
        use = f"toolu_{new_id()}"
        await self._session.emit(ToolCalled(use, message_id, name, dict(tool_input)))
        decision = await self._session.gate(name, tool_input, use)
        if decision is not None and decision.behavior == "deny":
            answer = Answer("deny", message=decision.reason)
        else:
            answer = await self._session.hold(RequestOpened(new_id(), kind, name, tool_input, use))
        denied = answer.behavior == "deny"
        said = answer.message if denied else answer.text or "The user approved."
        await self._session.emit(ToolFinished(use, said, is_error=denied))
        return answer

    async def _refusal(self, name: str, tool_input: Mapping[str, Any], use: str, *, ask: bool) -> str | None:
        """Return why the call may not be done, or None."""
        decision = await self._session.gate(name, tool_input, use)
        if decision is not None and decision.behavior == "deny":
            return decision.reason or "The call was denied"
        rule = decision.behavior if decision is not None else self._session.rules.decide(name)
        if rule == "deny":
            return f"The tool {name} is not in the allowed tools list"
        if rule == "allow" and not ask:
            return None
        request = RequestOpened(new_id(), RequestKind.PERMISSION, name, tool_input, use)
        answer = await self._session.hold(request)
        return None if answer.behavior == "allow" else answer.message or "The user denied it"

    async def bash(self, command: str) -> str:
        """Run a command as the Bash tool of an agent does, and return what it wrote.

        Raises:
            ScriptError: it exited with a status other than 0, or took too long.
        """
        process = await self._spawn(command)
        written = bytearray()
        try:
            await process.close_stdin()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limit):
                    async for chunk in process.chunks():
                        written += chunk[: OUTPUT_LIMIT - len(written)]
                    return _output(written.decode("utf-8", "replace"), await process.wait())
        finally:
            await process.terminate()
        raise ScriptError(f"The command took more than {self._limit:g} s")

    async def _spawn(self, command: str) -> Process:
        """Start a command; if the turn ends meanwhile, it is ended before that is told."""
        run = self._session.run
        starting = asyncio.ensure_future(
            self._host.spawn(
                ["sh", "-c", f"exec 2>&1\n{command}"],
                cwd=run.directory,
                owner=Owner("agent", run.thread.id),
                env=run.environment,
            )
        )
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await (await starting).terminate(0)
            raise


def _output(text: str, status: int) -> str:
    text = text.rstrip()
    if status != 0:
        raise ScriptError(f"Exit status {status}\n{text}".rstrip())
    return text
