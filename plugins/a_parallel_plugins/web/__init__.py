"""The web client: files of a built one, or a page that says how to go on without."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from a_parallel_contracts import Health, Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.pages import PageHooks


class WebSettings(BaseModel):
    """Section ``[plugins.web]``.

    Attributes:
        directory: of a built client, with its ``index.html``; ``~`` is the home directory.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    directory: Path | None = None


class WebPlugin(Plugin):
    """Serves the client at every path that nobody else has."""

    manifest = Manifest(api="1.0", settings=WebSettings, hooks=(PageHooks,))

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-core.md`` §2.9."""
        from a_parallel_plugins.web.routes import web_routes

        return web_routes(ctx, ctx.settings(WebSettings).directory)

    @hookimpl
    async def health(self, ctx: PluginContext) -> Health:
        """Tell whether the configured directory holds a client."""
        from a_parallel_plugins.web.client import BuiltClient

        directory = ctx.settings(WebSettings).directory
        if directory is None or BuiltClient(directory).index() is not None:
            return Health(ok=True)
        return Health(ok=False, detail=f"no index.html in {directory}")
