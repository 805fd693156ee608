"""Threads: one task each, with its messages, tool calls and stages."""

from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, Literal, Protocol, TypedDict

import orjson
from pydantic import BaseModel, ConfigDict, Field

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.database import Reader, Transaction
from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import PluginContext, hookspec
from a_parallel_contracts.services import Resources, ServiceKey


class ThreadMode(StrEnum):
    """Where a thread works: in the project itself, or in a working tree of its own."""

    LOCAL = "local"
    WORKTREE = "worktree"


class ThreadStatus(StrEnum):
    """State of a thread's run (``agent-lifecycle.md`` §9)."""

    IDLE = "idle"
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


UNFINISHED = (ThreadStatus.PENDING, ThreadStatus.RUNNING, ThreadStatus.WAITING)
"""States that need a process or a person; a restart turns them into ``interrupted``."""


class Stage(StrEnum):
    """Column of the board."""

    BACKLOG = "backlog"
    IN_PROGRESS = "in_progress"
    REVIEW = "review"
    DONE = "done"


class PermissionMode(StrEnum):
    """How much an agent may do without asking."""

    PLAN = "plan"
    AUTO_EDIT = "autoEdit"
    CONFIRM_EDIT = "confirmEdit"


class Model(StrEnum):
    """Names of language models as the client knows them."""

    SONNET = "sonnet"
    OPUS = "opus"
    HAIKU = "haiku"


class Role(StrEnum):
    """Who said a message."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class ImageSource(BaseModel):
    """Data of an image; its keys are those of the Messages API, not camelCase."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str


class ImageAttachment(BaseModel):
    """An image in a message (``http-core.md`` §3.5)."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    type: Literal["image"]
    source: ImageSource


class Thread(WireModel):
    """A thread's row (``http-core.md`` §3.3). Enumerations are plain text: old rows may hold anything."""

    id: str
    project_id: str
    user_id: str
    title: str
    mode: str
    status: str
    stage: str
    permission_mode: str
    model: str
    branch: str | None = None
    base_branch: str | None = None
    worktree_path: str | None = None
    session_id: str | None = None
    initial_prompt: str | None = None
    cost: float = 0
    archived: bool = False
    pinned: bool = False
    created_at: str
    completed_at: str | None = None
    automation_id: str | None = Field(default=None, exclude_if=lambda value: value is None)


class ToolCall(WireModel):
    """A tool call (``http-core.md`` §3.4). `input` is JSON text."""

    id: str
    message_id: str
    name: str
    input: str | None = None
    output: str | None = None


class Message(WireModel):
    """A message of a thread. `images` are set on user messages only."""

    id: str
    thread_id: str
    role: str
    content: str
    images: list[ImageAttachment] | None = None
    model: str | None = None
    permission_mode: str | None = None
    timestamp: str
    tool_calls: list[ToolCall] = Field(default_factory=list)


class ThreadChanges(TypedDict, total=False):
    """Columns to change in a thread's row."""

    title: str
    status: str
    stage: str
    cost: float
    completed_at: str | None
    session_id: str | None
    model: str
    permission_mode: str
    branch: str | None
    base_branch: str | None
    worktree_path: str | None
    archived: bool
    pinned: bool


class NewThread(WireModel):
    """What is needed to make a thread.

    Attributes:
        title: at most 200 characters are kept; empty means the prompt is the title.
        prompt: names the branch when there is no title; stored as ``initial_prompt`` of an idle thread.
        idle: no agent will be started now.
        user_id: owner.
        automation_id: of the automation that made it.
    """

    project_id: str
    title: str = ""
    prompt: str = ""
    mode: ThreadMode = ThreadMode.LOCAL
    model: Model = Model.SONNET
    permission_mode: PermissionMode = PermissionMode.AUTO_EDIT
    base_branch: str | None = None
    idle: bool = False
    user_id: str
    automation_id: str | None = None


class ThreadCreated(Event):
    """A thread was made."""

    thread: Thread


class ThreadChanged(Event):
    """A thread's row changed. `before` and `after` differ in at least one field."""

    before: Thread
    after: Thread


class ThreadDeleted(Event):
    """A thread's row and everything below it is gone."""

    thread: Thread


class MessageAdded(Event):
    """A person's message was added to a thread. What an agent says is told as ``agent:message``.

    Attributes:
        owner: user id of the thread's owner.
        images: how many images it has.
        model, permission_mode: with which the thread goes on.
    """

    thread_id: str
    owner: str
    message_id: str
    role: str
    content: str
    images: int = 0
    model: str | None = None
    permission_mode: str | None = None
    timestamp: str


