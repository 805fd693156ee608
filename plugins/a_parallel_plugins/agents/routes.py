"""HTTP routes that need an agent (``http-core.md`` §4.2, §6.2, §6.7), and some beyond the contract."""

import json

from a_parallel_contracts import Database, Ok, Request, Route, delete, get, post
from a_parallel_contracts.threads import THREADS, Thread, Threads, ThreadStatus
from a_parallel_plugins.agents import compose
from a_parallel_plugins.agents.line import Line
from a_parallel_plugins.agents.models import (
    NewMessage,
    NewRun,
    QueuedThread,
    QueueState,
    RulesQuery,
    SetupStatus,
    StartedThread,
    ThinkingQuery,
    ThreadFailure,
    ThreadQueueState,
    ToolApproval,
)
from a_parallel_plugins.agents.providers import ProviderInfo, Providers, set_provider
from a_parallel_plugins.agents.rules import PermissionRule, PermissionRules
from a_parallel_plugins.agents.service import AgentService

THINKING = "SELECT message_id, text FROM agents_thinking WHERE thread_id = :id ORDER BY rowid"
THINKING_OF = (
    "SELECT message_id, text FROM agents_thinking WHERE thread_id = :id"
    " AND message_id IN (SELECT value FROM json_each(:messages)) ORDER BY rowid"
)
FAILURE = "SELECT failure FROM agents_threads WHERE thread_id = :id"


class AgentRoutes:
    """Handlers of the routes."""

    def __init__(
        self,
        db: Database,
        threads: Threads,
        agents: AgentService,
        providers: Providers,
        rules: PermissionRules,
        line: Line,
    ) -> None:
        self._db = db
        self._threads = threads
        self._agents = agents
        self._providers = providers
        self._rules = rules
        self._line = line

    def all(self) -> list[Route]:
        """Return the routes."""
        thread = "/api/threads/{thread}"
        return [
            get("/api/setup/status", self.setup_status),
            post("/api/threads", self.create, status=201, repeatable=True),
            post(f"{thread}/message", self.message, loads=THREADS, repeatable=True),
            post(f"{thread}/approve-tool", self.approve_tool, loads=THREADS),
            post(f"{thread}/stop", self.stop, loads=THREADS),
            post(f"{thread}/interrupt", self.interrupt, loads=THREADS),
            get(f"{thread}/thinking", self.thinking, loads=THREADS),
            get(f"{thread}/queue", self.thread_queue, loads=THREADS),
            get(f"{thread}/failure", self.failure, loads=THREADS),
            get("/api/agents/queue", self.queue),
            get("/api/agents/providers", self.providers),
            get("/api/agents/permission-rules", self.permission_rules),
            delete("/api/agents/permission-rules/{rule}", self.remove_rule, repeatable=True),
        ]

    async def setup_status(self, request: Request) -> SetupStatus:
        """Look anew whether the default provider can start agents."""
        return SetupStatus.of(await self._providers.status())

    async def create(self, request: Request[None, NewRun]) -> StartedThread:
        """Make a thread and start its agent."""
        body = request.body
        compose.check(body.request())
        self._providers.check(body.provider)
        thread = await self._threads.create(body.thread(request.actor.user_id))
        provider = body.provider or self._providers.default
        try:
            await self._db.write(lambda tx: set_provider(tx, thread.id, provider))
        except Exception as error:
            self._agents.give_up(thread.id, error)
            raise
        await self._agents.send(thread, body.request())
        return StartedThread.of(thread, self._line.place(thread.id))

    async def message(self, request: Request[Thread, NewMessage]) -> Ok:
        """Send a message: it starts, resumes, answers or reaches the thread's agent."""
        await self._agents.send(request.resource, request.body.request())
        return Ok()

    async def approve_tool(self, request: Request[Thread, ToolApproval]) -> Ok:
        """Give or refuse leave to use a tool."""
        body = request.body
        await self._agents.approve(
            request.resource, body.tool_name, body.request(), approved=body.approved, remember=body.remember
        )
        return Ok()

    async def stop(self, request: Request[Thread]) -> Ok:
        """End the thread's agent."""
        await self._agents.stop(request.resource.id)
        return Ok()

    async def interrupt(self, request: Request[Thread]) -> Ok:
        """End the agent's turn; it stays for the next message."""
        await self._agents.interrupt(request.resource)
        return Ok()

    async def thinking(self, request: Request[Thread, None, ThinkingQuery]) -> dict[str, str]:
        """Return the assistant's thinking by message id."""
        chosen, thread = request.query.chosen(), request.resource.id
        if chosen is None:
            rows = await self._db.rows(THINKING, id=thread)
        else:
            rows = await self._db.rows(THINKING_OF, id=thread, messages=json.dumps(chosen))
        return {row["message_id"]: row["text"] for row in rows}

    async def thread_queue(self, request: Request[Thread]) -> ThreadQueueState:
        """Show where a thread stands in the queue, and what it waits for."""
        return ThreadQueueState(queue=self._line.place(request.resource.id))

    async def failure(self, request: Request[Thread]) -> ThreadFailure:
        """Show why a thread's last run failed."""
        thread = request.resource
        rows = await self._db.rows(FAILURE, id=thread.id) if thread.status == ThreadStatus.FAILED else []
        return ThreadFailure(failure=rows[0]["failure"] if rows else None)

    async def queue(self, request: Request) -> QueueState:
        """Show how many agents are at work, and which threads wait for their turn, next first."""
        return QueueState(
            max_runs=self._line.max_runs,
            running=self._line.door.running,
            waiting=self._line.door.waiting,
            threads=[
                QueuedThread(thread_id=id, project_id=subject.project_id, **place.model_dump())
                for id, (subject, place) in self._line.members().items()
                if request.actor.owns(subject.owner)
            ],
        )

    async def providers(self, request: Request) -> list[ProviderInfo]:
        """List the agent providers and whether they can start agents."""
        return await self._providers.info()

    async def permission_rules(self, request: Request[None, None, RulesQuery]) -> list[PermissionRule]:
        """List the tool calls that were allowed for good."""
        return self._rules.visible(request.actor, request.query.project_id)

    async def remove_rule(self, request: Request) -> Ok:
        """Take a permission rule back."""
        await self._rules.remove(request.actor, request.params["rule"])
        return Ok()
