"""Two pages show one conversation: what is written in one stands in the other a moment later."""

from playwright.async_api import Page, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


async def two(new_screen: NewScreen, path: str) -> tuple[Page, Page]:
    """Open the same address on a desktop and on a phone."""
    pages: list[Page] = []
    for size in ("1440x900", "390x844"):
        screen: Screen = await new_screen(size)
        await screen.go(path)
        pages.append(screen.page)
    return pages[0], pages[1]


async def write(page: Page, content: str) -> None:
    """Write a message as a person does."""
    box = page.get_by_role("combobox", name="Message")
    await box.fill(content)
    await page.get_by_role("button", name="Send", exact=True).click()


async def test_follow_ups_stand_in_both_pages_while_the_agent_works(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Two pages", "!say First.\n!hang", until="running")
    desk, phone = await two(new_screen, house.path(thread))
    for page in (desk, phone):
        await expect(page.get_by_text("First.", exact=True)).to_be_visible()
    await write(desk, "From the desk.")
    await expect(phone.get_by_text("From the desk.", exact=True)).to_be_visible()
    await write(phone, "From the phone.")
    await expect(desk.get_by_text("From the phone.", exact=True)).to_be_visible()
    body = {"content": "With an image.", "images": [IMAGE], "model": "haiku"}
    await house.call("POST", f"/api/threads/{thread}/message", body)
    for page in (desk, phone):
        mine = page.get_by_role("article", name="You")
        await expect(mine.last.get_by_role("img", name="Image 1")).to_be_attached()
        await expect(mine).to_have_count(4)
        await expect(page.get_by_text("Sending")).to_have_count(0)
        assert [await mine.nth(index).locator("p").first.inner_text() for index in (1, 2, 3)] == [
            "From the desk.",
            "From the phone.",
            "With an image.",
        ]
    await expect(desk.get_by_role("button", name="Model")).to_contain_text("Haiku")
    await house.call("POST", f"/api/threads/{thread}/stop")


async def test_a_question_answered_in_one_page_is_answered_in_the_other(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Two answers", "!ask Colour: Which one? | Blue | Green\n!say Thanks.", until="waiting")
    desk, phone = await two(new_screen, house.path(thread))
    cards = [page.get_by_role("region", name="The agent asks") for page in (desk, phone)]
    for card in cards:
        await expect(card).to_be_visible()
    await cards[1].get_by_text("Green", exact=True).click()
    await cards[1].get_by_role("button", name="Answer").click()
    for page, card in zip((desk, phone), cards, strict=True):
        await expect(card).to_have_count(0)
        await expect(page.get_by_role("article", name="You").last).to_contain_text("→ Green")
        await expect(page.get_by_text("Thanks.", exact=True)).to_be_visible()


async def test_what_is_done_to_a_thread_in_one_page_shows_in_the_other(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    await screen.go("/")
    sidebar = screen.page.get_by_role("complementary")
    body = {"projectId": house.project_id, "title": "Made elsewhere", "mode": "local"}
    thread = (await house.call("POST", "/api/threads/idle", body))["id"]
    row = sidebar.get_by_role("link", name="Made elsewhere")
    await expect(row).to_contain_text("Backlog")
    await house.call("PATCH", f"/api/threads/{thread}", {"stage": "done"})
    await expect(row).to_contain_text("Done")
    await row.click()
    await expect(screen.page.get_by_role("combobox", name="Message")).to_be_visible()
    await house.call("PATCH", f"/api/threads/{thread}", {"archived": True})
    await expect(row).to_have_count(0)
    await house.call("PATCH", f"/api/threads/{thread}", {"archived": False})
    await expect(row).to_be_visible()
    await house.call("DELETE", f"/api/threads/{thread}")
    await expect(row).to_have_count(0)
    await expect(screen.page.get_by_text("There is no such thread")).to_be_visible()


async def test_follow_ups_that_wait_for_their_turn_stand_in_both_pages(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Two in line", "!say First.")
    settings = "/api/kernel/plugins/agents/settings"
    await house.call("PATCH", settings, {"values": {"max_runs": 1, "min_free_memory": 0}})
    before = await house.thread("Takes the place", "!hang", until="running")
    desk, phone = await two(new_screen, house.path(thread))
    await write(desk, "!say Second.")
    for page in (desk, phone):
        await expect(page.get_by_text("Waits for its turn (1 in the queue)")).to_be_visible()
        await expect(page.get_by_text("!say Second.", exact=True)).to_be_visible()
    await write(phone, "!say Third.")
    await expect(desk.get_by_text("!say Third.", exact=True)).to_be_visible()
    await house.call("POST", f"/api/threads/{before}/stop")
    for page in (desk, phone):
        for said in ("Second.", "Third."):
            await expect(page.get_by_text(said, exact=True)).to_be_visible()
        await expect(page.get_by_role("article", name="You")).to_have_count(3)
        await expect(page.get_by_text("Sending")).to_have_count(0)
    await house.until(thread, "completed")
    await house.call("PATCH", settings, {"reset": ["max_runs", "min_free_memory"]})
