"""A policy for agents: dangerous shell commands are refused, and beyond a budget a person is asked."""

import re
from collections.abc import AsyncIterator

from pydantic import BaseModel, Field

from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl, replace
from a_parallel_contracts.agents import AgentHooks, Decision, Run, ToolRequest
from a_parallel_contracts.threads import ThreadDeleted

DANGEROUS = (
    r"\brm\s+(-\S+\s+)*-\S*[rR]",
    r"\bsudo\b",
    r"\b(curl|wget)\b[^;&]*\|\s*(sudo\s+)?\w*sh\b",
    r"\bgit\s+push\b.*\s(-f|--force)\b",
    r"\bmkfs\b|\bdd\b.*\bof=/dev/",
)


class Settings(BaseModel):
    """Section ``[plugins.policy]``."""

    forbidden: tuple[str, ...] = Field(default=DANGEROUS, description="Regular expressions of shell commands.")
    budget: float = Field(default=5.0, gt=0, description="US dollars that a thread may cost before you are asked.")


class PolicyPlugin(Plugin, AgentHooks):
    """Refuse dangerous commands, and ask once a thread gets expensive."""

    manifest = Manifest(api="1.0", settings=Settings)

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Read the rules, and forget threads that are deleted."""
        settings = ctx.settings(Settings)
        self.forbidden = [re.compile(pattern) for pattern in settings.forbidden]
        self.budget = settings.budget
        self.asked: dict[str, int] = {}

        async def forget(event: ThreadDeleted) -> None:
            self.asked.pop(event.thread.id, None)

        ctx.on(ThreadDeleted, forget)
        yield

    @hookimpl
    async def prepare_run(self, ctx: PluginContext, run: Run) -> Run:
        """Tell the agent what it may not do."""
        rules = "Do not delete directories, become root, pipe downloads into a shell or force a push: it is refused."
        return replace(run, system_prompt="\n\n".join(filter(None, [run.system_prompt, rules])))

    @hookimpl
    async def decide_tool(self, ctx: PluginContext, request: ToolRequest) -> Decision | None:
        """Refuse what is forbidden; ask when the thread has used up its budget, and each further one."""
        command = str(request.input.get("command", "")) if request.tool == "Bash" else ""
        if any(pattern.search(command) for pattern in self.forbidden):
            return Decision("deny", "The policy of this server forbids this command. Do it another way, or ask.")
        used = int(request.cost // self.budget)
        if used > self.asked.get(request.thread.id, 0):
            self.asked[request.thread.id] = used
            return Decision("ask", f"This thread has cost ${request.cost:.2f}. Shall it go on?")
        return None
