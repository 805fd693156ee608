"""Routes of ``/api/analytics`` (``http-features.md`` §7)."""

from datetime import UTC, datetime

from a_parallel_contracts import Actor, PluginContext, Request, Route, get
from a_parallel_plugins.analytics import queries
from a_parallel_plugins.analytics.models import AnalyticsQuery, Overview, Timeline, TimelineQuery, TimeRange
from a_parallel_plugins.analytics.ranges import time_range


def analytics_routes(ctx: PluginContext) -> list[Route]:
    """Return the routes; a project of somebody else yields zeros, not an error."""

    async def overview(request: Request[None, None, AnalyticsQuery]) -> Overview:
        """Return totals, and how the threads are spread over the stages now."""
        span = time_range(request.query.time_range, datetime.now(UTC))
        parameters = _parameters(request.actor, request.query, span)
        fields = await ctx.db.run(lambda reader: queries.overview(reader, parameters))
        return Overview(**fields, time_range=span)

    async def timeline(request: Request[None, None, TimelineQuery]) -> Timeline:
        """Return the totals by day, week, month or year of the client's time."""
        query = request.query
        span = time_range(query.time_range, datetime.now(UTC))
        shape = queries.FORMATS.get(query.group_by, queries.FORMATS["day"])
        shift = f"{-query.offset:+d} minutes"
        parameters = {**_parameters(request.actor, query, span), "format": shape, "shift": shift}
        lists = await ctx.db.run(lambda reader: queries.timeline(reader, parameters))
        return Timeline.model_validate({**lists, "time_range": span, "group_by": query.group_by})

    return [get("/api/analytics/overview", overview), get("/api/analytics/timeline", timeline)]


def _parameters(actor: Actor, query: AnalyticsQuery, span: TimeRange) -> dict[str, object]:
    return {
        "all": actor.sees_all,
        "user": actor.user_id,
        "project": query.project_id or None,
        "start": span.start,
        "end": span.end,
    }
