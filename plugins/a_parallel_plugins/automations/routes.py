"""Routes of ``/api/automations`` (``http-features.md`` §4.2)."""

from collections.abc import Callable

from a_parallel_contracts import NotFound, Ok, Request, Route, delete, get, patch, post
from a_parallel_contracts.automations import AUTOMATIONS, Automation, AutomationRun, InboxItem
from a_parallel_plugins.automations.models import (
    AutomationPatch,
    InboxQuery,
    ListQuery,
    NewAutomation,
    ServerZone,
    Triage,
)
from a_parallel_plugins.automations.service import AutomationService


class AutomationRoutes:
    """Handlers of the routes."""

    def __init__(self, automations: AutomationService, zone: Callable[[], ServerZone]) -> None:
        self._automations = automations
        self._zone = zone

    def all(self) -> list[Route]:
        """Return the routes."""
        one = "/api/automations/{automation}"
        return [
            get("/api/automations", self.show_all),
            post("/api/automations", self.create, status=201, repeatable=True),
            get("/api/automations/inbox", self.inbox),
            get("/api/automations/zone", self.zone),
            patch("/api/automations/runs/{run}/triage", self.triage, repeatable=True),
            get(one, self.show, loads=AUTOMATIONS),
            patch(one, self.change, loads=AUTOMATIONS, load_first=True, repeatable=True),
            delete(one, self.remove, loads=AUTOMATIONS, repeatable=True),
            post(f"{one}/trigger", self.trigger, loads=AUTOMATIONS),
            get(f"{one}/runs", self.runs),
        ]

    async def show_all(self, request: Request[None, None, ListQuery]) -> list[Automation]:
        """List automations, newest first."""
        return await self._automations.visible(request.actor, project_id=request.query.project_id or None)

    async def create(self, request: Request[None, NewAutomation]) -> Automation:
        """Make an automation."""
        return await self._automations.create(request.actor, request.body)

    async def inbox(self, request: Request[None, None, InboxQuery]) -> list[InboxItem]:
        """List the runs that wait for a person or have ended."""
        query = request.query
        return await self._automations.inbox(request.actor, query.project_id or None, query.triage_status or None)

    async def zone(self, request: Request) -> ServerZone:
        """Tell the time zone of schedules that name none."""
        return self._zone()

    async def triage(self, request: Request[None, Triage]) -> Ok:
        """Say what you made of a run."""
        await self._automations.triage(request.actor, request.params["run"], request.body.triage_status)
        return Ok()

    async def show(self, request: Request[Automation]) -> Automation:
        """Show an automation."""
        return request.resource

    async def change(self, request: Request[Automation, AutomationPatch]) -> Automation:
        """Change an automation."""
        changes = request.body.model_dump(exclude_unset=True, mode="json")
        return await self._automations.change(request.resource, changes)

    async def remove(self, request: Request[Automation]) -> Ok:
        """Delete an automation with its runs and end its agents; threads stay."""
        await self._automations.delete(request.resource)
        return Ok()

    async def trigger(self, request: Request[Automation]) -> Ok:
        """Start a run now."""
        await self._automations.trigger(request.resource)
        return Ok()

    async def runs(self, request: Request) -> list[AutomationRun]:
        """List the runs of an automation, newest first; an unknown one has none."""
        try:
            automation = await self._automations.load(request.actor, request.params["automation"])
        except NotFound:
            return []
        return await self._automations.runs(automation.id)
