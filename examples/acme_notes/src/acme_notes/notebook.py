"""The service behind `NOTES`."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from a_parallel_contracts import Database, Event, ServiceKey, iso, now
from a_parallel_contracts.threads import ThreadDeleted

INSERT = "INSERT INTO notes_entries (thread_id, text, created_at) VALUES (:thread_id, :text, :created_at)"
SELECT = "SELECT thread_id, text, created_at FROM notes_entries WHERE thread_id = :thread_id ORDER BY rowid"


class NoteAdded(Event):
    """A note was kept."""

    thread_id: str
    text: str
    created_at: str


class Notes(Protocol):
    """What other plugins may do with notes."""

    async def add(self, thread_id: str, text: str) -> NoteAdded:
        """Keep a note."""
        ...


NOTES = ServiceKey[Notes]("notes")


class NoteBook:
    """Keeps notes in the database.

    Parameters:
        db: the server's.
        max_length: characters that are kept of a note.
        keep_days: age at which notes are forgotten.
    """

    def __init__(self, db: Database, max_length: int = 500, keep_days: float = 365) -> None:
        self._db = db
        self._max_length = max_length
        self._keep = timedelta(days=keep_days)
        self.added = 0

    async def add(self, thread_id: str, text: str) -> NoteAdded:
        """Keep a note, and tell about it once it is stored."""
        note = NoteAdded(thread_id=thread_id, text=text[: self._max_length], created_at=now())
        await self._db.write(lambda tx: (tx.execute(INSERT, note.model_dump()), tx.emit(note)))
        return note

    async def of(self, thread_id: str) -> list[NoteAdded]:
        """Return the notes of a thread, oldest first."""
        return await self._db.read(SELECT, thread_id=thread_id, into=NoteAdded)

    async def count(self, event: NoteAdded) -> None:
        """Count a note, whoever added it."""
        self.added += 1

    async def forget(self, event: ThreadDeleted) -> None:
        """Drop the notes of a thread that is gone."""
        await self._db.write(lambda tx: tx.execute("DELETE FROM notes_entries WHERE thread_id = ?", (event.thread.id,)))

    async def expire(self) -> None:
        """Drop old notes."""
        oldest = iso(datetime.now(UTC) - self._keep)
        await self._db.write(lambda tx: tx.execute("DELETE FROM notes_entries WHERE created_at <= ?", (oldest,)))
