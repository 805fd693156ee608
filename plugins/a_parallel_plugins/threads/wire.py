"""Threads as JSON text, put together by SQLite on the reader's thread.

A conversation may hold thousands of messages. Its rows become the bytes of the answer without a Python
object for each of them, in pieces of bounded size.
"""

import codecs
import re
import secrets
from collections.abc import Iterable, Iterator

import orjson
from msgspec import Struct

from a_parallel_contracts import Reader
from a_parallel_contracts.threads import MessageInclusion
from a_parallel_plugins.threads.images import stored_images
from a_parallel_plugins.threads.rows import NUMBERED

PIECE = 1024 * 1024
"""Bytes after which a piece of a conversation is sent on."""

_FIELDS = (
    "'id', id, 'projectId', project_id, 'userId', user_id, 'title', title, 'mode', mode,"
    " 'permissionMode', permission_mode, 'status', status, 'branch', branch, 'baseBranch', base_branch,"
    " 'worktreePath', worktree_path, 'sessionId', session_id, 'cost', cost,"
    " 'archived', json(CASE WHEN archived THEN 'true' ELSE 'false' END),"
    " 'pinned', json(CASE WHEN pinned THEN 'true' ELSE 'false' END),"
    " 'stage', stage, 'model', model, 'initialPrompt', initial_prompt,"
    " 'createdAt', created_at, 'completedAt', completed_at"
)
THREAD = (
    f"CAST(CASE WHEN automation_id IS NULL THEN json_object({_FIELDS})"
    f" ELSE json_object({_FIELDS}, 'automationId', automation_id) END AS BLOB)"
)
"""SQL expression: a row of ``threads`` as JSON (``http-core.md`` §3.3)."""

_CALLS = (
    "(SELECT json_group_array(json_object('id', id, 'messageId', message_id, 'name', name, {call_text}))"
    " FROM (SELECT rowid AS place, * FROM tool_calls WHERE message_id = m.id ORDER BY rowid))"
)
_CONTENT, _INPUT, _OUTPUT = range(3)
_COLUMNS = ("content FROM messages", "input FROM tool_calls", "output FROM tool_calls")
# The calls are put in as text: inside of json_object they would be read and written once more.
_MESSAGE = (
    "rtrim(json_object('id', m.id, 'threadId', m.thread_id, 'role', m.role, {message_text},"
    " 'model', m.model, 'permissionMode', m.permission_mode, 'timestamp', m.timestamp{more}), '}}')"
    f" || ',\"toolCalls\":' || {_CALLS} || '}}}}'"
)
_FROM = " FROM json_each(:rows) k CROSS JOIN messages m ON m.rowid = k.value"
_ONE_BY_ONE = f"SELECT m.id, CAST(m.images AS BLOB), CAST({_MESSAGE} AS BLOB){_FROM}"
_TOGETHER = f"SELECT count(m.images), CAST(group_concat({_MESSAGE}, ',') AS BLOB){_FROM}"
"""In one step of SQLite, during which Python does other work; with a row for each message it would be stopped as often.
Images are looked at first (see `stored_images`)."""
_LARGE = "iif(length(CAST({0} AS BLOB)) > :large, :mark || {1} || ':' || {2}, {0})"
"""A text, or what stands for one that is sent in pieces of its own. Bytes are known, characters would be counted."""
_WHOLE = {
    "message_text": f"'content', {_LARGE.format('m.content', _CONTENT, 'm.rowid')}",
    "call_text": f"'input', {_LARGE.format('input', _INPUT, 'place')},"
    f" 'output', {_LARGE.format('output', _OUTPUT, 'place')}",
}
_CLIPPED = {
    "message_text": "'content', substr(m.content, 1, :clip),"
    " 'clipped', json(iif(substr(m.content, 1, :clip) IS NOT m.content, 'true', 'false'))",
    "call_text": "'input', substr(input, 1, :clip), 'output', substr(output, 1, :clip),"
    " 'clipped', json(iif(substr(input, 1, :clip) IS NOT input OR substr(output, 1, :clip) IS NOT output,"
    " 'true', 'false'))",
}
_ROWS = "SELECT rowid FROM messages WHERE thread_id = :thread"
_PLACE = "(SELECT timestamp, rowid FROM messages WHERE id = :place AND thread_id = :thread)"
_BEFORE, _AFTER = f" AND (timestamp, rowid) < {_PLACE}", f" AND (timestamp, rowid) > {_PLACE}"
_NEWEST, _OLDEST = " ORDER BY timestamp DESC, rowid DESC LIMIT :limit", " ORDER BY timestamp, rowid LIMIT :limit"
_ROWS_AT_ONCE = 50
LARGE = 128 * 1024
"""Bytes of a text that is sent in pieces of its own, so that many together stay small."""


class Window(Struct, frozen=True):
    """Which part of a conversation is wanted; without anything, all of it.

    Attributes:
        limit: the newest so many messages.
        before: only those before the message with this id.
        after: only those after the message with this id, or all if it is empty, and the oldest so many.
        clip: characters after which texts of messages and tool calls are cut.
        include: what else each message is to have.
    """

    limit: int | None = None
    before: str | None = None
    after: str | None = None
    clip: int | None = None
    include: tuple[MessageInclusion, ...] = ()

    @property
    def forward(self) -> bool:
        """Whether it is read from its oldest message."""
        return self.after is not None

    @property
    def rows(self) -> str:
        """The statement that returns its row numbers in the order of reading; the index of messages answers it."""
        if self.forward:
            return _ROWS + (_AFTER if self.after else "") + _OLDEST
        return _ROWS + ("" if self.before is None else _BEFORE) + _NEWEST

    def sql(self, statement: str) -> str:
        """Return `_TOGETHER` or `_ONE_BY_ONE` for what is wanted."""
        texts = _WHOLE if self.clip is None else _CLIPPED
        cut = "({})" if self.clip is None else "substr(({}), 1, :clip)"
        more = "".join(f", '{each.name}', {cut.format(each.sql)}" for each in self.include)
        return statement.format(**texts, more=more)


