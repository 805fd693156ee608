"""Every path that no other plugin has (``http-core.md`` §2.9)."""

import asyncio
from pathlib import Path

from a_parallel_contracts import FileResponse, NotFound, PluginContext, Request, Response, Route, get
from a_parallel_plugins.web.client import BuiltClient
from a_parallel_plugins.web.page import Page

RESERVED = frozenset({"api", "plugins", "ws"})
"""First segments of paths that are never the client's."""


def web_routes(ctx: PluginContext, directory: Path | None) -> list[Route]:
    """Return the routes.

    Parameters:
        directory: of the built client, or None.
    """
    handlers = WebRoutes(ctx, directory)
    return [
        get("/", handlers.show, access="public", summary="The web client"),
        get("/{path:path}", handlers.show, access="public", summary="Files and pages of the web client"),
    ]


class WebRoutes:
    """Handlers of the routes."""

    def __init__(self, ctx: PluginContext, directory: Path | None) -> None:
        self._client = BuiltClient(directory) if directory else None
        self._page = Page(ctx)
        if self._client and self._client.index() is None:
            ctx.log.warning("no index.html in %s, so there is no web client", directory)

    async def show(self, request: Request) -> FileResponse | Response:
        """Send a file of the client, or its page, which finds its way by the address."""
        path = request.params.get("path", "")
        if path.partition("/")[0] in RESERVED:
            raise NotFound("Not found")
        file = await asyncio.to_thread(self._client.find, path) if self._client else None
        if file is None:
            return self._page.answer(status=404 if path else 200, configured=self._client is not None)
        return FileResponse(file)
