"""Settings of ``[plugins.pty]``."""

from pydantic import BaseModel, Field


class PtySettings(BaseModel, defer_build=True):
    """What may be set.

    Attributes:
        admins_only: in multi-user mode only admins may open terminals, since all of them run as the server's
            own user of the operating system.
        grace: seconds after which a terminal that no page attends to any more is hung up.
        limit: terminals that one user may have; the oldest that no page attends to makes room.
        survive: terminals outlive a server that is killed or replaced; unset, they do if agents do
            (``[plugins.agents] survive``).
        shell: program to run; ``$SHELL`` of the server, else ``bash``, without it.
    """

    admins_only: bool = True
    grace: float = Field(default=3600.0, gt=0)
    limit: int = Field(default=32, ge=1)
    survive: bool | None = None
    shell: str | None = Field(default=None, min_length=1)
