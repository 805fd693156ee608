"""Routes of ``/api/plugins`` and ``/api/claude-plugins``."""

from a_parallel_contracts import Ok, Request, Route, delete, get, post
from a_parallel_plugins.claude_plugins.models import InstalledPlugins, NewPlugin
from a_parallel_plugins.claude_plugins.service import ClaudePluginService


def claude_plugin_routes(service: ClaudePluginService) -> list[Route]:
    """Return the routes."""

    async def show_all(request: Request) -> InstalledPlugins:
        """Return the plugins of the Claude CLI that are installed."""
        return InstalledPlugins(plugins=await service.installed())

    async def install(request: Request[None, NewPlugin]) -> Ok:
        """Install a plugin of the Claude CLI."""
        await service.install(request.actor, request.body)
        return Ok()

    async def remove(request: Request) -> Ok:
        """Remove a plugin of the Claude CLI."""
        await service.remove(request.actor, request.params["id"])
        return Ok()

    return [
        get("/api/plugins", show_all),
        post("/api/claude-plugins", install, scope="admin"),
        delete("/api/claude-plugins/{id}", remove, scope="admin"),
    ]
