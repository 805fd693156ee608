"""Every path that no other plugin has (``http-core.md`` §2.9)."""

import asyncio
from pathlib import Path

from a_parallel_contracts import FileResponse, NotFound, PluginContext, Request, Response, Route, get
from a_parallel_plugins.web import policy
from a_parallel_plugins.web.client import BuiltClient
from a_parallel_plugins.web.extensions import Extensions
from a_parallel_plugins.web.page import Page

RESERVED = frozenset({"api", "plugins", "ws"})
"""First segments of paths that are never the client's."""

BUILT = Path(__file__).with_name("dist")
"""Where the build puts the client of this package; absent where it was left out."""


def web_routes(ctx: PluginContext, directory: Path | None) -> list[Route]:
    """Return the routes.

    Parameters:
        directory: of a built client that is served instead of ours, or None.
    """
    handlers = WebRoutes(ctx, directory)
    return [
        get("/api/web/extensions", Extensions(ctx).show),
        get("/", handlers.show, access="public", summary="The web client"),
        get("/{path:path}", handlers.show, access="public", summary="Files and pages of the web client"),
    ]


class WebRoutes:
    """Handlers of the routes."""

    def __init__(self, ctx: PluginContext, directory: Path | None) -> None:
        self._client = BuiltClient(directory or BUILT)
        self._configured = directory is not None
        self._page = Page(ctx)
        if directory and self._client.index() is None:
            ctx.log.warning("no index.html in %s, so there is no web client", directory)

    async def show(self, request: Request) -> FileResponse | Response:
        """Send a file of the client, or its page, which finds its way by the address."""
        path = request.params.get("path", "")
        if path.partition("/")[0] in RESERVED:
            raise NotFound("Not found")
        answer = await asyncio.to_thread(self._answer, path)
        if answer is None:
            return self._page.answer(status=404 if path else 200, configured=self._configured)
        return answer

    def _answer(self, path: str) -> FileResponse | Response | None:
        file, index = self._client.find(path), self._client.index()
        if file is None or index is None:
            return None if file is None else FileResponse(file)
        is_asset = path.startswith(f"{policy.ASSETS}/") and policy.is_own(index)
        if file != index:
            return FileResponse(file, headers=policy.IMMUTABLE if is_asset else {})
        if is_asset:
            raise NotFound("Not found")  # of an older build; the page in its place would be taken for a script
        return policy.page(index)
