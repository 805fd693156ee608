"""Threads on the board."""

import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen


@pytest_asyncio.fixture(loop_scope="module")
async def moved(house: House, screen: Screen) -> tuple[Screen, str, str]:
    """The board with a thread of its own; the screen, the thread's id and its title."""
    title = f"Move me <b>{screen.size}</b>"
    thread = await house.thread(title, "!say Done.\n!cost 0.42", mode="local")
    await screen.go("/board")
    await expect(column(screen, "Review").get_by_text(title)).to_be_attached()
    return screen, thread, title


def column(screen: Screen, name: str) -> Locator:
    return screen.page.get_by_role("region", name=name, exact=True)


async def stage_of(house: House, thread: str) -> tuple[str, bool]:
    """Return a thread's stage and whether it is archived."""
    row = await house.call("GET", f"/api/threads/{thread}?limit=1")
    return row["stage"], bool(row["archived"])


async def test_the_keyboard_moves_a_thread_from_column_to_column(moved: tuple[Screen, str, str], house: House) -> None:
    screen, thread, title = moved
    page = screen.page
    await expect(column(screen, "Review")).to_contain_text("$0.42")
    await screen.look("board")
    await screen.check_accessibility("board")
    await page.get_by_role("button", name=f"Move {title}").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text(f"{title} is over Review.")).to_be_attached()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text(f"{title} is over Done.")).to_be_attached()
    async with page.expect_response(lambda response: response.request.method == "PATCH"):
        await page.keyboard.press("Space")
    await expect(column(screen, "Done").get_by_text(title)).to_be_attached()
    assert await stage_of(house, thread) == ("done", False)


async def test_the_pointer_moves_a_thread_and_archives_it(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    page = screen.page
    thread = await house.thread("Drag me", "!say Done.", mode="local")
    await screen.go("/board")
    card = column(screen, "Review").get_by_text("Drag me")
    await drag(screen, card, column(screen, "Backlog"))
    await expect(column(screen, "Backlog").get_by_text("Drag me")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert await stage_of(house, thread) == ("backlog", False)
    await drag(screen, column(screen, "Backlog").get_by_text("Drag me"), column(screen, "Archived"))
    question = page.get_by_role("alertdialog", name="Archive this thread?")
    await question.get_by_role("button", name="Archive").click()
    await expect(column(screen, "Backlog").get_by_text("Drag me")).to_have_count(0)
    await page.get_by_role("button", name="Archived").click()
    archived = column(screen, "Archived").get_by_text("Drag me")
    await expect(archived).to_be_visible()
    assert (await stage_of(house, thread))[1]
    await screen.look("board-archived")
    await drag(screen, archived, column(screen, "Done"))
    await expect(column(screen, "Done").get_by_text("Drag me")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert await stage_of(house, thread) == ("done", False)


async def test_what_the_server_refuses_is_taken_back(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    page = screen.page
    await house.thread("Refuse me", "!say Done.", mode="local")
    await screen.go("/board")
    screen.watch.expected.append("/api/threads/")
    await page.route(
        "**/api/threads/*",
        lambda route: (
            route.fulfill(status=409, json={"error": "Not now."})
            if route.request.method == "PATCH"
            else route.continue_()
        ),
    )
    await drag(screen, column(screen, "Review").get_by_text("Refuse me"), column(screen, "Done"))
    await expect(page.get_by_text("Not now.", exact=True)).to_be_visible()
    await expect(column(screen, "Review").get_by_text("Refuse me")).to_be_visible()


async def test_the_board_shows_what_is_looked_for(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    page = screen.page
    await house.thread("Needle", "!say Done.", mode="local")
    await house.thread("Haystack", "!say Done.", mode="local")
    await screen.go(f"/projects/{house.project_id}/board")
    await expect(page.get_by_role("heading", name="shop · Board")).to_be_visible()
    await page.locator("main").get_by_role("textbox", name="Filter threads").fill("needle")
    await expect(column(screen, "Review").get_by_text("Needle")).to_be_visible()
    await expect(column(screen, "Review").get_by_text("Haystack")).to_have_count(0)


async def drag(screen: Screen, card: Locator, target: Locator) -> None:
    """Move the pointer as a hand does: press, set off, arrive, let go."""
    await card.hover()
    await screen.page.mouse.down()
    box = await target.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2
    await screen.page.mouse.move(middle, box["y"] + 200, steps=6)
    await screen.page.mouse.move(middle, box["y"] + 210)
    await screen.page.mouse.up()
