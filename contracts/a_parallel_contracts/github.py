"""GitHub: what is told while a repository is cloned."""

from a_parallel_contracts.events import Event


class CloneProgress(Event):
    """How far a clone is; sent as ``github:clone_progress``.

    Attributes:
        clone_id: of the clone, chosen by the client or made up.
        owner: user id of the one who asked for it.
        phase: as git calls it: ``Receiving objects``, ``Resolving deltas``, …
        percent: of the phase, if git tells.
        detail: amount and speed, if git tells.
    """

    clone_id: str
    owner: str
    phase: str
    percent: int | None = None
    detail: str | None = None


class CloneEnded(Event):
    """A clone ended; sent as ``github:clone_ended``.

    Attributes:
        clone_id, owner: as in `CloneProgress`.
        outcome: ``completed``, ``failed`` or ``cancelled``.
        project_id: of the project that was made.
        error: why it failed.
    """

    clone_id: str
    owner: str
    outcome: str
    project_id: str | None = None
    error: str | None = None
