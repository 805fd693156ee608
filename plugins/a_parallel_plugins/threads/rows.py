"""Rows of threads, messages and tool calls: the SQL that reads and changes them (``database.md`` §2, §4)."""

from typing import Any, get_type_hints

import orjson

from a_parallel_contracts import Reader, Row, Transaction, new_id, now
from a_parallel_contracts.threads import Message, Thread, ThreadChanged, ThreadChanges, ToolCall
from a_parallel_plugins.threads.images import stored_images

ARCHIVED = "archived"
"""Stage that is only ever written to the history (``database.md`` §4)."""

COLUMNS = (
    "id, project_id, user_id, title, mode, permission_mode, status, branch, base_branch, worktree_path,"
    " session_id, cost, archived, pinned, stage, model, initial_prompt, automation_id, created_at, completed_at"
)
NUMBERED = "(SELECT value AS number FROM json_each(?)) CROSS JOIN threads ON threads.rowid = number"
"""SQL table: the threads with these row numbers, a JSON array, in its order."""

CHANGEABLE = frozenset(get_type_hints(ThreadChanges))

FIND = f"SELECT {COLUMNS} FROM threads WHERE id = ?"  # noqa: S608
INSERT = f"INSERT INTO threads ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in COLUMNS.split(', '))})"  # noqa: S608
INSERT_HISTORY = "INSERT INTO stage_history (id, thread_id, from_stage, to_stage, changed_at) VALUES (?, ?, ?, ?, ?)"
INSERT_MESSAGE = (
    "INSERT INTO messages (id, thread_id, role, content, images, model, permission_mode, timestamp)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, max(?8, COALESCE("
    "(SELECT max(timestamp) FROM messages WHERE thread_id = ?2), '')))"
)
INSERT_TOOL_CALL = "INSERT INTO tool_calls (id, message_id, name, input, output) VALUES (?, ?, ?, ?, ?)"


def thread_from(row: Row) -> Thread:
    """Return a row as a `Thread`; flags of old files may hold any number."""
    return Thread.model_validate({**row, "archived": bool(row["archived"]), "pinned": bool(row["pinned"])})


def find(reader: Reader, thread_id: str) -> Thread | None:
    """Return a thread, whoever owns it."""
    row = reader.one(FIND, (thread_id,))
    return thread_from(row) if row else None


def insert(tx: Transaction, thread: Thread) -> None:
    """Insert a new thread with the first row of its history."""
    values = {name: getattr(thread, name) for name in COLUMNS.split(", ")}
    tx.execute(INSERT, _cleaned({**values, "archived": int(thread.archived), "pinned": int(thread.pinned)}))
    add_stage(tx, thread.id, None, thread.stage)


def update(tx: Transaction, thread_id: str, changes: ThreadChanges) -> tuple[Thread, Thread] | None:
    """Change columns of a row, with its stage history, and emit `ThreadChanged` if anything differs.

    Returns:
        The thread before and after, or None if there is no such row.
    """
    before = find(tx, thread_id)
    if before is None:
        return None
    changed = _differing(before, changes)
    if not changed:
        return before, before
    assignments = ", ".join(f"{name} = :{name}" for name in changed)
    tx.execute(f"UPDATE threads SET {assignments} WHERE id = :id", _cleaned({**changed, "id": thread_id}))  # noqa: S608
    after = find(tx, thread_id)
    assert after is not None
    _add_history(tx, before, after)
    tx.emit(ThreadChanged(before=before, after=after))
    return before, after


def _differing(before: Thread, changes: ThreadChanges) -> dict[str, Any]:
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        raise ValueError(f"not changeable in a thread: {', '.join(sorted(unknown))}")
    return {name: value for name, value in changes.items() if getattr(before, name) != value}


def _add_history(tx: Transaction, before: Thread, after: Thread) -> None:
    """Write what ``database.md`` §4 asks for: the stage first, and the archive row starts at the old stage."""
    if before.stage != after.stage:
        add_stage(tx, after.id, before.stage, after.stage)
    if after.archived and not before.archived:
        add_stage(tx, after.id, before.stage, ARCHIVED)
    elif before.archived and not after.archived:
        add_stage(tx, after.id, ARCHIVED, after.stage)


def add_stage(tx: Transaction, thread_id: str, from_stage: str | None, to_stage: str) -> None:
    """Append a row to a thread's stage history."""
    tx.execute(INSERT_HISTORY, (new_id(), thread_id, from_stage, str(to_stage), now()))


def add_message(tx: Transaction, message: Message) -> None:
    """Insert a message, its images as compact JSON.

    It is never timed before the one before it, whatever the clock says, since messages are shown by their times.
    """
    images = orjson.dumps([image.model_dump() for image in message.images]).decode() if message.images else None
    # Value by value: taking models apart costs more than SQLite does, and each word of an agent comes through here.
    texts = (message.id, message.thread_id, message.role, message.content)
    marks = (message.model, message.permission_mode, message.timestamp)
    tx.execute(INSERT_MESSAGE, (*map(_clean, texts), images, *map(_clean, marks)))


def set_content(tx: Transaction, message_id: str, content: str) -> None:
    """Replace a message's text; its timestamp stays, so that the order of messages does."""
    tx.execute("UPDATE messages SET content = ? WHERE id = ?", (clean(content), message_id))


def add_tool_call(tx: Transaction, call: ToolCall) -> None:
    """Insert a tool call."""
    values = (call.id, call.message_id, call.name, call.input, call.output)
    tx.execute(INSERT_TOOL_CALL, tuple(map(_clean, values)))


def set_output(tx: Transaction, tool_call_id: str, output: str) -> None:
    """Set a tool call's output."""
    tx.execute("UPDATE tool_calls SET output = ? WHERE id = ?", (clean(output), tool_call_id))


def messages(reader: Reader, thread_id: str, limit: int | None) -> list[Message]:
    """Return a thread's messages with their tool calls, oldest first; with `limit` the newest so many."""
    newest = (
        "SELECT id, thread_id, role, content, images, model, permission_mode, timestamp FROM messages"
        " WHERE thread_id = :thread ORDER BY timestamp DESC, rowid DESC LIMIT :limit"
    )
    rows = reader.all(newest, {"thread": thread_id, "limit": -1 if limit is None else limit})
    calls = _calls(reader, [row["id"] for row in rows])
    return [
        Message.model_validate(
            {**row, "images": stored_images(row["id"], row["images"]), "tool_calls": calls.get(row["id"], [])}
        )
        for row in reversed(rows)
    ]


def _calls(reader: Reader, message_ids: list[str]) -> dict[str, list[Row]]:
    sql = (
        "SELECT t.id, t.message_id, t.name, t.input, t.output FROM json_each(?) m"
        " JOIN tool_calls t ON t.message_id = m.value ORDER BY t.rowid"
    )
    calls: dict[str, list[Row]] = {}
    for row in reader.all(sql, (orjson.dumps(message_ids).decode(),)):
        calls.setdefault(row["message_id"], []).append(row)
    return calls


def clean(text: str) -> str:
    """Return `text` as SQLite can store it: lone surrogates, which are no Unicode text, become ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _clean(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _clean(value) for name, value in values.items()}


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give all threads of one user to another."""
    tx.execute("UPDATE threads SET user_id = ? WHERE user_id = ?", (owner, previous))
