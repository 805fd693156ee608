"""What the routes of threads take and answer (``http-core.md`` §6)."""

from typing import Any, Self

from pydantic import Field, model_validator

from a_parallel_contracts import Omissible, WireModel
from a_parallel_contracts.threads import Message, NewThread, Stage, Thread, ThreadChanges, ThreadMode


class IdleThread(WireModel):
    """Body of ``POST /api/threads/idle`` (§6.3)."""

    project_id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    mode: ThreadMode
    base_branch: Omissible[str] = None
    prompt: Omissible[str] = None

    def thread(self, user_id: str) -> NewThread:
        """Return the thread to make."""
        return NewThread(
            project_id=self.project_id,
            title=self.title,
            mode=self.mode,
            base_branch=self.base_branch,
            prompt=self.prompt or "",
            idle=True,
            user_id=user_id,
        )


class ThreadPatch(WireModel):
    """Body of ``PATCH /api/threads/:id`` (§6.7)."""

    archived: Omissible[bool] = None
    pinned: Omissible[bool] = None
    stage: Omissible[Stage] = None

    def changes(self) -> ThreadChanges:
        """Return what was sent."""
        changes = ThreadChanges()
        if self.archived is not None:
            changes["archived"] = self.archived
        if self.pinned is not None:
            changes["pinned"] = self.pinned
        if self.stage is not None:
            changes["stage"] = str(self.stage)
        return changes


class ListQuery(WireModel):
    """Query of ``GET /api/threads`` (§6.4)."""

    project_id: str = ""
    include_archived: str = ""


class ArchivedQuery(WireModel):
    """Query of ``GET /api/threads/archived`` (§6.5); what is no number counts as absent."""

    page: str = ""
    limit: str = ""
    search: str = ""


class ConversationQuery(WireModel):
    """Query of ``GET /api/threads/:id``; without any of it, the whole conversation is answered.

    Attributes:
        limit: the newest so many messages; the answer then has ``hasMore``.
        before: only messages before the one with this id.
        after: only messages after the one with this id, and the oldest so many of them; empty means all messages, so
            that a conversation can be read from its beginning. ``hasMore`` then tells of newer ones.
        clip: characters after which texts are cut; messages and tool calls then have ``clipped``.
        include: names of what else each message is to have, separated by commas, such as ``thinking``.
    """

    limit: int | None = Field(default=None, ge=1, le=10_000)
    before: str | None = None
    after: str | None = None
    clip: int | None = Field(default=None, ge=0, le=10_000_000)
    include: str = ""

    @model_validator(mode="after")
    def one_direction(self) -> Self:
        """Refuse a page that leads both ways."""
        if self.before is not None and self.after is not None:
            raise ValueError("before and after exclude each other; ask for one of them")
        return self


class ArchivedPage(WireModel):
    """Answer of ``GET /api/threads/archived``."""

    threads: list[Thread]
    total: int
    page: int
    limit: int


class ThreadWithMessages(Thread):
    """Answer of ``GET /api/threads/:id`` (§3.4). `has_more` is there when a limit was asked for."""

    messages: list[Message]
    has_more: bool | None = None


class CreatedThread(WireModel):
    """Answer of ``POST /api/threads/idle``: what the request fixed (``database.md`` §5)."""

    id: str
    project_id: str
    user_id: str
    title: str
    mode: str
    permission_mode: str
    model: str
    status: str
    stage: str
    branch: str | None = Field(default=None, exclude_if=lambda value: value is None)
    base_branch: str | None = Field(default=None, exclude_if=lambda value: value is None)
    worktree_path: str | None = Field(default=None, exclude_if=lambda value: value is None)
    initial_prompt: str | None = Field(default=None, exclude_if=lambda value: value is None)
    cost: float
    created_at: str


def created(thread: Thread) -> CreatedThread:
    """Return the creation form of a thread."""
    known: dict[str, Any] = thread.model_dump()
    return CreatedThread.model_validate({name: known[name] for name in CreatedThread.model_fields})
