"""One live Claude CLI (`AgentSession`): its process, and the parts that read, write and answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

from a_parallel_contracts import ApiError, FailedDependency
from a_parallel_contracts.agents import AgentEvent, Answer, Checkpoint, Exited, Prompt, Run, ToolGate
from a_parallel_contracts.hosts import HeldProcess, Process
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.claude.arguments import CLI_MODES
from a_parallel_plugins.claude.controls import Controls
from a_parallel_plugins.claude.dispatcher import LOST, Dispatcher
from a_parallel_plugins.claude.idleness import Idleness
from a_parallel_plugins.claude.lines import Delta, Line
from a_parallel_plugins.claude.outbox import Outbox
from a_parallel_plugins.claude.permissions import HOOK_ID, Permissions
from a_parallel_plugins.claude.reader import Reader
from a_parallel_plugins.claude.rules import AskRules
from a_parallel_plugins.claude.settings import ClaudeSettings
from a_parallel_plugins.claude.stdin import initialize_line, user_line
from a_parallel_plugins.claude.turns import Turns
from a_parallel_plugins.claude.watchdog import Watchdog
from a_parallel_plugins.claude.writer import Writer

DETAIL_LIMIT = 4000
"""Characters of the end of standard error that go into `Exited`."""

HOOK_MARGIN = 30.0
"""Seconds that the CLI waits for a decision longer than we take for it at most."""


ABSENCE = 3600.0
"""Seconds that it waits longer if it is held: the server may be gone meanwhile, and the next one decides."""


class ClaudeSession:
    """Talks to one CLI from its first message to its exit, or from where another server was."""

    def __init__(
        self,
        process: Process,
        run: Run,
        gate: ToolGate,
        settings: ClaudeSettings,
        log: logging.Logger,
        *,
        held: HeldProcess | None = None,
        memory: Mapping[str, Any] | None = None,
    ) -> None:
        """Start reading at once and send the first message; call inside a running loop.

        Parameters:
            process: the CLI.
            run: what it was started for.
            gate: asked before each tool call.
            settings: limits.
            log: gets what people should know.
            held: the same process, if a holder keeps it; then the session tells `Checkpoint`.
            memory: the state of a checkpoint from which to go on.
        """
        self._process = process
        self._held = held
        self._left = self._marking = False
        self._position = held.position if held is not None else 0
        self._run = run
        self._settings = settings
        self._log = log
        self._closing = False
        self._ended = False
        self._fault = ""
        self._weight = 0
        self._outbox = Outbox()
        self._writer = Writer(process, held)
        self._controls = Controls(self._writer, self._outbox, settings.control_timeout)
        self._turns = Turns()
        self._rules = AskRules(run)
        self._permissions = Permissions(
            gate,
            self._rules,
            write=self._writer.put,
            emit=self._tell,
            changed=lambda: self._idleness.consider(),
            limit=settings.gate_timeout,
            log=log,
        )
        self._dispatcher = Dispatcher(
            run,
            turns=self._turns,
            rules=self._rules,
            permissions=self._permissions,
            controls=self._controls,
            emit=self._tell,
        )
        self._idleness = Idleness(self._turns, lambda: self._permissions.waiting, self._tell, self._became_idle)
        self._watchdog = Watchdog(self._silence_limit, settings.silence_limit)
        self._reader = Reader(process, self._outbox, self._take, log)
        if memory is None:
            limit = settings.gate_timeout + (ABSENCE if held is not None else 0.0)
            self._writer.put(initialize_line(str(uuid4()), _hook(limit)), "i")
            self._hand_over(run.prompt)
        else:
            self._restore(memory)
        self._life = asyncio.create_task(self._live(), name=f"claude {process.pid}")

    def on_exit(self, callback: Callable[["ClaudeSession"], object]) -> None:
        """Call `callback` once the CLI is gone."""
        self._life.add_done_callback(lambda _: callback(self))

    @property
    def held(self) -> bool:
        """Whether a holder keeps the CLI."""
        return self._held is not None

    # --- AgentSession -----------------------------------------------------------------------------

    def events(self) -> AsyncIterator[AgentEvent]:
        """Iterate over what the agent reports until `Exited`."""
        return self._outbox.events()

    async def send(self, prompt: Prompt) -> bool:
        """Put a further message on the CLI's open standard input."""
        return not self._closing and not self._ended and self._hand_over(prompt)

    async def answer(self, request_id: str, answer: Answer) -> bool:
        """Answer a held request; False if it is not open any more."""
        if not self._permissions.answer(request_id, answer):
            return False
        if answer.behavior == "allow" and answer.accept_edits:
            self._rules.mode = PermissionMode.AUTO_EDIT
        self._watchdog.touch()
        self._idleness.consider()
        return True

    async def interrupt(self) -> bool:
        """End the current turn; its `TurnEnded` follows. False if none runs or the CLI does not obey."""
        if not self._turns.busy:
            return False
        self._dispatcher.interrupting = True
        try:
            await self._controls.ask({"subtype": "interrupt"})
        except FailedDependency as error:
            self._log.warning("The agent was not interrupted: %s", error.message)
            self._dispatcher.interrupting = False
            return False
        return True

    async def set_model(self, model: Model) -> None:
        """Use another model from the next turn on.

        Raises:
            FailedDependency: the CLI refused it, or did not answer in time.
        """
        await self._controls.ask({"subtype": "set_model", "model": self._settings.models.get(model, str(model))})

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """Use another permission mode from now on.

        Raises:
            FailedDependency: the CLI refused it, or did not answer in time.
        """
        self._dispatcher.setting_mode += 1
        before, self._rules.mode = self._rules.mode, mode
        try:
            await self._controls.ask({"subtype": "set_permission_mode", "mode": CLI_MODES[mode]})
        except FailedDependency:
            self._rules.mode = before
            raise
        finally:
            self._dispatcher.setting_mode -= 1

    async def close(self) -> None:
        """Close standard input as soon as the CLI is idle: what it still asks for must find somebody to answer."""
        self._closing = True
        if self._idleness.told:
            self._close_input()

    async def stop(self, grace: float = 3.0) -> None:
        """End the CLI and all its children, and wait for that."""
        self._ended = True
        self._outbox.lift()  # a child whose output nobody takes cannot end
        await self._process.terminate(grace)

    async def leave(self) -> None:
        """Let go of the CLI without ending it; nothing more is told."""
        self._left = self._ended = True
        self._idleness.end()
        self._dispatcher.stop()
        self._permissions.end()
        self._life.cancel()
        await asyncio.wait({self._life})
        if self._held is not None:
            await self._held.leave()

    # --- for another server -----------------------------------------------------------------------

    def _mark(self) -> None:
        """Tell what has been read and what follows from it. Not in the middle of a line: everything must fit."""
        self._marking = False
        if self._held is None or self._left or self._life.done():
            return
        position = self._position
        memory = {
            "position": position,
            "mode": self._rules.mode.value,
            "closing": self._closing,
            "told": self._idleness.told,
            "waiting": self._writer.waiting,
            "turns": self._turns.memory,
            "permissions": self._permissions.memory,
            **self._dispatcher.memory,
        }
        self._outbox.mark(Checkpoint(memory, partial(self._held.release, position)))

    def _changed(self) -> None:
        if self._held is not None and not self._marking:
            self._marking = True
            asyncio.get_running_loop().call_soon(self._mark)

    def _restore(self, memory: Mapping[str, Any]) -> None:
        assert self._held is not None
        self._rules.mode = PermissionMode(memory["mode"])
        self._turns.restore(memory["turns"])
        self._dispatcher.restore(memory)
        self._idleness.told = memory["told"]
        self._writer.restore(memory["waiting"])
        self._permissions.restore(memory["permissions"], self._held.accepted)
        self._closing = memory["closing"]
        asyncio.get_running_loop().call_soon(self._idleness.consider)

    # --- messages ---------------------------------------------------------------------------------

    def _hand_over(self, prompt: Prompt) -> bool:
        """Write a message; one that another server has written is on its way already."""
        if not self._writer.put(user_line(prompt), f"p:{prompt.id}:{self._turns.attempt(prompt.id)}"):
            return False
        if not self._turns.knows(prompt.id):
            self._turns.sent(prompt.id)
        self._changed()
        self._watchdog.touch()
        self._idleness.consider()
        return True

    def _take(self, raw: bytes) -> None:
        """Take a line of standard output."""
        self._watchdog.touch()
        if self._held is not None:
            self._position = self._held.position
        line = self._reader.parse(raw)
        if line is not None:
            self._weight = len(raw)
            self._handle(line)
            self._weight = 0
            if not isinstance(line, Delta):
                self._idleness.consider()
                self._changed()

    def _handle(self, line: Line) -> None:
        """Take a line; a fault of ours costs this line, not the session."""
        try:
            self._dispatcher.handle(line)
        except Exception:  # noqa: BLE001
            self._log.exception("A line of type %s from the Claude CLI was not handled", type(line).__name__)

    def _tell(self, event: AgentEvent) -> None:
        """Emit an event; the first one of a line carries the line's weight."""
        weight, self._weight = self._weight, 0
        self._outbox.put(event, weight)
        self._changed()

    # --- life -------------------------------------------------------------------------------------

    async def _live(self) -> None:
        """Read until the CLI is gone, then tell that."""
        others = [asyncio.create_task(self._writer.run()), asyncio.create_task(self._guard())]
        returncode: int | None = None
        try:
            await self._reader.read_all()
            returncode = await self._reaped()
        except Exception as error:  # noqa: BLE001 - whatever happens, the consumer must hear of the end
            self._log.exception("Following the Claude CLI failed")
            self._fault = f"Following the agent failed: {type(error).__name__}"
            with suppress(ApiError):
                await self.stop()
        finally:
            for task in others:
                task.cancel()
            if not self._left:
                self._finish(returncode)

    async def _reaped(self) -> int:
        """Return the exit status, and end what a CLI leaves behind that went in the middle of its work."""
        try:
            returncode = await asyncio.wait_for(self._process.wait(), self._settings.linger_limit)
        except TimeoutError:
            self._log.warning("The Claude CLI closed its output but stayed, so it is ended")
            returncode = await self._process.terminate()
        if not self._ended and (returncode < 0 or self._turns.busy):
            await self._process.terminate()
        return returncode

    def _finish(self, returncode: int | None) -> None:
        self._permissions.end()
        self._controls.end()
        self._idleness.end()
        self._dispatcher.end()
        self._outbox.put(
            Exited(
                returncode,
                detail=self._fault or self._process.stderr_tail.strip()[-DETAIL_LIMIT:],
                session_lost=self._is_lost(),
                undelivered=self._turns.undelivered,
            )
        )

    def _is_lost(self) -> bool:
        """Tell whether the session to resume is unknown: as a result said, or standard error alone."""
        if self._dispatcher.session_lost:
            return True
        said = self._process.stderr_tail
        return self._run.session_id is not None and not self._dispatcher.spoken and any(sign in said for sign in LOST)

    def _became_idle(self) -> None:
        if self._closing:
            self._close_input()

    def _close_input(self) -> None:
        if self._writer.open:
            self._writer.close()
            asyncio.get_running_loop().call_later(self._settings.linger_limit, self._end_lingering)

    def _end_lingering(self) -> None:
        """End a CLI that stays although it has nothing to do; one that works may go on."""
        if self._life.done() or self._ended:
            return
        if self._turns.works:
            asyncio.get_running_loop().call_later(self._settings.linger_limit, self._end_lingering)
        else:
            self._log.warning("The Claude CLI stayed although its work is done, so it is ended")
            self._lingerer = asyncio.create_task(self.stop())

    # --- silence ----------------------------------------------------------------------------------

    async def _guard(self) -> None:
        """End a CLI that says nothing for too long in the middle of a turn."""
        seconds = await self._watchdog.silence()
        self._fault = f"The agent said nothing for {seconds:g} s in the middle of its work, so it was ended"
        self._log.warning(self._fault)
        await self.stop()

    def _silence_limit(self) -> float | None:
        works = self._turns.busy or self._turns.awaits_start
        if self._permissions.waiting or not works or self._ended:
            return None
        return self._settings.tool_silence_limit if self._dispatcher.open_tools else self._settings.silence_limit


def _hook(limit: float) -> dict[str, Any]:
    """Return the hook before each tool call; where we fail to answer in time, the call is blocked."""
    return {"matcher": ".*", "hookCallbackIds": [HOOK_ID], "timeout": limit + HOOK_MARGIN, "onFailure": "block"}
