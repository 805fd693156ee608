"""Conversations that are far too long to be drawn."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen

MESSAGES = 100_000
JUMP = "Jump to the newest message"
LAST = f"Message number {MESSAGES - 1}."
NODES_AT_MOST = 4000
"""What is in the document, however long the conversation is."""
HEAP_GROWTH_AT_MOST = 24 * 1024 * 1024

UP = """async number => {
  const log = document.querySelector("[role=log]");
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const until = performance.now() + 60_000;
  let most = 0;
  while (performance.now() < until && !log.textContent.includes(`Message number ${number}.`)) {
    log.scrollTop = 0;
    await frame();
    most = Math.max(most, document.querySelectorAll("*").length);
  }
  if (performance.now() >= until) throw new Error(`message ${number} was not reached`);
  return most;
}"""
"""Scrolls up to the first message of a page as fast as it goes; returns the largest number of elements on the way."""

DOWN = """async number => {
  const log = document.querySelector("[role=log]");
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const until = performance.now() + 60_000;
  const seen = new Set();
  while (performance.now() < until && !seen.has(number)) {
    for (const [, one] of log.textContent.matchAll(/Message number (\\d+)\\./g)) seen.add(Number(one));
    log.scrollTop += log.clientHeight / 2;
    await frame();
  }
  return [...seen].sort((a, b) => a - b);
}"""
"""Scrolls down to a message, and returns the numbers of all messages that were shown on the way."""

FRAMES = """async count => {
  while (count-- > 0) await new Promise(done => requestAnimationFrame(done));
}"""
"""Waits until the page has been drawn so many times."""


def rows(thread_id: str, count: int) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield messages of many lengths; the oldest is number 0."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        role = "user" if number % 10 == 0 else "assistant"
        text = f"Message number {number}. " + "More of it. " * (number * 7 % 40)
        when = (start + timedelta(seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield f"{thread_id[:10]}-{number:010d}", thread_id, role, text, when


async def long_thread(house: House, count: int) -> str:
    """Return a thread with very many messages, written behind the server's back."""
    thread = await house.thread("Long", "!say Start.")
    with closing(sqlite3.connect(house.server.data_directory / "data.db")) as connection, connection:
        connection.execute("DELETE FROM messages WHERE thread_id = ?", [thread])
        connection.executemany(
            'INSERT INTO messages (id, thread_id, role, content, "timestamp") VALUES (?, ?, ?, ?, ?)',
            rows(thread, count),
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endless(house: House) -> str:
    """The address of a thread that nobody reads to the end."""
    return house.path(await long_thread(house, MESSAGES))


async def test_scrolling_through_thousands_of_messages_keeps_the_page_small(
    new_screen: NewScreen, endless: str
) -> None:
    screen = await new_screen()
    await screen.go(endless)
    page = screen.page
    await expect(page.get_by_text(LAST)).to_be_visible()
    before = await heap(page)
    most = int(await page.evaluate(UP, MESSAGES - 3000))
    assert most < NODES_AT_MOST
    assert await heap(page) - before < HEAP_GROWTH_AT_MOST
    await page.get_by_role("button", name=JUMP).click()
    await expect(page.get_by_text(LAST)).to_be_visible()
    assert await nodes(page) < NODES_AT_MOST


async def test_a_hundred_thousand_messages_are_read_from_both_ends(screen: Screen, endless: str) -> None:
    await screen.go(endless)
    page = screen.page
    newest, first = page.get_by_text(LAST), page.get_by_text("Message number 0.")
    await expect(newest).to_be_visible()
    log = page.get_by_role("log")
    await log.press("Home")
    await expect(first).to_be_visible()
    await expect(page.get_by_role("button", name="Jump to the first message")).to_have_count(0)
    await screen.look("long-conversation")
    shown = await page.evaluate(DOWN, 210)
    assert len(shown) > 210
    assert shown == list(range(len(shown)))

    await log.press("End")
    await expect(newest).to_be_visible()
    await expect(page.get_by_role("button", name=JUMP)).to_have_count(0)
    await page.evaluate(UP, MESSAGES - 100)
    place, button = await log.bounding_box(), await page.get_by_role("button", name=JUMP).bounding_box()
    assert place and button
    assert place["y"] + place["height"] <= button["y"], "nothing lies over the conversation"
    await page.get_by_role("button", name="Jump to the first message").click()
    await expect(first).to_be_visible()
    await page.get_by_role("button", name=JUMP).click()
    await expect(newest).to_be_visible()
    assert await nodes(page) < NODES_AT_MOST


async def test_the_way_to_the_end_is_offered_while_the_end_is_out_of_view(screen: Screen, house: House) -> None:
    thread = await house.thread("Tall", "\n".join(f"!say Paragraph {number}." for number in range(30)))
    await screen.go(house.path(thread))
    page = screen.page
    jump = page.get_by_role("button", name=JUMP)
    await expect(page.get_by_text("Paragraph 29.", exact=True)).to_be_visible()
    await expect(jump).to_have_count(0)
    await page.get_by_role("log").evaluate("log => { log.scrollTop = 0; }")
    await expect(jump).to_be_visible()
    await screen.look("jump")
    size = page.viewport_size
    assert size
    await page.set_viewport_size({"width": size["width"], "height": 3000})
    await expect(page.get_by_text("Paragraph 0.", exact=True)).to_be_visible()
    await expect(jump).to_have_count(0)


async def test_what_is_read_stays_in_place_when_older_messages_arrive(new_screen: NewScreen, endless: str) -> None:
    screen = await new_screen()
    await screen.go(endless)
    page = screen.page
    anchor = page.get_by_text("Message number 99945.")
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


async def test_who_reads_the_beginning_misses_nothing_at_the_end(new_screen: NewScreen, house: House) -> None:
    thread = await long_thread(house, 1000)
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text("Message number 999.")).to_be_visible()
    await page.get_by_role("log").press("Home")
    first = page.get_by_text("Message number 0.")
    await expect(first).to_be_visible()
    await house.call("POST", f"/api/threads/{thread}/message", {"content": "!say Something new."})
    await house.until(thread, "completed")
    await expect(page.get_by_text("Worked for")).to_be_visible()
    await expect(first).to_be_visible()
    await expect(page.get_by_text("Something new.", exact=True)).to_have_count(0)
    await page.get_by_role("combobox", name="Message").fill("!say The answer.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("The answer.", exact=True)).to_be_visible()
    await expect(page.get_by_text("Something new.", exact=True)).to_be_visible()


async def test_what_fails_to_load_is_asked_for_again_when_somebody_scrolls(new_screen: NewScreen, endless: str) -> None:
    screen = await new_screen()
    screen.watch.expected.append("before=")
    await screen.go(endless)
    page = screen.page
    await expect(page.get_by_text(LAST)).to_be_visible()
    asked: list[str] = []

    async def fail(route: Route) -> None:
        asked.append(route.request.url)
        await route.abort()

    await page.route(re.compile("[?&]before="), fail)
    log = page.get_by_role("log")
    await log.evaluate("element => { element.scrollTop = 0; }")
    await page.evaluate(FRAMES, 30)
    tried = len(asked)
    assert 0 < tried < 5
    await page.evaluate(FRAMES, 30)
    assert len(asked) == tried
    await page.unroute_all()
    await log.evaluate("element => { element.scrollTop = 600; }")
    await page.evaluate(FRAMES, 2)
    await page.evaluate(UP, MESSAGES - 300)
