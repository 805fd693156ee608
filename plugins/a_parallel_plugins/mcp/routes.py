"""Routes of ``/api/mcp`` (``http-features.md`` §1)."""

from a_parallel_contracts import BadRequest, Ok, Request, Response, Route, delete, get, post
from a_parallel_plugins.mcp.models import (
    CallbackQuery,
    ListQuery,
    ManualToken,
    McpServers,
    NewServer,
    RecommendedServers,
    RemoveQuery,
    SignInStarted,
    StartSignIn,
)
from a_parallel_plugins.mcp.page import CALLBACK
from a_parallel_plugins.mcp.recommended import RECOMMENDED
from a_parallel_plugins.mcp.service import McpService


def mcp_routes(service: McpService) -> list[Route]:
    """Return the routes; what lets programs run on this machine needs a token with the scope ``admin``."""

    async def show_all(request: Request[None, None, ListQuery]) -> McpServers:
        """Return the MCP servers in force in a project, and how they are."""
        query = request.query
        path = _required(query.project_path)
        return McpServers(servers=await service.servers.show(request.actor, path, status=query.status))

    async def add(request: Request[None, NewServer]) -> Ok:
        """Add an MCP server."""
        await service.servers.add(request.actor, request.body)
        return Ok()

    async def remove(request: Request[None, None, RemoveQuery]) -> Ok:
        """Remove an MCP server."""
        path = _required(request.query.project_path)
        await service.servers.remove(request.actor, request.params["name"], path, request.query.scope)
        return Ok()

    async def recommended(request: Request) -> RecommendedServers:
        """Return MCP servers that are worth a try."""
        return RecommendedServers(servers=list(RECOMMENDED))

    async def start(request: Request[None, StartSignIn]) -> SignInStarted:
        """Begin to sign in at an MCP server."""
        return SignInStarted(auth_url=await service.oauth.start(request))

    async def callback(request: Request[None, None, CallbackQuery]) -> Response:
        """End a sign-in; authorization servers send browsers here."""
        return await service.oauth.finish(request.query)

    async def set_token(request: Request[None, ManualToken]) -> Ok:
        """Use a token for an MCP server."""
        await service.oauth.set_token(request.actor, request.body)
        return Ok()

    return [
        get("/api/mcp/servers", show_all),
        post("/api/mcp/servers", add, scope="admin"),
        delete("/api/mcp/servers/{name}", remove, scope="admin"),
        get("/api/mcp/recommended", recommended),
        post("/api/mcp/oauth/start", start, scope="admin"),
        get(CALLBACK, callback, access="public"),
        post("/api/mcp/oauth/token", set_token, scope="admin"),
    ]


def _required(path: str) -> str:
    if not path:
        raise BadRequest("projectPath query parameter required")
    return path
