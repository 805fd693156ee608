"""Bodies and answers of ``/api/projects/:id/commands`` (``http-core.md`` §5.7)."""

from pydantic import Field

from a_parallel_contracts import WireModel


class CommandText(WireModel):
    """Body for creating and changing a command."""

    label: str = Field(min_length=1)
    command: str = Field(min_length=1)


class RunningAnswer(WireModel):
    """Answer of ``…/status``."""

    running: bool
