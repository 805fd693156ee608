"""What the routes of agents take and answer (``http-core.md`` §4.2, §6)."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from a_parallel_contracts import Omissible, WireModel
from a_parallel_contracts.admission import QueuePlace
from a_parallel_contracts.agents import ProviderStatus, StartRequest
from a_parallel_contracts.threads import ImageAttachment, Model, NewThread, PermissionMode, Thread, ThreadMode
from a_parallel_plugins.agents.prompts import title_of
from a_parallel_plugins.agents.rules import Remember

Unset = Field(default=None, exclude_if=lambda value: value is None)


class FileReference(WireModel):
    """A file that a message refers to, relative to the working directory."""

    path: str = Field(min_length=1)


class ToolLists(WireModel):
    """Rules for tools; left out for the defaults."""

    allowed_tools: Omissible[tuple[str, ...]] = None
    disallowed_tools: Omissible[tuple[str, ...]] = None


class NewRun(ToolLists):
    """Body of ``POST /api/threads`` (§6.2). The text may be empty when there are images (§6.9)."""

    project_id: str = Field(min_length=1)
    title: str = ""
    mode: ThreadMode
    model: Model = Model.SONNET
    permission_mode: PermissionMode = PermissionMode.AUTO_EDIT
    base_branch: Omissible[str] = None
    prompt: str
    images: tuple[ImageAttachment, ...] = ()
    file_references: Annotated[tuple[FileReference, ...], Field(max_length=20)] = ()
    provider: Omissible[str] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.prompt and not self.images:
            raise ValueError("prompt is required")
        return self

    def thread(self, user_id: str) -> NewThread:
        """Return the thread to make."""
        return NewThread(
            project_id=self.project_id,
            title=(self.title.strip() and self.title) or title_of((self.prompt,)),
            prompt=self.prompt,
            mode=self.mode,
            model=self.model,
            permission_mode=self.permission_mode,
            base_branch=(self.base_branch or "").strip() or None,
            user_id=user_id,
        )

    def request(self) -> StartRequest:
        """Return what the agent is to be started with."""
        return _request(self, self.prompt, self.images, self.file_references)


class NewMessage(ToolLists):
    """Body of ``POST /api/threads/:id/message`` (§6.7)."""

    content: str
    model: Omissible[Model] = None
    permission_mode: Omissible[PermissionMode] = None
    images: tuple[ImageAttachment, ...] = ()
    file_references: Annotated[tuple[FileReference, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.content and not self.images:
            raise ValueError("content is required")
        return self

    def request(self) -> StartRequest:
        """Return what is to reach the agent."""
        request = _request(self, self.content, self.images, self.file_references)
        return request.model_copy(update={"model": self.model, "permission_mode": self.permission_mode})


class ToolApproval(ToolLists):
    """Body of ``POST /api/threads/:id/approve-tool`` (§6.7).

    `remember` allows the tool for good: all its calls, or calls like this one.
    """

    tool_name: str = Field(min_length=1)
    approved: bool
    remember: Omissible[Remember] = None

    def request(self) -> StartRequest:
        """Return the client's tool lists; the text follows from the tool."""
        return _request(self, "", (), ())


class QueuedThread(QueuePlace):
    """A thread that waits for its turn."""

    thread_id: str
    project_id: str


class QueueState(WireModel):
    """Answer of ``GET /api/agents/queue``: agents at work and waiting, whoever owns them, and one's own threads."""

    max_runs: int
    running: int
    waiting: int
    threads: list[QueuedThread]


class ThreadQueueState(WireModel):
    """Answer of ``GET /api/threads/:id/queue``; `queue` is null for a thread that does not wait."""

    queue: QueuePlace | None


class ThreadFailure(WireModel):
    """Answer of ``GET /api/threads/:id/failure``.

    Attributes:
        failure: what the provider said about it, or what happened to the agent, or ``errorReason`` of ``agent:result``;
            null for a thread that has not failed, and where nobody knows.
    """

    failure: str | None


class ThinkingQuery(WireModel):
    """Query of ``GET /api/threads/:id/thinking``.

    Attributes:
        messages: ids of messages, separated by commas; absent for all of the thread.
    """

    messages: str | None = None

    def chosen(self) -> list[str] | None:
        """Return the ids, or None for all."""
        return None if self.messages is None else [one for one in self.messages.split(",") if one]


class StartedThread(WireModel):
    """Answer of ``POST /api/threads``: what the request fixed, before the start (``database.md`` §5).

    `queue` is there if the start waits for its turn.
    """

    id: str
    project_id: str
    user_id: str
    title: str
    mode: str
    permission_mode: str
    model: str
    status: str
    branch: str | None = Unset
    base_branch: str | None = Unset
    worktree_path: str | None = Unset
    cost: float
    created_at: str
    queue: QueuePlace | None = Unset

    @classmethod
    def of(cls, thread: Thread, queue: QueuePlace | None) -> "StartedThread":
        """Return the creation form of a thread."""
        known: dict[str, Any] = {**thread.model_dump(), "queue": queue}
        return cls.model_validate({name: known[name] for name in cls.model_fields})


class CliStatus(WireModel):
    """Whether the default provider can start agents; all keys are always there (§4.2)."""

    available: bool
    path: str | None
    error: str | None
    version: str | None


class SetupStatus(WireModel):
    """Answer of ``GET /api/setup/status``; named after the CLI, for the client's sake."""

    claude_cli: CliStatus

    @classmethod
    def of(cls, status: ProviderStatus) -> "SetupStatus":
        """Return what the first-run wizard shows."""
        cli = CliStatus(available=status.available, path=status.path, error=status.error, version=status.version)
        return cls(claude_cli=cli)


class RulesQuery(WireModel):
    """Query of ``GET /api/agents/permission-rules``."""

    project_id: str | None = None


def _request(
    lists: ToolLists, text: str, images: tuple[ImageAttachment, ...], references: tuple[FileReference, ...]
) -> StartRequest:
    return StartRequest(
        text=text,
        images=images,
        allowed_tools=lists.allowed_tools,
        disallowed_tools=lists.disallowed_tools,
        file_references=tuple(reference.path for reference in references),
    )
