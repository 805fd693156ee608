"""What happened: frozen facts, published after the rows they tell about are committed."""

from a_parallel_contracts.models import WireModel


class Event(WireModel):
    """Base of all events; subclass it with the fields that describe what happened."""
