"""Compares streams of events, one subject at a time, in order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from tests.contract.compare import ABSENT, Difference, compare_json
from tests.contract.placeholders import Bindings

Event = Mapping[str, Any]


def append_texts(events: Iterable[Event]) -> list[Event]:
    """Rewrite recorded events as if a text that does not extend its row's text had been appended to it.

    The reference server let the text of a new message replace the row's; better is to append it after a
    blank line (``agent-lifecycle.md`` §13, Messages). Repeated text of one message is not appended twice.
    """
    rows: dict[str, str] = {}
    rewritten: list[Event] = []
    for event in events:
        if event["type"] == "agent:message":
            data = event["data"]
            before, after = rows.get(data["messageId"], ""), data["content"]
            whole = after if not before or after.startswith(before) else f"{before}\n\n{after}"
            rows[data["messageId"]] = whole
            event = {**event, "data": {**data, "content": whole}}
        rewritten.append(event)
    return rewritten


def coalesce(events: Iterable[Event]) -> list[Event]:
    """Keep only the last of several frames of one message that follow each other (``websocket.md`` §5)."""
    kept: list[Event] = []
    for event in events:
        if kept and _message_id(event) is not None and _message_id(event) == _message_id(kept[-1]):
            kept.pop()
        kept.append(event)
    return kept


def _message_id(event: Event) -> str | None:
    return event["data"]["messageId"] if event["type"] == "agent:message" else None


RULES = {"append_texts": append_texts, "coalesce": coalesce}
"""Rewritings that the file of differences may name; `append_texts` is for the recorded side alone."""


def compare_streams(was: Sequence[Event], now: Sequence[Event], bindings: Bindings) -> Iterator[Difference]:
    """Yield the differences of one subject's events: fields of those that correspond, and those without a partner.

    The path begins with the event's type: ``agent:result.data.cost``.
    """
    matcher = SequenceMatcher(a=[_key(event) for event in was], b=[_key(event) for event in now], autojunk=False)
    for _, from_was, to_was, from_now, to_now in matcher.get_opcodes():
        pairs = max(to_was - from_was, to_now - from_now)
        for offset in range(pairs):
            expected = was[from_was + offset] if from_was + offset < to_was else None
            actual = now[from_now + offset] if from_now + offset < to_now else None
            yield from _compare_events(expected, actual, bindings)


def _compare_events(was: Event | None, now: Event | None, bindings: Bindings) -> Iterator[Difference]:
    if was is not None and now is not None and was["type"] == now["type"]:
        yield from compare_json(dict(was), dict(now), bindings, str(was["type"]))
        return
    if was is not None:
        yield Difference(str(was["type"]), dict(was), ABSENT)
    if now is not None:
        yield Difference(str(now["type"]), ABSENT, bindings.show(dict(now)))


def _key(event: Event) -> tuple[Any, ...]:
    data = event["data"]
    return event["type"], data.get("status"), data.get("name")