class Opening(Struct, frozen=True):
    """The beginning of a conversation's JSON, up to somewhere in its messages.

    Attributes:
        text: what is there already, with the closing brackets if that is all.
        rest: row numbers of the messages that follow.
        mark: stands before the number of a text that is sent in pieces of its own; nobody can guess it.
        whole: nothing follows.
    """

    text: bytes
    rest: list[int]
    mark: str
    whole: bool


CLOSING = b"]}"
_PRIVATE = "\U0010fffd"
"""Begins marks: one byte is looked for many times faster than several, and hardly any text has the first of this one's.
"""
_SELDOM = _PRIVATE.encode()[:1]


def threads(reader: Reader, rows: Iterable[int]) -> bytes:
    """Return the threads in these rows as a JSON array, in this order."""
    sql = f"SELECT {THREAD} FROM {NUMBERED}"  # noqa: S608
    return b"[" + b",".join(text for (text,) in reader.tuples(sql, (_numbers(rows),))) + b"]"


def opening(reader: Reader, thread_id: str, window: Window) -> Opening | None:
    """Return a thread and the first piece of its messages, or None if it is gone."""
    thread: bytes | None = reader.value(f"SELECT {THREAD} FROM threads WHERE id = ?", (thread_id,))  # noqa: S608
    if thread is None:
        return None
    rows, more = _rows(reader, thread_id, window)
    mark = f"{_PRIVATE}{secrets.token_hex(16)}:"
    text, rest = piece(reader, rows, window, mark)
    paging = b"" if window.limit is None else b',"hasMore":true' if more else b',"hasMore":false'
    whole = not rest and (_SELDOM not in text or mark.encode() not in text)
    # All at once: each further "+" would copy the whole.
    parts = (thread[:-1], paging, b',"messages":[', text, CLOSING if whole else b"")
    return Opening(b"".join(parts), rest, mark, whole)


def piece(
    reader: Reader, rows: list[int], window: Window, mark: str, *, limit: int = PIECE, at_once: int = _ROWS_AT_ONCE
) -> tuple[bytes, list[int]]:
    """Return messages as JSON joined by commas until `limit` bytes are reached, and the rows that remain.

    Texts that are larger than `LARGE` are left out; see `split`.
    """
    parts: list[bytes] = []
    size = 0
    for start in range(0, len(rows), at_once):
        found = _some(reader, rows[start : start + at_once], window, mark)
        parts += [found] if found else []
        size += len(found)
        if size >= limit:
            return b",".join(parts), rows[start + at_once :]
    return b",".join(parts), []


def _some(reader: Reader, rows: list[int], window: Window, mark: str) -> bytes:
    params = {"rows": _numbers(rows), "clip": window.clip, "large": LARGE, "mark": mark}
    images, together = next(iter(reader.tuples(window.sql(_TOGETHER), params)))
    if not images:
        return together or b""
    return b",".join([_with_images(*row) for row in reader.tuples(window.sql(_ONE_BY_ONE), params)])


def split(text: bytes, mark: str) -> Iterator[bytes | tuple[int, int]]:
    """Iterate over the parts of a piece: JSON, and column and row of each text that belongs in between."""
    parts = re.split(rb'"%s(\d):(\d+)"' % mark.encode(), text)
    yield parts[0]
    for column, row, following in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        yield int(column), int(row)
        yield following


def large_text(reader: Reader, column: int, row: int) -> bytes:
    """Return a large text as UTF-8; nothing if its row is gone by now."""
    sql = f"SELECT CAST({_COLUMNS[column].replace(' FROM', ' AS BLOB) FROM')} WHERE rowid = ?"
    found: bytes | None = reader.value(sql, (row,))
    return found or b""


def escaped(text: bytes, limit: int = PIECE) -> Iterator[bytes]:
    """Iterate over a text as JSON, cut into pieces of about `limit` bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    yield b'"'
    for start in range(0, len(text), limit):
        part = decoder.decode(text[start : start + limit], final=start + limit >= len(text))
        yield orjson.dumps(part)[1:-1]
    yield b'"'


def _rows(reader: Reader, thread_id: str, window: Window) -> tuple[list[int], bool]:
    """Return the rows of a window, oldest first, and whether there are more in its direction."""
    limit = -1 if window.limit is None else window.limit + 1
    params = {"thread": thread_id, "place": window.after or window.before, "limit": limit}
    found = [row for (row,) in reader.tuples(window.rows, params)]
    more = window.limit is not None and len(found) > window.limit
    return found[: window.limit][:: 1 if window.forward else -1], more


def _with_images(message_id: str, images: bytes | None, text: bytes) -> bytes:
    if images is None or stored_images(message_id, images) is None:
        return text
    return b'%b,"images":%b}' % (text[:-1], images)


def _numbers(rows: Iterable[int]) -> str:
    return orjson.dumps(list(rows)).decode()
