"""Hands a person's message to an agent that is alive: as an answer, or as a further message."""

import asyncio
import contextlib

from msgspec.structs import replace

from a_parallel_contracts.agents import Answer, Prompt, StartRequest
from a_parallel_contracts.threads import Message, Model, PermissionMode, Thread, ThreadChanges, Threads
from a_parallel_plugins.agents.answers import answer_to
from a_parallel_plugins.agents.book import Change
from a_parallel_plugins.agents.changes import PromptsSeen, RowChanged, UserMessageAdded
from a_parallel_plugins.agents.compose import compose, overrides
from a_parallel_plugins.agents.launch import Start
from a_parallel_plugins.agents.live import Live
from a_parallel_plugins.agents.outcomes import RunBegun
from a_parallel_plugins.agents.runs import Runs
from a_parallel_plugins.agents.waits import Wait

REQUEST_PATIENCE = 3.0
"""Seconds between the call of an asking tool and its request, in which an answer waits for the request."""


class Delivery:
    """Reaches live agents. Callers hold `Threads.exclusive` of the thread."""

    def __init__(self, runs: Runs, threads: Threads) -> None:
        self._runs = runs
        self._threads = threads

    async def reach(self, live: Live, thread: Thread, request: StartRequest) -> bool:
        """Hand a message to the agent; False if it is going, and gone by then.

        Raises:
            ApiError: the agent does not accept the model or mode of the request.
        """
        message, prompt = await compose(thread, request, live.run.directory)
        if live.open:
            await _adjust(live, overrides(thread, request))
        wait = await self._answerable(live)
        if not (live.open or live.machine.busy):
            await self._runs.end(live)
            return False
        if wait is not None:
            await self.answer(live, wait, thread, request, answer_to(wait, request.text), message, prompt)
        else:
            await self._deliver(live, thread, request, message, prompt)
        return True

    async def _answerable(self, live: Live) -> Wait | None:
        """Return what the client shows, once it can be answered."""
        waits = live.machine.waits
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REQUEST_PATIENCE):
                while live.open and waits.first is not None and waits.first.request_id is None:
                    await live.progress()
        return waits.first if waits.first is not None and waits.first.request_id is not None else None

    async def answer(
        self,
        live: Live,
        wait: Wait,
        thread: Thread,
        request: StartRequest,
        answer: Answer,
        message: Message,
        prompt: Prompt,
    ) -> None:
        """Store the message and answer what the agent waits for; if it no longer does, the message is delivered."""
        machine = live.machine
        changes = overrides(thread, request)
        if answer.accept_edits:
            changes["permission_mode"] = PermissionMode.AUTO_EDIT.value
        if wait.reason == "permission" and answer.behavior == "deny":
            machine.denials.refused.add(wait.tool)
        text, told = machine.answered(wait, _time())
        live.promise(wait.request_id or "", answer, prompt.id)
        try:
            await self._write(live, [*text, UserMessageAdded(message, prompt), *_row(changes), *told])
        except BaseException:
            machine.reopen(wait, text)
            live.promises.pop(wait.request_id or "", None)
            raise
        if not await live.session.answer(wait.request_id or "", answer):
            await self._queue(live, prompt)
        elif prompt.images:
            await self._queue(live, replace(prompt, text=""))
        else:
            await self._write(live, [PromptsSeen((prompt.id,))])

    async def _queue(self, live: Live, prompt: Prompt) -> None:
        """Send a prompt that is stored already."""
        live.machine.user_message(prompt.id, _time())
        live.prompts[prompt.id] = prompt
        self._runs.poke(live)
        await self._runs.send_queued(live)

    async def _deliver(
        self, live: Live, thread: Thread, request: StartRequest, message: Message, prompt: Prompt
    ) -> None:
        """Store a message and hand it to the agent; what it does not take is sent at the end of its turn."""
        machine, changes = live.machine, overrides(thread, request)
        begins = machine.kept
        if begins:
            live.cancel_timers()
            machine.begin(self._runs.next_generation(), _time())
        machine.user_message(prompt.id, _time())
        live.prompts[prompt.id] = prompt
        taken, _ = machine.take()
        first: list[Change] = [RunBegun(machine.generation, changes)] if begins else _row(changes)
        try:
            await self._write(live, [*taken, *first, UserMessageAdded(message, prompt)])
        except BaseException:
            machine.withdraw(prompt.id, taken, settled=begins)
            raise
        self._runs.poke(live)
        if not await self._runs.send_queued(live) and begins:
            await self._replace(live, thread, request, prompt)

    async def _replace(self, live: Live, thread: Thread, request: StartRequest, prompt: Prompt) -> None:
        """Go on in another session, since the one that was kept takes nothing."""
        await self._runs.end(live)
        generation = live.machine.generation
        thread, directory = await self._runs.directory(thread, generation, own=prompt.id)
        start = Start(thread, directory, request, generation, thread.status)
        await self._runs.launch(start, own=prompt.id)

    async def _write(self, live: Live, changes: list[Change]) -> None:
        await self._runs.write_live(live, changes)


async def _adjust(live: Live, changes: ThreadChanges) -> None:
    """Tell the agent another model or mode."""
    if "model" in changes:
        await live.session.set_model(Model(changes["model"]))
    if "permission_mode" in changes:
        await live.session.set_permission_mode(PermissionMode(changes["permission_mode"]))


def _row(changes: ThreadChanges) -> list[Change]:
    return [RowChanged(changes)] if changes else []


def _time() -> float:
    return asyncio.get_running_loop().time()
