"""The bus keeps order, isolates failures, bounds its queues and can tell when it is at rest."""

import asyncio
import logging
import threading

import pytest

from a_parallel_contracts import Event
from a_parallel_kernel.bus import Bus


class Counted(Event):
    number: int


class Special(Counted):
    pass


class Other(Event):
    text: str = ""


class Reports(list[tuple[str, BaseException]]):
    def __call__(self, owner: str, error: BaseException) -> None:
        self.append((owner, error))


async def test_a_subscriber_gets_events_in_order_and_one_at_a_time() -> None:
    bus, seen, inside = Bus(), list[int](), 0

    async def handler(event: Counted) -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        seen.append(event.number)
        inside -= 1

    bus.subscribe(Counted, handler, owner="notes", report=Reports())
    for number in range(50):
        bus.publish(Counted(number=number))
    bus.publish(Other())
    assert seen == []
    await bus.settled()
    assert seen == list(range(50))


async def test_a_subscription_to_a_class_includes_its_subclasses() -> None:
    bus, seen = Bus(), list[str]()

    async def handler(event: Event) -> None:
        seen.append(type(event).__name__)

    bus.subscribe(Counted, handler, owner="notes", report=Reports())
    bus.publish(Special(number=1))
    bus.publish(Counted(number=2))
    await bus.settled()
    assert seen == ["Special", "Counted"]


async def test_a_failing_handler_is_reported_and_neither_stops_itself_nor_others() -> None:
    bus, seen, reports = Bus(), list[int](), Reports()

    async def bad(event: Counted) -> None:
        if event.number == 1:
            raise ValueError("one")
        seen.append(event.number)

    async def good(event: Counted) -> None:
        seen.append(event.number * 10)

    bad_one = bus.subscribe(Counted, bad, owner="bad", report=reports)
    bus.subscribe(Counted, good, owner="good", report=reports)
    for number in (1, 2):
        bus.publish(Counted(number=number))
    await bus.settled()
    assert sorted(seen) == [2, 10, 20]
    assert [(owner, str(error)) for owner, error in reports] == [("bad", "one")]
    assert (bad_one.stats.handled, bad_one.stats.failed) == (1, 1)


async def test_a_handler_that_awaited_something_cancelled_keeps_its_subscription() -> None:
    bus, reports, seen = Bus(), Reports(), list[int]()

    async def handler(event: Counted) -> None:
        if event.number == 1:
            raise asyncio.CancelledError
        seen.append(event.number)

    bus.subscribe(Counted, handler, owner="notes", report=reports)
    bus.publish(Counted(number=1))
    bus.publish(Counted(number=2))
    await bus.settled()
    assert seen == [2]
    assert len(reports) == 1


async def test_overflow_drops_the_newest_counts_them_and_is_logged_once_a_burst(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, seen, go = Bus(), list[int](), asyncio.Event()

    async def slow(event: Counted) -> None:
        await go.wait()
        seen.append(event.number)

    fast = list[int]()

    async def quick(event: Counted) -> None:
        fast.append(event.number)

    subscription = bus.subscribe(Counted, slow, owner="slow", report=Reports(), limit=3)
    bus.subscribe(Counted, quick, owner="quick", report=Reports())
    with caplog.at_level(logging.WARNING, "a_parallel.bus"):
        for burst in range(2):
            go.clear()
            for number in range(10):
                bus.publish(Counted(number=burst * 10 + number))
            go.set()
            await bus.settled()
    assert seen == [0, 1, 2, 10, 11, 12]
    assert fast == list(range(20))
    assert subscription.stats.dropped == 14
    assert [record.getMessage() for record in caplog.records] == [
        "slow is too slow for Counted: its queue of 3 is full",
        "slow lost 7 events of Counted",
    ] * 2


async def test_settled_covers_what_handlers_publish_in_turn() -> None:
    bus, seen = Bus(), list[int]()

    async def handler(event: Counted) -> None:
        await asyncio.sleep(0)
        seen.append(event.number)
        if event.number < 5:
            bus.publish(Counted(number=event.number + 1))

    bus.subscribe(Counted, handler, owner="chain", report=Reports())
    await bus.settled()
    bus.publish(Counted(number=0))
    await bus.settled()
    assert seen == [0, 1, 2, 3, 4, 5]


async def test_closing_lets_queued_events_be_handled_and_takes_no_new_ones() -> None:
    bus, seen = Bus(), list[int]()

    async def handler(event: Counted) -> None:
        await asyncio.sleep(0)
        seen.append(event.number)

    subscription = bus.subscribe(Counted, handler, owner="notes", report=Reports())
    bus.publish(Counted(number=1))
    bus.publish(Counted(number=2))
    closing = asyncio.create_task(subscription.close(5))
    await asyncio.sleep(0)
    bus.publish(Counted(number=3))
    await closing
    await bus.settled()
    assert seen == [1, 2]
    assert bus.stats() == []


async def test_closing_ends_a_handler_that_outlasts_the_deadline() -> None:
    bus, entered, cancelled = Bus(), asyncio.Event(), list[int]()

    async def handler(event: Counted) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(event.number)
            raise

    subscription = bus.subscribe(Counted, handler, owner="notes", report=Reports())
    bus.publish(Counted(number=1))
    bus.publish(Counted(number=2))
    await entered.wait()
    await subscription.close(0.01)
    await bus.settled()
    assert cancelled == [1]
    assert subscription.stats.dropped == 1


async def test_a_handler_may_end_its_own_subscription() -> None:
    bus, seen = Bus(), list[int]()

    async def handler(event: Counted) -> None:
        await subscription.close()
        await asyncio.sleep(0)
        seen.append(event.number)

    subscription = bus.subscribe(Counted, handler, owner="once", report=Reports())
    bus.publish(Counted(number=1))
    bus.publish(Counted(number=2))
    await bus.settled()
    bus.publish(Counted(number=3))
    await bus.settled()
    assert seen == [1]


async def test_a_tap_hears_everything_at_once_until_it_is_undone_and_may_publish() -> None:
    bus, heard = Bus(), list[Event]()

    def tap(event: Event) -> None:
        heard.append(event)
        if event == Counted(number=1):
            bus.publish(Other(text="follows"))

    second = list[Event]()
    undo = bus.tap(tap)
    bus.tap(second.append)
    bus.publish(Counted(number=1))
    assert heard == second == [Counted(number=1), Other(text="follows")]
    undo()
    bus.publish(Counted(number=2))
    assert len(heard) == 2
    assert len(second) == 3


async def test_a_failing_tap_harms_nobody() -> None:
    bus, heard = Bus(), list[Event]()

    def broken(event: Event) -> None:
        raise RuntimeError("broken tap")

    bus.tap(broken)
    bus.tap(heard.append)
    bus.publish(Other())
    assert heard == [Other()]


async def test_publishing_from_another_thread_is_refused() -> None:
    bus, errors = Bus(), list[BaseException]()
    bus.publish(Other())

    def work() -> None:
        try:
            bus.publish(Other())
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert len(errors) == 1
