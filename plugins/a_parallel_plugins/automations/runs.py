"""Runs: their beginning as rows, the work, and their end (``http-features.md`` §4.3, ``agent-lifecycle.md`` §10)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, tzinfo
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from a_parallel_contracts import ApiError, NotFound, PluginContext, Reader, Transaction, new_id, now
from a_parallel_contracts.agents import AGENTS, Decision, Run, StartRequest, ToolRequest
from a_parallel_contracts.automations import (
    Automation,
    AutomationMode,
    AutomationRun,
    AutomationRunCompleted,
    AutomationRunStarted,
    RunStatus,
    TriageStatus,
)
from a_parallel_contracts.threads import (
    THREADS,
    UNFINISHED,
    Model,
    NewThread,
    PermissionMode,
    Role,
    Thread,
    ThreadChanged,
    ThreadChanges,
    ThreadStatus,
)
from a_parallel_plugins.automations import merging, run_rows, store
from a_parallel_plugins.automations.run_rows import Outcome

READ_ONLY = ("Edit", "Write", "Bash", "NotebookEdit")
"""Tools that an automation's agent may not use."""

REFUSED = "Automations only read. Report what should be changed instead of changing it."

AT_WORK = (ThreadStatus.PENDING, ThreadStatus.RUNNING)
NO_SUMMARY = "No summary available"
SUMMARY_LENGTH = 500
RECENT = 50
"""Newest messages among which the last words of the agent are looked for."""

KindT = TypeVar("KindT", Model, PermissionMode)


class Begun(Struct, frozen=True):
    """A run whose rows exist and whose work has yet to be started."""

    automation: Automation
    thread: Thread
    run: AutomationRun

    @property
    def merges(self) -> bool:
        """Whether it merges branches instead of asking an agent."""
        return self.automation.mode == AutomationMode.MERGE


