"""Frames as RFC 6455 wants them, and throttling as a rule about sequences."""

import json
from itertools import zip_longest

from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_contracts import Event, Topic
from a_parallel_kernel.coalescing import Coalescer
from a_parallel_kernel.frames import envelope, text_frame
from a_parallel_kernel.topics import MountedTopic


def parse(frame: bytes) -> tuple[bytes, bytes]:
    """Read one frame by the letter of RFC 6455 §5.2; return payload and rest."""
    assert frame[0] == 0b1000_0001  # final, no extension bits, text
    assert not frame[1] & 0x80  # a server does not mask
    size, at = frame[1], 2
    if size == 126:
        size, at = int.from_bytes(frame[2:4], "big"), 4
        assert size > 125
    elif size == 127:
        size, at = int.from_bytes(frame[2:10], "big"), 10
        assert size > 65535
    return frame[at : at + size], frame[at + size :]


@given(st.lists(st.binary(max_size=300) | st.integers(65530, 65540).map(bytes), max_size=4))
def test_joined_frames_come_apart_again(payloads: list[bytes]) -> None:
    data = b"".join(text_frame(payload) for payload in payloads)
    for payload in payloads:
        found, data = parse(data)
        assert found == payload
    assert data == b""


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_the_envelope_is_a_json_object_whatever_the_names(name: str, subject: str) -> None:
    name = name.encode("utf-8", "replace").decode()
    assert json.loads(envelope(name, subject, b'{"a":1}')) == {"type": name, "threadId": subject, "data": {"a": 1}}


class Text(Event):
    subject: str
    key: int
    number: int


class Other(Event):
    subject: str
    number: int


TEXT = MountedTopic("p", Topic("p:text", Text, subject="subject", coalesce="key", interval=3600))
OTHER = MountedTopic("p", Topic("p:other", Other, subject="subject"))
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([0, 1, None])), max_size=30)


@given(STEPS)
@settings(max_examples=200)
async def test_throttling_keeps_order_and_loses_only_what_is_replaced(steps: list[tuple[str, int | None]]) -> None:
    sent = list[Text | Other]()
    coalescer = Coalescer(lambda topic, event, entry: sent.append(event))  # type: ignore[arg-type]
    published = list[Text | Other]()
    for number, (subject, key) in enumerate(steps):
        if key is None:
            published.append(Other(subject=subject, number=number))
            coalescer.offer(OTHER, published[-1])
        else:
            published.append(Text(subject=subject, key=key, number=number))
            coalescer.offer(TEXT, published[-1])
    coalescer.flush()
    assert coalescer.quiet
    coalescer.close()
    for subject in "ab":
        mine = [event for event in published if event.subject == subject]
        got = [event for event in sent if event.subject == subject]
        assert [event.number for event in got] == sorted({event.number for event in got})
        for event, successor in zip_longest(mine, mine[1:]):
            replaced = isinstance(event, Text) and isinstance(successor, Text) and event.key == successor.key
            assert event in got or replaced
