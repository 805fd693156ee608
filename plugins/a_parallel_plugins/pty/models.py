"""What pages send (``websocket.md`` §3). Whatever does not fit is ignored."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from a_parallel_contracts import WireModel

LARGEST = 1000
"""Rows or columns."""

Id = Annotated[str, Field(min_length=1, max_length=64)]
Length = Annotated[int, AfterValidator(lambda value: max(1, min(value, LARGEST)))]
"""Rows or columns, clamped."""


class Nothing(BaseModel, defer_build=True):
    """A message without fields."""


class Named(BaseModel, defer_build=True):
    """A message about a terminal."""

    id: Id


class Spawn(Named):
    """``pty:spawn``. Sizes of 0 count as missing (§7.1); without `cwd` the server's own directory is meant."""

    cwd: str = ""
    rows: int | None = None
    cols: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return max(1, min(self.rows or 24, LARGEST)), max(1, min(self.cols or 80, LARGEST))


class Write(Named):
    """``pty:write``."""

    data: str


class Resize(Named):
    """``pty:resize``."""

    rows: Length
    cols: Length


class TerminalInfo(WireModel):
    """A terminal as its owner's pages see it."""

    pty_id: str
    cwd: str
    rows: int
    cols: int
    created_at: str


class TerminalList(WireModel):
    """Answer of ``pty:list``."""

    terminals: list[TerminalInfo]
