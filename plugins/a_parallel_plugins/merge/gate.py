"""Decides about the tool calls of an agent that nobody watches."""

from collections.abc import Mapping
from typing import Any

from a_parallel_contracts import ApiError, HookError, PluginContext
from a_parallel_contracts.agents import AgentHooks, Answer, Decision, RequestKind, RequestOpened, Run, ToolRequest
from a_parallel_plugins.merge.prompt import UNATTENDED

_FOR_PEOPLE = ("AskUserQuestion", "ExitPlanMode")


class Gate:
    """Lets policies of other plugins deny a call; questions, and what a policy wants asked, are denied too."""

    def __init__(self, ctx: PluginContext, run: Run) -> None:
        self._ctx = ctx
        self._run = run

    async def __call__(self, tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        """Return what was decided; None is no opinion, and the call runs."""
        if tool in _FOR_PEOPLE:
            return Decision("deny", UNATTENDED)
        request = ToolRequest(self._run.thread, self._run, tool, input, tool_use_id, self._run.thread.cost)
        try:
            decision = await self._ctx.hooks.first(AgentHooks.decide_tool, request)
        except HookError as error:
            self._ctx.log.warning("a call of %s is denied since no decision could be made: %s", tool, error)
            return Decision("deny", f"The policy of plugin {error.plugin} failed, so the call was denied")
        except ApiError as error:
            return Decision("deny", error.message)
        if decision is not None and decision.behavior == "ask":
            return Decision("deny", f"{decision.reason} {UNATTENDED}".strip())
        return decision


def reply(request: RequestOpened) -> Answer:
    """Return the answer to a held request: tools are allowed, questions have to be decided by the agent."""
    if request.kind is RequestKind.PERMISSION:
        return Answer("allow")
    return Answer("deny", message=UNATTENDED)
