"""What the routes of threads take and answer (``http-core.md`` §6)."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from a_parallel_contracts import WireModel
from a_parallel_contracts.threads import Message, Stage, Thread, ThreadChanges, ThreadMode


def required(message: str) -> AfterValidator:
    """Return a validator that refuses empty text with `message`."""

    def validate(text: str) -> str:
        if not text:
            raise PydanticCustomError("required", message)
        return text

    return AfterValidator(validate)


class IdleThread(WireModel):
    """Body of ``POST /api/threads/idle`` (§6.3); an omitted key and an empty text mean the same."""

    project_id: str = Field(min_length=1)
    title: Annotated[str, required("title is required")]
    mode: ThreadMode
    base_branch: str = ""
    prompt: str = ""


class ThreadPatch(WireModel):
    """Body of ``PATCH /api/threads/:id`` (§6.7); only keys that were sent change anything, and none may be null."""

    archived: bool = False
    pinned: bool = False
    stage: Stage = Stage.BACKLOG

    def changes(self) -> ThreadChanges:
        """Return what was sent."""
        changes = ThreadChanges(archived=self.archived, pinned=self.pinned, stage=str(self.stage))
        for unsent in type(self).model_fields.keys() - self.model_fields_set:
            changes.pop(unsent)  # type: ignore[misc]
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
        clip: characters after which texts are cut; messages and tool calls then have ``clipped``.
    """

    limit: int | None = Field(default=None, ge=1, le=10_000)
    before: str | None = None
    clip: int | None = Field(default=None, ge=0, le=10_000_000)


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
