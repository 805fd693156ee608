"""The route of ``http-core.md`` §7.7."""

from a_parallel_contracts import Request, Route, post
from a_parallel_contracts.threads import THREADS, Thread
from a_parallel_plugins.merge.interactive import ThreadMerger
from a_parallel_plugins.merge.models import MergeAnswer, MergeBody


def merge_routes(merger: ThreadMerger) -> list[Route]:
    """Return the route."""

    async def merge(request: Request[Thread, MergeBody]) -> MergeAnswer:
        """Merge the branch of a thread into a target branch, in a temporary working tree."""
        return await merger.merge(request.resource, request.actor, request.body)

    return [post("/api/git/{thread}/merge", merge, loads=THREADS, load_first=True, lenient_body=True)]
