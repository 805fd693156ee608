"""Startup commands: what a person runs for a project (``http-core.md`` §5.7, ``http-features.md`` §8)."""

from typing import Literal

from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel


class StartupCommand(WireModel):
    """A stored command (``http-core.md`` §3.2). `port` and `port_env_var` are legacy; only old rows hold them."""

    id: str
    project_id: str
    label: str
    command: str
    port: int | str | None = None
    port_env_var: str | None = None
    sort_order: int
    created_at: str


class CommandOutput(Event):
    """A running command wrote something; sent as ``command:output``.

    Attributes:
        owner: of the project.
        data: text, multi-byte characters never split.
        index: how many such events of the same instance came before. Who has loaded what was written earlier sees by
            it which events that contains.
    """

    owner: str
    command_id: str
    data: str
    channel: Literal["stdout", "stderr"]
    index: int = 0


class CommandStatus(Event):
    """A command was started or has ended; sent as ``command:status``.

    Each instance has at most one final status, after all of its output; one that is replaced by a restart
    has none.

    Attributes:
        owner: of the project.
        status: ``stopped`` when somebody asked for the end, else ``exited``.
        exit_code: of ``exited``; 128 and the signal's number after a signal.
    """

    owner: str
    command_id: str
    project_id: str
    label: str
    status: Literal["running", "exited", "stopped"]
    exit_code: int | None = None
