"""What programs write, as text for browsers (``websocket.md`` §8)."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_contracts.output import LARGEST, SIZE, TextOutput, room

LONG = 3600.0


async def test_what_comes_after_a_pause_goes_out_at_once() -> None:
    texts: list[str] = []
    output = TextOutput(texts.append, interval=LONG)
    output.feed(b"x")
    assert texts == ["x"]


async def test_what_follows_closely_is_gathered() -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    texts: list[str] = []

    def emit(text: str) -> None:
        texts.append(text)
        if len(texts) == 2:
            done.set_result(None)

    output = TextOutput(emit, interval=0.02)
    for letter in "abcd":
        output.feed(letter.encode())
    assert texts == ["a"]
    await done
    assert texts == ["a", "bcd"]


async def test_a_flood_does_not_wait() -> None:
    texts: list[str] = []
    output = TextOutput(texts.append, interval=LONG)
    for _ in range(40):
        output.feed(b"x" * 4096)
    assert [len(text) for text in texts] == [4096, *[SIZE] * 4]
    output.feed(b"y" * LARGEST)
    output.finish()
    assert "".join(texts) == "x" * 40 * 4096 + "y" * LARGEST
    assert max(map(len, texts)) <= LARGEST


async def test_the_end_sends_everything() -> None:
    texts: list[str] = []
    output = TextOutput(texts.append, interval=LONG)
    for data in (b"a", b"b", "€".encode()[:2]):
        output.feed(data)
    output.finish()
    assert texts == ["a", "b", "\ufffd"]


@settings(deadline=None)
@given(st.text(), st.lists(st.integers(1, 5), min_size=1))
def test_characters_are_whole_wherever_the_bytes_are_cut(text: str, cuts: list[int]) -> None:
    async def run() -> list[str]:
        texts: list[str] = []
        output = TextOutput(texts.append, interval=LONG, size=3)
        data, number = text.encode("utf-8", "replace"), 0
        while data:
            count = cuts[number % len(cuts)]
            output.feed(data[:count])
            data, number = data[count:], number + 1
        output.finish()
        return texts

    texts = asyncio.run(run())
    assert "".join(texts) == text.encode("utf-8", "replace").decode()
    assert "" not in texts


class StandInSockets:
    """Sockets of which one is behind."""

    def __init__(self) -> None:
        self.behind = True
        self.caught_up = asyncio.Event()

    def connected(self, user_id: str) -> bool:
        return True

    def congested(self, user_id: str) -> bool:
        return self.behind and user_id == "anna"

    async def drained(self, user_id: str) -> None:
        await self.caught_up.wait()

    async def close(self, *, session: str | None = None, user_id: str | None = None, code: int, reason: str) -> int:
        return 0


async def test_whoever_writes_waits_for_sockets_that_are_behind() -> None:
    sockets = StandInSockets()
    hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    await room(sockets, "bert", hurry)
    waiting = asyncio.create_task(room(sockets, "anna", hurry))
    await asyncio.wait({waiting}, timeout=0)
    assert not waiting.done()
    sockets.caught_up.set()
    await waiting


async def test_whoever_hurries_does_not_wait() -> None:
    hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(room(StandInSockets(), "anna", hurry))
    await asyncio.wait({waiting}, timeout=0)
    hurry.set_result(None)
    await waiting
