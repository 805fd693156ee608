"""Conversations that are far too long to be drawn."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen

MESSAGES = 10_000
NODES_AT_MOST = 4000
"""What is in the document, however long the conversation is."""
HEAP_GROWTH_AT_MOST = 48 * 1024 * 1024


TO_THE_TOP = """async () => {
  const log = document.querySelector("[role=log]");
  const frame = () => new Promise(done => requestAnimationFrame(done));
  let most = 0;
  while (!log.textContent.includes("Message number 0.")) {
    log.scrollTop = 0;
    await frame();
    most = Math.max(most, document.querySelectorAll("*").length);
  }
  return most;
}"""
"""Scrolls to the oldest message and returns the largest number of elements on the way."""


def rows(thread_id: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield messages of many lengths; the oldest is number 0."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(MESSAGES):
        role = "user" if number % 10 == 0 else "assistant"
        text = f"Message number {number}. " + "More of it. " * (number * 7 % 40)
        when = (start + timedelta(seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield f"{thread_id[:10]}-{number:010d}", thread_id, role, text, when


async def long_thread(house: House) -> str:
    """Return a thread with very many messages, written behind the server's back."""
    thread = await house.thread("Long", "!say Start.")
    with closing(sqlite3.connect(house.server.data_directory / "data.db")) as connection, connection:
        connection.execute("DELETE FROM messages WHERE thread_id = ?", [thread])
        connection.executemany(
            'INSERT INTO messages (id, thread_id, role, content, "timestamp") VALUES (?, ?, ?, ?, ?)', rows(thread)
        )
    return thread


async def nodes(page: Page) -> int:
    """Return the number of elements in the document."""
    return int(await page.evaluate("document.querySelectorAll('*').length"))


async def heap(page: Page) -> int:
    """Return the bytes of live objects, after a collection."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    return int(usage["usedSize"])


async def test_scrolling_through_ten_thousand_messages_keeps_the_page_small(
    new_screen: NewScreen, house: House
) -> None:
    thread = await long_thread(house)
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text(f"Message number {MESSAGES - 1}.")).to_be_visible()
    before = await heap(page)
    most = int(await page.evaluate(TO_THE_TOP))
    first = page.get_by_text("Message number 0.")
    await expect(first).to_be_visible()
    assert most < NODES_AT_MOST
    assert await heap(page) - before < HEAP_GROWTH_AT_MOST

    await page.get_by_role("button", name="Jump to the newest message").click()
    await expect(page.get_by_text(f"Message number {MESSAGES - 1}.")).to_be_visible()
    assert await nodes(page) < NODES_AT_MOST


async def test_what_is_read_stays_in_place_when_older_messages_arrive(new_screen: NewScreen, house: House) -> None:
    thread = await long_thread(house)
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    anchor = page.get_by_text("Message number 9945.")
    log = page.get_by_role("log")
    for _ in range(60):
        if await anchor.count():
            break
        await log.evaluate("element => element.scrollBy(0, -300)")
        await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await anchor.scroll_into_view_if_needed()
    await expect(page.get_by_role("status", name="Loading older messages")).to_have_count(0)
    place = await anchor.bounding_box()
    await log.evaluate("element => element.scrollBy(0, -40)")
    await expect(page.get_by_role("status", name="Loading older messages")).to_have_count(0)
    after = await anchor.bounding_box()
    assert place and after
    assert abs(after["y"] - place["y"] - 40) < 3
