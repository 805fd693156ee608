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


class OutputAnswer(WireModel):
    """Answer of ``…/output``: the end of what the last instance has written since the server started.

    Attributes:
        data: text of both channels in the order in which it came.
        cut: something earlier is left out.
        next: index of the first ``command:output`` that is not in `data`.
        exit_code: of an instance that has ended by itself.
    """

    running: bool
    data: str = ""
    cut: bool = False
    next: int = 0
    exit_code: int | None = None
