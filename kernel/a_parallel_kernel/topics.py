"""Which events go to browsers, and which messages come from them."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from msgspec import Struct

from a_parallel_contracts.events import Event
from a_parallel_contracts.topics import Inbound, Topic


class TopicError(ValueError):
    """A topic or incoming message cannot be mounted; the text says why."""


class MountedTopic(Struct, frozen=True, eq=False, dict=True):
    """A topic of a plugin."""

    plugin: str
    topic: Topic

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Fields that are not part of ``data``."""
        return frozenset(name for name in (self.topic.subject, self.topic.owner, self.topic.socket) if name)

    def subject(self, event: Event) -> str:
        """Return what becomes the envelope's ``threadId``."""
        value = getattr(event, self.topic.subject) if self.topic.subject else None
        return "" if value is None else str(value)

    def owner(self, event: Event) -> str | None:
        """Return the owner that the event itself names."""
        value = getattr(event, self.topic.owner) if self.topic.owner else None
        return str(value) if value else None

    def socket(self, event: Event) -> str | None:
        """Return the only socket that the event is for."""
        value = getattr(event, self.topic.socket) if self.topic.socket else None
        return None if value is None else str(value)

    def logged(self, event: Event) -> bool:
        """Tell whether the event is kept for clients that reconnect."""
        return self.topic.logged and self.socket(event) is None

    def reference(self, event: Event) -> str | None:
        """Return what the log keeps instead of the event's fields."""
        return str(getattr(event, self.topic.reference)) if self.topic.reference else None

    def key(self, event: Event) -> Any:
        """Return what two events that replace each other have in common."""
        return getattr(event, self.topic.coalesce) if self.topic.coalesce else None


class MountedInbound(Struct, frozen=True):
    """An incoming message of a plugin."""

    plugin: str
    inbound: Inbound


class TopicTable:
    """All topics and incoming messages of all plugins."""

    def __init__(self) -> None:
        self._topics: list[MountedTopic] = []
        self._by_event: dict[type[Event], tuple[MountedTopic, ...]] = {}
        self._inbound: dict[str, MountedInbound] = {}

    def mount(self, plugin: str, topics: Iterable[Topic | Inbound]) -> None:
        """Mount everything of `topics`, or nothing. What the plugin has mounted before stays.

        Raises:
            TopicError: a name is taken by another plugin, or a topic names a field that its event lacks.
        """
        sent, received = list(self._topics), dict(self._inbound)
        for one in topics:
            if isinstance(one, Topic):
                _check_fields(one)
                _check_name(one.name, plugin, {known.topic.name: known.plugin for known in sent})
                sent.append(MountedTopic(plugin, one))
            elif one.name in received:
                raise TopicError(f"{one.name} of plugin {plugin}: plugin {received[one.name].plugin} receives it")
            else:
                received[one.name] = MountedInbound(plugin, one)
        self._replace(sent, received)

    def unmount(self, plugin: str) -> None:
        """Take everything of a plugin away."""
        received = {name: one for name, one in self._inbound.items() if one.plugin != plugin}
        self._replace([one for one in self._topics if one.plugin != plugin], received)

    def _replace(self, sent: list[MountedTopic], received: dict[str, MountedInbound]) -> None:
        by_event: dict[type[Event], tuple[MountedTopic, ...]] = {}
        for one in sent:
            by_event[one.topic.event] = (*by_event.get(one.topic.event, ()), one)
        self._topics, self._by_event, self._inbound = sent, by_event, received

    def of(self, event: Event) -> tuple[MountedTopic, ...]:
        """Return the topics of exactly this class of events."""
        return self._by_event.get(type(event), ())

    def logged(self, name: str) -> MountedTopic | None:
        """Return the topic of that name whose events are kept."""
        return next((one for one in self._topics if one.topic.name == name and one.topic.logged), None)

    def inbound(self, name: str) -> MountedInbound | None:
        """Return who receives messages of that name."""
        return self._inbound.get(name)

    def messages(self) -> list[MountedInbound]:
        """Return all incoming messages, by name."""
        return sorted(self._inbound.values(), key=lambda one: one.inbound.name)

    def topics(self) -> list[MountedTopic]:
        """Return all topics, by name."""
        return sorted(self._topics, key=lambda one: one.topic.name)


def _check_fields(topic: Topic) -> None:
    for field in (topic.subject, topic.owner, topic.coalesce, topic.socket, topic.reference):
        if field is not None and field not in topic.event.model_fields:
            raise TopicError(f"topic {topic.name}: {topic.event.__name__} has no field {field}")
    if (topic.reference is None) != (topic.recall is None):
        raise TopicError(f"topic {topic.name}: reference and recall go together")


def _check_name(name: str, plugin: str, owners: dict[str, str]) -> None:
    if owners.get(name, plugin) != plugin:
        raise TopicError(f"topic {name} of plugin {plugin}: plugin {owners[name]} sends it")
