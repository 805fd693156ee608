"""Notes on threads."""

from collections.abc import AsyncIterator, Iterable

from pydantic import BaseModel, Field

from a_parallel_contracts import (
    Event,
    Inbound,
    Manifest,
    Plugin,
    PluginContext,
    Request,
    Route,
    Topic,
    get,
    hookimpl,
    now,
    post,
)
from a_parallel_contracts.threads import THREADS, Thread, ThreadDeleted

INSERT = "INSERT INTO notes_entries (thread_id, text, created_at) VALUES (:thread_id, :text, :created_at)"
SELECT = "SELECT thread_id, text, created_at FROM notes_entries WHERE thread_id = :thread_id ORDER BY rowid"

DELETE = "DELETE FROM notes_entries WHERE thread_id = :thread_id"


class Settings(BaseModel):
    """Section ``[plugins.notes]``."""

    max_length: int = Field(default=500, gt=0)


class NewNote(BaseModel):
    """Body of a new note."""

    text: str = Field(min_length=1)


class NoteAdded(Event):
    """A note was kept."""

    thread_id: str
    text: str
    created_at: str


class NotesPlugin(Plugin):
    """Keep short notes beside a thread."""

    manifest = Manifest(api="1.0", requires=(THREADS,), settings=Settings, migrations="acme_notes:migrations")

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Forget a thread's notes when it is deleted."""

        async def forget(event: ThreadDeleted) -> None:
            await ctx.db.write(lambda tx: tx.execute(DELETE, {"thread_id": event.thread.id}))

        ctx.on(ThreadDeleted, forget)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Add a note to a thread, and list a thread's notes."""
        limit = ctx.settings(Settings).max_length

        async def add(request: Request[Thread, NewNote]) -> NoteAdded:
            note = NoteAdded(thread_id=request.resource.id, text=request.body.text[:limit], created_at=now())
            await ctx.db.write(lambda tx: (tx.execute(INSERT, note.model_dump()), tx.emit(note)))
            return note

        async def show(request: Request[Thread]) -> list[NoteAdded]:
            return await ctx.db.read(SELECT, thread_id=request.resource.id, into=NoteAdded)

        return [
            post("/api/notes/{thread}", add, loads=THREADS, status=201),
            get("/api/notes/{thread}", show, loads=THREADS),
        ]

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Tell browsers about new notes."""
        return [Topic("notes:added", NoteAdded, subject="thread_id", loads=THREADS)]
