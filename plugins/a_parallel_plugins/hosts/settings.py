"""Settings of the hosts plugin, ``[plugins.hosts]``."""

from pydantic import BaseModel, Field


class HostsSettings(BaseModel, defer_build=True):
    """How programs are held that outlive the server.

    Attributes:
        holder_patience: seconds without a server after which a holder ends its program.
        spool_limit: bytes of output that wait on the disk for a server; then the program has to wait.
    """

    holder_patience: float = Field(default=600.0, gt=0)
    spool_limit: int = Field(default=64 * 1024 * 1024, ge=64 * 1024)
