"""Analytics: how many threads were made, finished and moved, and what they cost."""

from collections.abc import Iterable

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl


class AnalyticsPlugin(Plugin):
    """Count what happened to threads."""

    manifest = Manifest(api="1.0", routes_below=("/api/analytics",))

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §7."""
        from a_parallel_plugins.analytics.routes import analytics_routes

        return analytics_routes(ctx)
