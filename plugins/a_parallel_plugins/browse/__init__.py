"""Browse: pick folders and files of this machine, and open them in the programs of its desktop."""

from collections.abc import Iterable

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.git import GIT
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import PROJECTS


class BrowsePlugin(Plugin):
    """Shows directories inside of home and the registered projects, and nothing else."""

    manifest = Manifest(api="1.0", requires=(PROJECTS, HOSTS, GIT), routes_below=("/api/browse",))

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-core.md`` §8."""
        from a_parallel_plugins.browse.routes import browse_routes

        return browse_routes(ctx)
