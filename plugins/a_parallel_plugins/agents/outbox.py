"""User messages that no agent has seen yet. They outlive crashes and are sent again in the next run."""

from collections.abc import Iterable

import orjson
from msgspec import Struct

from a_parallel_contracts import Reader, Row, Transaction
from a_parallel_contracts.agents import Prompt
from a_parallel_contracts.threads import ImageAttachment


class Waiting(Struct, frozen=True):
    """A prompt that waits, and the message that it was stored as."""

    prompt: Prompt
    message_id: str


def put(tx: Transaction, thread_id: str, message_id: str, prompt: Prompt) -> None:
    """Keep `prompt` until an agent has seen it."""
    images = orjson.dumps([image.model_dump() for image in prompt.images]).decode() if prompt.images else None
    tx.execute(
        "INSERT INTO agents_outbox (prompt_id, thread_id, message_id, text, images) VALUES (?, ?, ?, ?, ?)",
        (prompt.id, thread_id, message_id, prompt.text, images),
    )


def drop(tx: Transaction, prompt_ids: Iterable[str]) -> None:
    """Forget prompts that an agent has seen."""
    for prompt_id in prompt_ids:
        tx.execute("DELETE FROM agents_outbox WHERE prompt_id = ?", (prompt_id,))


def waiting(reader: Reader, thread_id: str) -> list[Waiting]:
    """Return what waits for the thread's agent, oldest first."""
    rows = reader.all("SELECT * FROM agents_outbox WHERE thread_id = ? ORDER BY position", (thread_id,))
    return [Waiting(_prompt(row), row["message_id"]) for row in rows]


def _prompt(row: Row) -> Prompt:
    images = orjson.loads(row["images"]) if row["images"] else ()
    return Prompt(row["prompt_id"], row["text"], tuple(ImageAttachment.model_validate(image) for image in images))
