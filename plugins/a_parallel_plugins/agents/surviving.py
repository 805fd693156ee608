"""Goes on with agents that have outlived an earlier server (`a_parallel_contracts.hosts.Holders`)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from msgspec.structs import replace

from a_parallel_contracts import ApiError, Database, FailedDependency, NotFound
from a_parallel_contracts.agents import Answer, Prompt, StartRequest, SurvivingProvider
from a_parallel_contracts.hosts import Holders
from a_parallel_contracts.threads import UNFINISHED, Thread, Threads
from a_parallel_plugins.agents import held, outbox
from a_parallel_plugins.agents.book import Subject
from a_parallel_plugins.agents.changes import PromptsSeen
from a_parallel_plugins.agents.held import HeldRun, HoldOver
from a_parallel_plugins.agents.launch import Launcher
from a_parallel_plugins.agents.live import Live, Promise
from a_parallel_plugins.agents.outcomes import RunEndedEarly
from a_parallel_plugins.agents.providers import Providers
from a_parallel_plugins.agents.runs import Runs

log = logging.getLogger(__name__)


class Survivors:
    """Agents of an earlier server.

    Parameters:
        db: holds their rows.
        threads: the thread store.
        launcher: makes what stands for an agent.
        providers: attach to it.
        runs: takes it over.
        holders: keep its process, if there are any.
        patience: seconds for which its provider may take to come.
    """

    def __init__(
        self,
        db: Database,
        threads: Threads,
        launcher: Launcher,
        providers: Providers,
        runs: Runs,
        holders: Holders | None,
        patience: float,
    ) -> None:
        self._db = db
        self._threads = threads
        self._launcher = launcher
        self._providers = providers
        self._runs = runs
        self._holders = holders
        self._patience = patience
        self._found: list[HeldRun] = []

    async def find(self) -> set[str]:
        """Look who is there, forget and end what cannot be gone on with, and return the ids of the others' threads."""
        alive = await self._alive()
        rows = await self._db.run(held.load)
        self._found = [row for row in rows if row.hold in alive and row.state["v"] == held.VERSION]
        lost = [row for row in rows if row not in self._found]
        await self._db.write(lambda tx: held.forget(tx, lost))
        for name in alive - {row.hold for row in self._found}:
            self._runs.tasks.spawn(self._end(name), name=f"end the agent {name} that belongs to no run")
        return {row.thread_id for row in self._found}

    async def _alive(self) -> set[str]:
        if self._holders is None:
            return set()
        return {one.name for one in await asyncio.to_thread(self._holders.list) if one.owner.kind == "agent"}

    async def _end(self, name: str) -> None:
        if self._holders is not None:
            await self._holders.end(name)

    async def begin(self, spawn: Callable[[Coroutine[Any, Any, None], str], object]) -> None:
        """Go on with all of them, as soon as their providers are there; until then their threads are locked."""
        locked = []
        for row in self._found:
            event = asyncio.Event()
            spawn(self._go_on(row, event), f"go on with thread {row.thread_id}")
            locked.append(event.wait())
        await asyncio.gather(*locked)

    async def _go_on(self, row: HeldRun, locked: asyncio.Event) -> None:
        self._runs.awaited.add(row.thread_id)
        try:
            async with self._threads.exclusive(row.thread_id):
                locked.set()
                await self._attach_or_give_up(row)
        finally:
            self._runs.awaited.discard(row.thread_id)

    async def _attach_or_give_up(self, row: HeldRun) -> None:
        thread = await self._threads.get(row.thread_id)
        try:
            if thread is None:
                raise NotFound("Thread not found")
            await self._attach(row, thread)
        except Exception as error:
            expected = isinstance(error, ApiError)
            log.warning("the agent of thread %s is given up: %s", row.thread_id, error, exc_info=not expected)
            await self._end(row.hold)
            if thread is not None:
                ending = RunEndedEarly(row.state["machine"]["generation"], "interrupted")
                unfinished = [ending] if thread.status in UNFINISHED else []
                await self._runs.write_end(Subject.of(thread), [*unfinished, HoldOver(row.hold)])

    async def _attach(self, row: HeldRun, thread: Thread) -> None:
        provider = await self._provider(row.provider)
        waiting = {one.prompt.id: one.prompt for one in await self._db.run(lambda r: outbox.waiting(r, thread.id))}
        run = held.run_of(row, thread, waiting.get(row.run["prompt"]))
        lists = StartRequest(text="", allowed_tools=run.allowed_tools, disallowed_tools=run.disallowed_tools)
        live = await self._launcher.attach(provider, row, run, lists, self._runs.next_generation)
        live.promises = {id: _promise(told) for id, told in row.state["promises"].items()}
        live.must_ask = set(row.state["asked"])
        self._queue(live, waiting)
        await self._runs.adopt(live)

    async def _provider(self, name: str) -> SurvivingProvider:
        try:
            provider = await asyncio.wait_for(self._providers.arrival(name), self._patience)
        except TimeoutError:
            raise FailedDependency(f"the provider {name} is not running") from None
        if not isinstance(provider, SurvivingProvider):
            raise FailedDependency(f"the provider {name} cannot go on with it")
        return provider

    def _queue(self, live: Live, waiting: Mapping[str, Prompt]) -> None:
        """Send what the agent may not have got; an answer is not sent as a message, but what it shows is."""
        fates = live.machine.fates
        answers = {promise.prompt_id for promise in live.promises.values()}
        for prompt in waiting.values():
            if prompt.id in fates.sent:
                continue
            if prompt.id in answers and prompt.id not in fates.queued:
                if not prompt.images:
                    live.answered.append(PromptsSeen((prompt.id,)))
                    continue
                prompt = replace(prompt, text="")
            fates.add(prompt.id)
            live.prompts[prompt.id] = prompt
        for prompt_id in [id for id in fates.queued if id not in live.prompts]:
            fates.withdraw(prompt_id)


def _promise(told: Mapping[str, Any]) -> Promise:
    answer = told["answer"]
    return Promise(Answer(**{**answer, "remember": tuple(answer["remember"])}), told["prompt_id"])
