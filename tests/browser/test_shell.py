"""The frame around the views: sidebar, palette, keyboard, themes, connection."""

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def threads(house: House) -> dict[str, str]:
    """Threads in several states, by title."""
    found = {
        "Finished work": await house.thread("Finished work", "!write a.txt a\n!cost 0.12\n!say Done."),
        "A question": await house.thread("A question", "!ask Which? | One | Two", until="waiting"),
        "It failed": await house.thread("It failed", "!fail", until="failed"),
    }
    await house.call("PATCH", f"/api/threads/{found['It failed']}", {"pinned": True})
    return found


async def test_home_shows_what_needs_somebody(screen: Screen, threads: dict[str, str]) -> None:
    await screen.go("/")
    page = screen.page
    section = page.locator("section", has=page.get_by_role("heading", name="Waiting for you"))
    await expect(section.get_by_role("link").first).to_contain_text("A question")
    await screen.look("home")
    await screen.check_accessibility("home")
    await section.get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="A question")).to_be_visible()


async def test_the_sidebar_leads_to_threads_and_filters_them(screen: Screen, threads: dict[str, str]) -> None:
    await screen.go("/")
    page = screen.page
    if screen.narrow:
        await page.get_by_role("button", name="Show sidebar").click()
    tree = page.get_by_role("dialog", name="Navigation") if screen.narrow else page.locator("aside").first
    await expect(tree.get_by_role("link", name="Finished work")).to_contain_text("$0.12")
    await expect(tree.get_by_role("link", name="It failed")).to_contain_text("Review")
    await screen.look("sidebar")
    await screen.check_accessibility("sidebar")
    await tree.get_by_role("textbox", name="Filter threads").fill("finis")
    await expect(tree.get_by_role("link", name="It failed")).to_have_count(0)
    await tree.get_by_role("link", name="Finished work").click()
    await expect(page.get_by_role("heading", name="Finished work")).to_be_visible()
    if screen.narrow:
        await expect(tree).to_have_count(0)


async def test_a_project_lists_its_threads_and_its_archive(
    screen: Screen, house: House, threads: dict[str, str]
) -> None:
    old = await house.thread("An old one", "!say Old.")
    await house.call("PATCH", f"/api/threads/{old}", {"archived": True})
    await screen.go(f"/projects/{house.project_id}")
    page = screen.page
    main = page.get_by_role("main")
    await expect(main.get_by_role("link", name="Finished work")).to_be_visible()
    await expect(main.get_by_text("An old one").first).to_be_visible()
    await screen.look("project")
    await screen.check_accessibility("project")
    row = main.locator("li", has_text="An old one").last
    await row.get_by_role("button", name="Take out of the archive").click()
    await expect(main.get_by_role("link", name="An old one")).to_be_visible()
    await house.call("DELETE", f"/api/threads/{old}")


async def test_project_settings(screen: Screen, house: House, threads: dict[str, str]) -> None:
    await screen.go(f"/projects/{house.project_id}/settings/general")
    page = screen.page
    await expect(page.get_by_text("your checkout", exact=True)).to_be_visible()
    await page.get_by_role("button", name="#0e8a5f").click()
    await expect(page.get_by_role("button", name="#0e8a5f")).to_have_attribute("aria-pressed", "true")
    await screen.look("project-settings")
    await screen.check_accessibility("project settings")


async def test_search_finds_what_is_archived_too(screen: Screen, threads: dict[str, str]) -> None:
    await screen.go("/search")
    await screen.page.get_by_role("searchbox").fill("question")
    await expect(screen.page.get_by_role("main").get_by_role("link", name="A question")).to_be_visible()
    await screen.look("search")
    await screen.check_accessibility("search")


async def test_everything_can_be_reached_from_the_keyboard(new_screen: NewScreen, threads: dict[str, str]) -> None:
    screen = await new_screen()
    await screen.go("/")
    page = screen.page
    await expect(page.get_by_role("heading", name="What needs you")).to_be_visible()
    await page.keyboard.press("Control+k")
    await screen.look("palette")
    await screen.check_accessibility("palette")
    await page.keyboard.type("finished work")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Finished work")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("heading", name="Finished work").click()
    await page.keyboard.press("Shift+?")
    help = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(help).to_contain_text("New thread")
    await screen.look("shortcuts")
    await screen.check_accessibility("shortcuts")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+b")
    await expect(page.get_by_role("textbox", name="Filter threads")).to_have_count(0)
    await page.keyboard.press("Control+b")
    await expect(page.get_by_role("textbox", name="Filter threads")).to_be_visible()


async def test_tab_goes_through_the_page_without_getting_caught(
    new_screen: NewScreen, house: House, threads: dict[str, str]
) -> None:
    screen = await new_screen()
    await screen.go(house.path(threads["Finished work"]))
    page = screen.page
    await expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    await page.evaluate("document.activeElement?.blur()")
    seen: list[str] = []
    for _ in range(80):
        await page.keyboard.press("Tab")
        seen.append(await page.evaluate(FOCUSED))
    for wanted in ("Skip to content", "Filter threads", "Review", "Message", "Send"):
        assert any(wanted in one for one in seen), f"{wanted} cannot be reached: {seen}"


FOCUSED = """() => {
  const one = document.activeElement;
  return one.getAttribute("aria-label") || one.getAttribute("placeholder") || one.labels?.[0]?.innerText
    || one.innerText || one.tagName;
}"""


async def test_the_theme_follows_the_system_until_somebody_chooses(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    page = screen.page
    await page.emulate_media(color_scheme="dark")
    await screen.go("/settings/appearance")
    dark = "document.documentElement.classList.contains('dark')"
    assert await page.evaluate(dark)
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("html")).not_to_have_class("dark")
    await page.get_by_role("radio", name="Dark").click()
    assert await page.evaluate(dark)
    await page.reload()
    await expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    assert await page.evaluate(dark)


async def test_a_restart_of_the_server_is_shown_and_nothing_is_lost(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Before", "!say Before the restart.")
    screen = await new_screen()
    screen.watch.expected += ["WebSocket", "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET"]
    await screen.go(house.path(thread))
    page = screen.page
    live = page.locator("[data-connection=live]")
    await expect(live).to_be_visible()
    await house.server.stop()
    await expect(page.get_by_text("Connection lost")).to_be_visible()
    await screen.look("connection-lost")
    await house.server.start()
    await house.call("POST", f"/api/threads/{thread}/message", {"content": "!say While you were away."})
    await house.until(thread, "completed")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(live).to_be_visible()
    await expect(page.get_by_text("While you were away.", exact=True)).to_be_visible()


async def test_an_unknown_address_says_so(screen: Screen, house: House) -> None:
    screen.watch.expected += ["404"]
    await screen.go("/no/such/place")
    await expect(screen.page.get_by_text("There is no such page")).to_be_visible()
    await screen.go(f"/projects/{house.project_id}/threads/unknown")
    await expect(screen.page.get_by_text("There is no such thread")).to_be_visible()
    await screen.look("missing-thread")
