"""What the scripted agent remembers of a conversation."""

from msgspec import Struct

from a_parallel_contracts import Database


class Conversation(Struct):
    """A conversation.

    Attributes:
        id: the session's id.
        turns: how many there were.
        cost: of all turns, in US dollars.
    """

    id: str
    turns: int = 0
    cost: float = 0.0


async def load(db: Database, session_id: str) -> Conversation | None:
    """Return a conversation by its session's id."""
    row = await db.one("SELECT id, turns, cost FROM scripted_sessions WHERE id = :id", id=session_id)
    return Conversation(**row) if row else None


async def save(db: Database, conversation: Conversation) -> None:
    """Keep a conversation."""
    values = (conversation.id, conversation.turns, conversation.cost)
    await db.write(lambda tx: tx.execute("INSERT OR REPLACE INTO scripted_sessions VALUES (?, ?, ?)", values))
