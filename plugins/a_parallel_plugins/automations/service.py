"""The service behind `AUTOMATIONS`, and what people change (``http-features.md`` §4.2)."""

from typing import TYPE_CHECKING, Any

from a_parallel_contracts import Actor, Conflict, NotFound, PluginContext, Transaction, new_id, now
from a_parallel_contracts.accounts import OwnershipMoved
from a_parallel_contracts.automations import Automation, AutomationRun, InboxItem, TriageStatus
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import THREADS
from a_parallel_plugins.automations import reading, run_rows, store
from a_parallel_plugins.automations.runs import Begun, Runs
from a_parallel_plugins.automations.scheduling import Scheduling

if TYPE_CHECKING:  # loaded with the routes
    from a_parallel_plugins.automations.models import NewAutomation

NOT_FOUND = "Not found"
PROJECT_NOT_FOUND = "Project not found"
RESCHEDULES = frozenset({"schedule", "enabled", "timezone", "jitter"})
"""Changes of these make a new plan."""

MAX_RUN_HISTORY = 20


class AutomationService:
    """Implements `a_parallel_contracts.automations.Automations`."""

    def __init__(self, ctx: PluginContext, runs: Runs, scheduling: Scheduling) -> None:
        self._ctx = ctx
        self._db = ctx.db
        self._threads = ctx.get(THREADS)
        self._projects = ctx.get(PROJECTS)
        self._runs = runs
        self._scheduling = scheduling

    # --- reading ----------------------------------------------------------------------------------

    async def load(self, actor: Actor, id: str) -> Automation:
        """Return an automation that `actor` may see."""
        automation = await self._db.run(lambda reader: store.find(reader, id))
        if automation is None or not actor.owns(automation.user_id):
            raise NotFound(NOT_FOUND)
        return automation

    async def owner_of(self, id: str) -> str | None:
        """Return the user who owns an automation."""
        automation = await self._db.run(lambda reader: store.find(reader, id))
        return automation.user_id if automation else None

    async def visible(self, actor: Actor, *, project_id: str | None = None) -> list[Automation]:
        """Return the automations visible to `actor`, newest first."""
        return await self._db.run(lambda reader: store.visible(reader, _owner(actor), project_id))

    async def runs(self, automation_id: str) -> list[AutomationRun]:
        """Return the runs of an automation, newest first."""
        return await self._db.run(lambda reader: reading.runs(reader, self._threads, automation_id))

    async def inbox(self, actor: Actor, project_id: str | None, triage: str | None) -> list[InboxItem]:
        """Return what a person may look at (`reading.inbox`)."""
        owner = _owner(actor)
        return await self._db.run(lambda reader: reading.inbox(reader, self._threads, owner, project_id, triage))

    # --- changing ---------------------------------------------------------------------------------

    async def create(self, actor: Actor, new: "NewAutomation") -> Automation:
        """Make an automation and set its timer.

        Raises:
            NotFound: ``Project not found``.
        """
        await self._projects.load(actor, new.project_id)
        created = now()
        automation = Automation(
            id=new_id(),
            user_id=actor.user_id,
            enabled=True,
            max_run_history=MAX_RUN_HISTORY,
            created_at=created,
            updated_at=created,
            **new.model_dump(mode="json"),
        )
        try:
            stored = await self._db.write(lambda tx: self._insert(tx, automation))
        except Conflict:
            raise NotFound(PROJECT_NOT_FOUND) from None
        await self._scheduling.follow(stored.id)
        return stored

    def _insert(self, tx: Transaction, automation: Automation) -> Automation:
        store.insert(tx, automation)
        self._scheduling.plan(tx, automation)
        return _need(tx, automation.id)

    async def change(self, automation: Automation, changes: dict[str, Any]) -> Automation:
        """Change an automation; without any change nothing happens.

        Raises:
            NotFound: it has been deleted meanwhile.
        """
        if not changes:
            return automation
        changed = await self._db.write(lambda tx: self._change(tx, automation.id, changes))
        await self._scheduling.follow(changed.id)
        return changed

    def _change(self, tx: Transaction, id: str, changes: dict[str, Any]) -> Automation:
        before = _need(tx, id)
        store.update(tx, id, {**changes, "updated_at": now()})
        after = _need(tx, id)
        if any(getattr(before, name) != getattr(after, name) for name in RESCHEDULES):
            self._scheduling.plan(tx, after)
        return _need(tx, id)

    async def delete(self, automation: Automation) -> None:
        """Delete an automation with its runs, then end its agents; threads stay."""
        running = await self._db.write(lambda tx: _delete(tx, automation.id))
        await self._scheduling.follow(automation.id)
        await self._runs.stop(running)

    async def owner_changed(self, event: OwnershipMoved) -> None:
        """Follow the timers of automations that have another owner."""
        for automation in await self._db.run(lambda reader: store.visible(reader, event.owner)):
            await self._scheduling.follow(automation.id)

    async def triage(self, actor: Actor, run_id: str, status: TriageStatus) -> None:
        """Say what a person made of a run.

        Raises:
            NotFound: there is no such run.
        """
        if not await self._db.write(lambda tx: run_rows.triage(tx, _owner(actor), run_id, status)):
            raise NotFound(NOT_FOUND)

    # --- running ----------------------------------------------------------------------------------

    async def trigger(self, automation: Automation) -> AutomationRun:
        """Start a run now; it does not wait for others."""
        if self._scheduling.is_closing(automation.project_id):
            raise Conflict("The project is being deleted, so nothing is started in it")
        try:
            begun = await self._db.write(lambda tx: self._begin(tx, automation.id))
        except Conflict:
            raise NotFound(PROJECT_NOT_FOUND) from None
        self._runs.start(begun)
        return begun.run

    def _begin(self, tx: Transaction, id: str) -> Begun:
        return self._runs.begin(tx, _need(tx, id))

    async def quiesce_project(self, project: Project) -> None:
        """End what runs for a project that is about to be deleted, and begin nothing more."""
        self._scheduling.close_project(project.id)
        await self._runs.stop(await self._db.run(lambda reader: run_rows.running(reader, project_id=project.id)))


def _owner(actor: Actor) -> str | None:
    return None if actor.sees_all else actor.user_id


def _need(tx: Transaction, id: str) -> Automation:
    automation = store.find(tx, id)
    if automation is None:
        raise NotFound(NOT_FOUND)
    return automation


def _delete(tx: Transaction, id: str) -> list[AutomationRun]:
    running = run_rows.running(tx, automation_id=id)
    if not store.delete(tx, id):
        raise NotFound(NOT_FOUND)
    return running
