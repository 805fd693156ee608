"""Notes on threads."""

import argparse
from collections.abc import AsyncIterator, Iterable

from pydantic import BaseModel, Field

from a_parallel_contracts import (
    Command,
    Inbound,
    Job,
    Manifest,
    Metric,
    Plugin,
    PluginContext,
    Request,
    Route,
    Topic,
    get,
    hookimpl,
    post,
    replace,
)
from a_parallel_contracts.agents import AgentHooks, Run
from a_parallel_contracts.pages import PageExtension, PageHooks
from a_parallel_contracts.threads import THREADS, Thread, ThreadDeleted
from acme_notes.notebook import NOTES, NoteAdded, NoteBook


class Settings(BaseModel):
    """Section ``[plugins.notes]``."""

    max_length: int = Field(default=500, gt=0, description="Longer notes are cut.")
    keep_days: float = Field(default=365, gt=0, description="Older notes are forgotten.")


class NewNote(BaseModel):
    """Body of a new note."""

    text: str = Field(min_length=1)


class NotesPlugin(Plugin, AgentHooks, PageHooks):
    """Keep short notes beside a thread."""

    manifest = Manifest(
        api="1.0",
        requires=(THREADS,),
        provides=(NOTES,),
        settings=Settings,
        migrations="acme_notes:migrations",
        static="acme_notes:static",
    )
    book: NoteBook

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide the notes to other plugins, and forget those of deleted threads."""
        settings = ctx.settings(Settings)
        self.book = NoteBook(ctx.db, settings.max_length, settings.keep_days)
        ctx.on(NoteAdded, self.book.count)
        ctx.on(ThreadDeleted, self.book.forget, durable="forget")
        ctx.provide(NOTES, self.book)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Add a note to a thread, and list a thread's notes."""

        async def add(request: Request[Thread, NewNote]) -> NoteAdded:
            return await self.book.add(request.resource.id, request.body.text)

        async def show(request: Request[Thread]) -> list[NoteAdded]:
            return await self.book.of(request.resource.id)

        return [
            post("/api/notes/{thread}", add, loads=THREADS, status=201),
            get("/api/notes/{thread}", show, loads=THREADS),
        ]

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Tell browsers about new notes."""
        return [Topic("notes:added", NoteAdded, subject="thread_id", loads=THREADS)]

    @hookimpl
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """Forget old notes once an hour."""
        return [Job("forget old notes", 3600, self.book.expire)]

    @hookimpl
    def commands(self, ctx: PluginContext) -> Iterable[Command]:
        """Return ``a-parallel notes THREAD``."""

        async def show(arguments: argparse.Namespace) -> int:
            for note in await NoteBook(ctx.db).of(arguments.thread):
                print(note.created_at, note.text)
            return 0

        def arguments(parser: argparse.ArgumentParser) -> None:
            parser.add_argument("thread", help="id of the thread")

        return [Command("notes", "show the notes of a thread", show, arguments, database=True)]

    @hookimpl
    async def prepare_run(self, ctx: PluginContext, run: Run) -> Run:
        """Tell the agent what the notes say."""
        notes = [note.text for note in await self.book.of(run.thread.id)]
        told = "\n- ".join(["Notes of the user on this task:", *notes]) if notes else ""
        return replace(run, system_prompt="\n\n".join(filter(None, [run.system_prompt, told])) or None)

    @hookimpl
    async def page_extensions(self, ctx: PluginContext) -> Iterable[PageExtension]:
        """Show the notes beside the conversation."""
        return [PageExtension("notes", "panel", "Notes", "panel.js")]

    @hookimpl
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        """Tell how many notes were added."""
        return [Metric("added", "Notes added.", self.book.added, kind="counter")]