class MessageInclusion(BaseModel):
    """Something more about each message that ``GET /api/threads/:id?include=name`` shows.

    Attributes:
        name: of the key in the message's JSON, and of the inclusion.
        sql: scalar SQL expression over the message's row ``m`` (``m.id``, ``m.thread_id``), a text or NULL; it is
            part of a statement, so it is made of constants alone.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    name: str = Field(pattern=r"^[a-z][A-Za-z]*$")
    sql: str


class ThreadHooks:
    """What other capabilities do in a thread's life. Mix it into your `Plugin` so that type checkers help."""

    @hookspec
    async def quiesce_thread(self, ctx: PluginContext, thread: Thread) -> None:
        """End everything that runs for the thread and wait for it; called before archiving and deleting.

        An `ApiError` refuses what was to be done.
        """

    @hookspec
    async def message_inclusions(self, ctx: PluginContext) -> list[MessageInclusion]:
        """Return what you know about messages beyond their rows, for those that ask for it."""
        return []

    @hookspec
    async def works_for_thread(self, ctx: PluginContext, thread: Thread) -> bool:
        """Tell whether something of yours works for the thread now, or will by itself.

        A thread that is shown as running while nobody says so is stuck.
        """
        return False

    @hookspec
    async def release_thread(
        self, ctx: PluginContext, thread: Thread, reason: Literal["archive", "delete", "project"]
    ) -> ThreadChanges | None:
        """Give back what the thread holds on disk, after it was quiesced; losing nothing of the user's.

        With the reason ``project`` its project is about to be deleted: only what holds nothing uncommitted is
        given back, and the rest stays (``http-core.md`` §5.8).

        Returns:
            Changes of the row that follow from it.
        """

    @hookspec
    async def provide_directory(self, ctx: PluginContext, thread: Thread) -> ThreadChanges | None:
        """Make the working tree of a thread of mode ``worktree`` that has none any more; the first answer wins.

        ``worktree_path`` is that of a directory which was deleted by hand, or None.

        Returns:
            Changes of the row, with ``worktree_path``.

        Raises:
            Conflict: it cannot be made; the text says why.
        """

    @hookspec
    async def stage_moved(self, ctx: PluginContext, before: Thread, after: Thread) -> None:
        """Called after a person moved a thread to another stage and the row was written, before the answer.

        Must return quickly. An exception is logged and does not change the answer.
        """


class Threads(Resources[Thread], Protocol):
    """The thread store. Methods that take a transaction are called inside `Database.write`."""

    async def get(self, id: str) -> Thread | None:
        """Return a thread whoever owns it."""
        ...

    async def visible(
        self, actor: Actor, *, project_id: str | None = None, include_archived: bool = False
    ) -> list[Thread]:
        """Return the threads visible to `actor`: pinned first, then newest first."""
        ...

    async def with_status(self, *statuses: ThreadStatus) -> list[Thread]:
        """Return the threads of all users in one of `statuses`."""
        ...

    async def messages(self, thread_id: str, *, limit: int | None = None) -> list[Message]:
        """Return the messages of a thread, oldest first; with `limit` the newest so many."""
        ...

    async def create(self, new: NewThread) -> Thread:
        """Make a thread and, in mode ``worktree``, its working tree.

        Raises:
            NotFound: ``Project not found``.
            BadRequest: the working tree cannot be made; nothing is left behind.
        """
        ...

    def add(self, tx: Transaction, new: NewThread) -> Thread:
        """Insert a thread of mode ``local`` together with other rows; emits `ThreadCreated`.

        Unlike `create` it looks at no repository, so the thread has no branch.

        Raises:
            Conflict: the project is gone.
        """
        ...

    async def directory(self, thread: Thread) -> str:
        """Return where the thread works: its working tree, else its project's path.

        Raises:
            NotFound: ``Project not found``.
            Conflict: mode ``worktree`` without a working tree; never the project's own checkout.
        """
        ...

    async def ensure_directory(self, thread: Thread) -> tuple[Thread, str]:
        """Like `directory`, but makes the missing working tree anew; returns the thread as it is then."""
        ...

    def exclusive(self, thread_id: str) -> AbstractAsyncContextManager[None]:
        """Keep others from archiving, deleting or starting the thread meanwhile; not reentrant.

        Held by this service while it calls `ThreadHooks.quiesce_thread` and `ThreadHooks.release_thread`,
        so hooks must not enter it. Whoever starts something for a thread enters it first and reads the row
        inside, since the thread may be gone by then.
        """
        ...

    def update(self, tx: Transaction, thread_id: str, changes: ThreadChanges) -> Thread | None:
        """Change a row, with its stage history; emits `ThreadChanged`. None if the thread is gone."""
        ...

    def find(self, reader: Reader, thread_id: str) -> Thread | None:
        """Return a thread's row."""
        ...

    def add_message(self, tx: Transaction, message: Message) -> None:
        """Insert a message (its tool calls are not written); emits `MessageAdded` for one of a person."""
        ...

    def set_content(self, tx: Transaction, message_id: str, content: str) -> None:
        """Replace a message's text; its timestamp stays."""
        ...

    def add_tool_call(self, tx: Transaction, call: ToolCall) -> None:
        """Insert a tool call."""
        ...

    def set_output(self, tx: Transaction, tool_call_id: str, output: str) -> None:
        """Set a tool call's output."""
        ...


def tool_input_text(value: Any) -> str:
    """Return a tool's input as it is stored: compact JSON, non-ASCII as is, keys as received.

    Stored inputs are compared byte for byte (``database.md`` §4).
    """
    return orjson.dumps(value).decode()


THREADS = ServiceKey[Threads]("threads")
