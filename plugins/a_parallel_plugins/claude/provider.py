"""The provider ``claude``: starts the Claude CLI on this machine (`AgentProvider`)."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from a_parallel_contracts import ApiError, FailedDependency, NotFound
from a_parallel_contracts.agents import ProviderStatus, Run, ToolGate
from a_parallel_contracts.hosts import HeldProcess, Holders, Host, Owner, Process
from a_parallel_plugins.claude.arguments import ask_arguments, environment, run_arguments
from a_parallel_plugins.claude.detection import Detector, start_failure
from a_parallel_plugins.claude.settings import ClaudeSettings

if TYPE_CHECKING:  # loaded with the first agent: it takes as long as three other plugins together
    from a_parallel_plugins.claude.session import ClaudeSession

LINE_LIMIT = 64 * 1024 * 1024
"""Bytes of a line; a tool's result carries whole files and images (``claude-cli.md`` §3)."""


class ClaudeProvider:
    """Starts agents, and ends those that are left when the plugin stops."""

    def __init__(
        self,
        host: Host,
        settings: ClaudeSettings,
        log: logging.Logger,
        holders: Callable[[], Holders | None] = lambda: None,
    ) -> None:
        self._host = host
        self._holders = holders
        self._settings = settings
        self._log = log
        self._detector = Detector(host, settings.binary)
        self._sessions: set[ClaudeSession] = set()

    async def status(self) -> ProviderStatus:
        """Look anew for the CLI (``http-core.md`` §4.2)."""
        self._detector.forget()
        try:
            found = await self._detector.find()
        except FailedDependency as error:
            reason = error.extra.get("details") or error.extra.get("message") or error.message
            return ProviderStatus(available=False, error=str(reason))
        return ProviderStatus(available=True, path=found.path, version=found.version)

    async def start(self, run: Run, gate: ToolGate) -> "ClaudeSession":
        """Start the CLI for a run and hand it the first message, without waiting for what it says.

        Raises:
            FailedDependency: the CLI is missing or broken, or the directory is gone.
        """
        found = await self._detector.find()
        argv = run_arguments(found.path, run, self._settings)
        holders = self._holders()
        if run.hold is None or holders is None:
            process = await self._spawn(argv, run.directory, run.thread.id, environment(run.environment))
            return await self._begin(process, run, gate)
        owner, env = Owner("agent", run.thread.id), environment(run.environment)
        try:
            held = await holders.spawn(
                argv, cwd=run.directory, owner=owner, name=run.hold, env=env, line_limit=LINE_LIMIT
            )
        except ApiError as error:
            raise start_failure(error.message) from error
        return await self._begin(held, run, gate, held=held)

    async def attach(self, run: Run, gate: ToolGate, state: Mapping[str, Any] | None) -> "ClaudeSession":
        """Go on with a CLI in a holder.

        Raises:
            NotFound: there is none.
            FailedDependency: its holder does not answer.
        """
        holders = self._holders()
        if run.hold is None or holders is None:
            raise NotFound("There are no holders")
        position = state["position"] if state else None
        held = await holders.attach(run.hold, position=position, line_limit=LINE_LIMIT)
        return await self._begin(held, run, gate, held=held, memory=state)

    async def _begin(
        self,
        process: Process,
        run: Run,
        gate: ToolGate,
        *,
        held: HeldProcess | None = None,
        memory: Mapping[str, Any] | None = None,
    ) -> "ClaudeSession":
        from a_parallel_plugins.claude.session import ClaudeSession

        try:
            session = ClaudeSession(process, run, gate, self._settings, self._log, held=held, memory=memory)
        except BaseException:
            await process.terminate()
            raise
        self._sessions.add(session)
        session.on_exit(self._sessions.discard)
        return session

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Return the answer to a single prompt; the child is always reaped.

        Raises:
            FailedDependency: no answer in time, or the CLI cannot be started.
        """
        from a_parallel_plugins.claude.oneshot import answer_of

        found = await self._detector.find()
        process = await self._spawn(ask_arguments(found.path), directory, "ask", environment({}))
        try:
            return await asyncio.wait_for(answer_of(process, prompt), timeout)
        except TimeoutError:
            raise FailedDependency(f"The Claude CLI gave no answer within {timeout:g} s") from None
        finally:
            await asyncio.shield(process.terminate())

    async def close(self, *, leaving: bool = False) -> None:
        """End all agents that are still alive; `leaving` lets those in holders be."""
        keeps = leaving and self._holders() is not None
        ends = (session.leave() if keeps and session.held else session.stop() for session in list(self._sessions))
        await asyncio.gather(*ends)

    async def _spawn(self, argv: list[str], directory: str, key: str, env: dict[str, str | None]) -> Process:
        owner = Owner("agent", key)
        try:
            return await self._host.spawn(argv, cwd=directory, owner=owner, env=env, line_limit=LINE_LIMIT)
        except ApiError as error:
            raise start_failure(error.message) from error
