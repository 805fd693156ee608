"""Builds the models that are used on the database's threads."""

from pydantic import BaseModel

from a_parallel_contracts import agents
from a_parallel_contracts.threads import Message, Thread, ThreadChanged, ToolCall


def build_models() -> None:
    """Build what the writer uses; building a deferred model is not safe in two threads at once."""
    for model in (Thread, Message, ToolCall, ThreadChanged, *vars(agents).values()):
        if isinstance(model, type) and issubclass(model, BaseModel):
            model.model_rebuild()
