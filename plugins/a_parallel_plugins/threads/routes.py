"""HTTP routes of threads that need no agent (``http-core.md`` §6.3-6.7)."""

from collections.abc import AsyncIterator
from functools import partial

from a_parallel_contracts import (
    BadRequest,
    NotFound,
    Ok,
    PluginContext,
    Reader,
    Request,
    Response,
    Route,
    delete,
    get,
    patch,
    post,
)
from a_parallel_contracts.threads import THREADS, MessageInclusion, Thread, ThreadHooks
from a_parallel_plugins.threads import wire
from a_parallel_plugins.threads.lifecycle import Lifecycle
from a_parallel_plugins.threads.lists import archived_page, clamped_page, listed
from a_parallel_plugins.threads.models import (
    ArchivedPage,
    ArchivedQuery,
    ConversationQuery,
    CreatedThread,
    IdleThread,
    ListQuery,
    ThreadPatch,
    ThreadWithMessages,
    created,
)
from a_parallel_plugins.threads.service import NOT_FOUND


def thread_routes(ctx: PluginContext, lifecycle: Lifecycle) -> list[Route]:
    """Return the routes."""
    handlers = ThreadRoutes(ctx, lifecycle)
    return [
        post("/api/threads/idle", handlers.create_idle, status=201, repeatable=True),
        get("/api/threads", handlers.show_all, returns=list[Thread], from_rows=True),
        get("/api/threads/archived", handlers.show_archived, returns=ArchivedPage, from_rows=True),
        get("/api/threads/{thread}", handlers.show, loads=THREADS, returns=ThreadWithMessages, from_rows=True),
        patch("/api/threads/{thread}", handlers.change, loads=THREADS, repeatable=True),
        delete("/api/threads/{thread}", handlers.remove, repeatable=True),
    ]


class ThreadRoutes:
    """Handlers of the routes."""

    def __init__(self, ctx: PluginContext, lifecycle: Lifecycle) -> None:
        self._db = ctx.db
        self._hooks = ctx.hooks
        self._lifecycle = lifecycle

    async def create_idle(self, request: Request[None, IdleThread]) -> CreatedThread:
        """Make a thread in the backlog, without starting an agent."""
        new = request.body.thread(request.actor.user_id)
        return created(await self._lifecycle.threads.create(new))

    async def show_all(self, request: Request[None, None, ListQuery]) -> Response:
        """List threads: pinned first, then newest first."""
        owner = None if request.actor.sees_all else request.actor.user_id
        project = request.query.project_id or None
        archived = request.query.include_archived == "true"
        text = await self._db.run(
            lambda reader: wire.threads(reader, listed(reader, owner, project, include_archived=archived))
        )
        return Response(text)

    async def show_archived(self, request: Request[None, None, ArchivedQuery]) -> Response:
        """Page through archived threads, or search them by title, branch and status."""
        owner = None if request.actor.sees_all else request.actor.user_id
        page, limit = clamped_page(request.query.page, request.query.limit)
        search = request.query.search
        return Response(
            await self._db.run(lambda reader: archived_page(reader, owner, page=page, limit=limit, search=search))
        )

    async def show(self, request: Request[Thread, None, ConversationQuery]) -> Response:
        """Show a thread with its messages and tool calls."""
        query = request.query
        window = wire.Window(query.limit, query.before, query.after, query.clip, await self._inclusions(query.include))
        opening = await self._db.run(lambda reader: wire.opening(reader, request.resource.id, window))
        if opening is None:
            raise NotFound(NOT_FOUND)
        return Response(opening.text if opening.whole else self._stream(opening, window))

    async def change(self, request: Request[Thread, ThreadPatch]) -> Thread:
        """Archive, pin or move a thread."""
        return await self._lifecycle.change(request.resource, request.body.changes())

    async def remove(self, request: Request) -> Ok:
        """Delete a thread and everything below it; an unknown one counts as deleted."""
        await self._lifecycle.delete(request.actor, request.params["thread"])
        return Ok()

    async def _inclusions(self, wanted: str) -> tuple[MessageInclusion, ...]:
        names = {name for name in wanted.split(",") if name}
        if not names:
            return ()
        answers = await self._hooks.collect(ThreadHooks.message_inclusions)
        known = {inclusion.name: inclusion for answer in answers for inclusion in answer}
        if names - known.keys():
            there = ", ".join(known) or "nothing"
            raise BadRequest(f"include: {min(names - known.keys())} is unknown; there is {there}")
        return tuple(known[name] for name in sorted(names))

    async def _stream(self, opening: wire.Opening, window: wire.Window) -> AsyncIterator[bytes]:
        text, rest = opening.text, opening.rest
        async for part in self._parts(text, opening.mark):
            yield part
        while rest:
            text, rest = await self._db.run(partial(_piece, rest, window, opening.mark))
            async for part in self._parts(b"," + text if text else b"", opening.mark):
                yield part
        yield wire.CLOSING

    async def _parts(self, text: bytes, mark: str) -> AsyncIterator[bytes]:
        """Iterate over a piece with the large texts in their places, of which one at a time is held."""
        for part in wire.split(text, mark):
            if isinstance(part, bytes):
                yield part
            else:
                large = await self._db.run(partial(_large_text, *part))
                for escaped in wire.escaped(large):
                    yield escaped


def _piece(rows: list[int], window: wire.Window, mark: str, reader: Reader) -> tuple[bytes, list[int]]:
    return wire.piece(reader, rows, window, mark)


def _large_text(column: int, row: int, reader: Reader) -> bytes:
    return wire.large_text(reader, column, row)