class Runs:
    """Begins, does and ends runs.

    Parameters:
        ctx: of the plugin.
        clock: tells the time.
        zone: of the server, for titles.

    Attributes:
        freed: called when a run has ended or waits for a person, so that another one may begin.
    """

    def __init__(self, ctx: PluginContext, clock: Callable[[], datetime], zone: tzinfo) -> None:
        self.freed: Callable[[], Awaitable[None]] = _nothing
        self._ctx = ctx
        self._clock = clock
        self._zone = zone
        self._threads = ctx.get(THREADS)
        self._agents = ctx.get(AGENTS)
        self._starting: dict[str, tuple[Begun, asyncio.Task[None]]] = {}

    # --- beginning --------------------------------------------------------------------------------

    def begin(self, tx: Transaction, automation: Automation) -> Begun:
        """Insert thread and run, and tell about the run before anything of its agent is told.

        Raises:
            Conflict: the project is gone.
        """
        thread = self._threads.add(tx, self._new_thread(automation))
        run = AutomationRun(
            id=new_id(),
            automation_id=automation.id,
            thread_id=thread.id,
            status=RunStatus.RUNNING.value,
            triage_status=TriageStatus.PENDING.value,
            started_at=thread.created_at,
        )
        run_rows.insert(tx, run)
        store.update(tx, automation.id, {"last_run_at": run.started_at, "updated_at": run.started_at})
        tx.emit(
            AutomationRunStarted(
                thread_id=thread.id, owner=automation.user_id, automation_id=automation.id, run_id=run.id
            )
        )
        return Begun(automation, thread, run)

    def _new_thread(self, automation: Automation) -> NewThread:
        today = self._clock().astimezone(self._zone)
        return NewThread(
            project_id=automation.project_id,
            title=f"[Auto] {automation.name} - {today.month}/{today.day}/{today.year}",
            model=_known(Model, automation.model, Model.SONNET),
            permission_mode=_known(PermissionMode, automation.permission_mode, PermissionMode.AUTO_EDIT),
            user_id=automation.user_id,
            automation_id=automation.id,
        )

    def start(self, begun: Begun) -> None:
        """Start the work of a run; returns at once."""
        task = self._ctx.spawn(self._work(begun), name=f"run {begun.run.id} of automation {begun.automation.id}")
        self._starting[begun.thread.id] = begun, task
        task.add_done_callback(lambda _: self._starting.pop(begun.thread.id, None) and None)

    async def _work(self, begun: Begun) -> None:
        outcome: Outcome | str | None = None
        try:
            if begun.merges:
                outcome = await merging.merge(self._ctx, begun.automation, begun.thread)
            else:
                request = StartRequest(text=begun.automation.prompt, disallowed_tools=READ_ONLY)
                await self._agents.send(begun.thread, request)
        except ApiError as error:
            outcome = error_text(error)
        except Exception as error:
            self._ctx.log.exception("run %s of automation %s failed", begun.run.id, begun.automation.id)
            outcome = str(error) or type(error).__name__
        self._starting.pop(begun.thread.id, None)  # from now on its end is heard of
        if isinstance(outcome, Outcome):
            await self.finish(begun.run, outcome)
        else:
            await self.settle(begun.thread.id, outcome)

    def prepare(self, run: Run) -> Run:
        """Let the agent that an automation starts read but not edit, and ask before it uses tools of others (§4.6).

        Whatever a person starts in the thread later is that person's own affair.
        """
        if run.thread.automation_id is None or not set(READ_ONLY) <= set(run.disallowed_tools):
            return run
        asks = run.permission_mode == PermissionMode.AUTO_EDIT
        return replace(run, permission_mode=PermissionMode.CONFIRM_EDIT if asks else run.permission_mode)

    # --- ending -----------------------------------------------------------------------------------

    async def thread_changed(self, event: ThreadChanged) -> None:
        """End the run of a thread that has ended."""
        thread = event.after
        if thread.automation_id is None or thread.status == event.before.status or thread.id in self._starting:
            return
        if thread.status not in UNFINISHED:
            await self.settle(thread.id)
        elif thread.status == ThreadStatus.WAITING:
            await self.freed()

    async def settle(self, thread_id: str, failure: str | None = None) -> None:
        """End a thread's open run if the thread has ended.

        Parameters:
            thread_id: of the thread.
            failure: why the work could not begin; ends the run in any case.
        """
        run = await self._ctx.db.run(lambda reader: run_rows.open_of_thread(reader, thread_id))
        if run is None:
            return
        thread = await self._threads.get(thread_id)
        if failure is None and thread is not None and thread.status in UNFINISHED:
            return
        await self.finish(run, await self._outcome(thread, failure))

    async def _outcome(self, thread: Thread | None, failure: str | None) -> Outcome:
        done = failure is None and thread is not None and thread.status == ThreadStatus.COMPLETED
        summary = failure or (await self._last_words(thread.id) if thread else "")
        return Outcome(
            RunStatus.COMPLETED if done else RunStatus.FAILED,
            has_findings=done,
            summary=summary.strip()[:SUMMARY_LENGTH] or NO_SUMMARY,
            completed_at=(thread.completed_at if thread else None) or now(),
        )

    async def _last_words(self, thread_id: str) -> str:
        for message in reversed(await self._threads.messages(thread_id, limit=RECENT)):
            if message.role == Role.ASSISTANT and message.content.strip():
                return message.content
        return ""

    async def finish(self, run: AutomationRun, outcome: Outcome) -> None:
        """Write how a run ended, tell it, and archive what is beyond the history; nothing if it has ended before."""
        if await self._ctx.db.write(lambda tx: self._finish(tx, run, outcome)):
            await self.freed()

    def _finish(self, tx: Transaction, run: AutomationRun, outcome: Outcome) -> bool:
        automation = store.find(tx, run.automation_id)
        if automation is None or not run_rows.finish(tx, run.id, outcome):
            return False
        self._end_thread(tx, run.thread_id, outcome)
        tx.emit(
            AutomationRunCompleted(
                thread_id=run.thread_id,
                owner=automation.user_id,
                automation_id=automation.id,
                run_id=run.id,
                has_findings=outcome.has_findings,
                summary=outcome.summary,
            )
        )
        self._archive(tx, run_rows.beyond(tx, automation.id, automation.max_run_history))
        return True

    def _end_thread(self, tx: Transaction, thread_id: str, outcome: Outcome) -> None:
        """End a thread whose work is over although its status does not say so, as when it could not even begin."""
        thread = self._threads.find(tx, thread_id)
        if thread is not None and thread.status in AT_WORK and not self._agents.running(thread_id):
            status = ThreadStatus.COMPLETED if outcome.status == RunStatus.COMPLETED else ThreadStatus.FAILED
            changes: ThreadChanges = {"status": status.value, "completed_at": outcome.completed_at}
            self._threads.update(tx, thread_id, changes)

    def _archive(self, tx: Transaction, runs: Iterable[AutomationRun]) -> None:
        """Archive runs with their threads, but for those in which somebody goes on talking."""
        for run in runs:
            thread = self._threads.find(tx, run.thread_id)
            if thread is None or thread.status not in UNFINISHED:
                run_rows.archive(tx, run.id)
                self._threads.update(tx, run.thread_id, {"archived": True})

    # --- looking after them -----------------------------------------------------------------------

    def at_work(self, reader: Reader) -> int:
        """Return how many agents of automations are at work, whoever owns them."""
        threads = [self._threads.find(reader, run.thread_id) for run in run_rows.running(reader)]
        return len([thread for thread in threads if thread is not None and thread.status in AT_WORK])

    async def settle_all(self) -> None:
        """End open runs whose threads have ended unheard."""
        for run in await self._ctx.db.run(run_rows.running):
            if run.thread_id not in self._starting:
                await self.settle(run.thread_id)

    async def give_up_lost(self) -> None:
        """Interrupt threads of open runs that nobody works for any more; only while nothing has been started yet."""
        lost: ThreadChanges = {"status": ThreadStatus.INTERRUPTED.value, "completed_at": now()}

        def give_up(tx: Transaction) -> None:
            for run in run_rows.running(tx):
                thread = self._threads.find(tx, run.thread_id)
                if thread is not None and thread.status in AT_WORK and not self._agents.running(thread.id):
                    self._threads.update(tx, thread.id, lost)

        await self._ctx.db.write(give_up)

    async def stop(self, runs: Iterable[AutomationRun]) -> None:
        """End the agents of runs and wait for that."""
        await asyncio.gather(*(self._stop(run.thread_id) for run in runs))

    async def _stop(self, thread_id: str) -> None:
        if thread_id in self._starting:
            begun, task = self._starting[thread_id]
            if begun.merges:
                task.cancel()
            await asyncio.wait({task})
        with contextlib.suppress(NotFound):
            await self._agents.stop(thread_id)


def decide(request: ToolRequest) -> Decision | None:
    """Refuse editing tools to an automation's agent, whether or not its provider knows the list of such tools."""
    if request.thread.automation_id is None or request.tool not in READ_ONLY:
        return None
    return Decision("deny", REFUSED) if request.tool in request.run.disallowed_tools else None


def error_text(error: ApiError) -> str:
    """Return the most telling text of a failed start."""
    return str(error.extra.get("details") or error.extra.get("message") or error.message)


def _known(kind: type[KindT], text: str, default: KindT) -> KindT:
    """Return `text` as one of `kind`; rows of other servers may hold anything (``database.md`` §4)."""
    return kind(text) if text in list(kind) else default


async def _nothing() -> None:
    """Stand for a callback that has not been set."""
