"""Where a session stands, and what follows from what it reports."""

from enum import Enum


class Phase(Enum):
    """Where a session stands."""

    RUNNING = "running"
    SETTLED = "settled"
    GONE = "gone"


class Effect(Enum):
    """What the caller is to do once the changes are written."""

    CLOSE = "close the session, nothing more will be sent"
    SEND_QUEUED = "send the messages that could not be sent before"
    RESUME = "start again with the messages that wait"
    KEEP = "keep the session for the next message, but not for ever"
