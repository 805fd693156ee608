"""Terminals in the page."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen


def rows(screen: Screen) -> Locator:
    """What the terminal in sight shows."""
    return screen.page.locator(".xterm-rows").locator("visible=true")


def face(screen: Screen) -> Locator:
    """What one presses to type into it."""
    return screen.page.locator(".xterm").locator("visible=true")


async def open_terminal(screen: Screen) -> None:
    """Open one in the project, and wait for its shell."""
    page = screen.page
    await page.locator("main").get_by_role("button", name="New terminal").first.click()
    await page.get_by_role("menuitem", name="shop").first.click()
    await expect(rows(screen)).to_contain_text("shop")


async def close_all(screen: Screen) -> None:
    page = screen.page
    closing = page.get_by_role("button", name="Close terminal")
    while await closing.count():
        left = await closing.count()
        await closing.last.click()
        question = page.get_by_role("alertdialog")
        if await question.count():
            await question.get_by_role("button", name="Close terminal").click()
        await expect(closing).to_have_count(left - 1)


async def test_a_terminal_survives_a_reload_and_is_typed_into(screen: Screen) -> None:
    page = screen.page
    await screen.go("/terminals")
    await expect(page.get_by_text("No terminal is open")).to_be_visible()
    await screen.look("terminals-empty")
    await open_terminal(screen)
    await face(screen).click()
    await page.keyboard.type("printf 'a\\033[31mred\\033[0m%s' $((6*7)); ls --color=always\n")
    await expect(rows(screen)).to_contain_text("ared42")
    await screen.look("terminals")
    await screen.check_accessibility("terminals")
    await page.reload()
    await expect(rows(screen)).to_contain_text("ared42")
    await face(screen).click()
    await page.keyboard.type("echo again$((1+1))\n")
    await expect(rows(screen)).to_contain_text("again2")
    await page.keyboard.type("exit 3\n")
    await expect(page.get_by_text("The shell has ended with code 3.")).to_be_visible()
    await page.get_by_role("button", name="Open again").click()
    await expect(page.get_by_text("The shell has ended")).to_have_count(0)
    await expect(rows(screen)).to_contain_text("shop")
    await close_all(screen)
    await expect(page.get_by_text("No terminal is open")).to_be_visible()


async def test_a_phone_has_the_keys_that_it_lacks(new_screen: NewScreen) -> None:
    screen = await new_screen("390x844")
    page = screen.page
    await screen.go("/terminals")
    await open_terminal(screen)
    await face(screen).tap()
    await page.keyboard.type("echo before\n")
    await expect(rows(screen)).to_contain_text("before")
    await page.keyboard.type("cat\n")
    keys = page.get_by_role("toolbar", name="Keys")
    await keys.get_by_role("button", name="Ctrl, for the next key").tap()
    await page.keyboard.type("c")
    await keys.get_by_role("button", name="Up").tap()  # ^C has brought the prompt back, so this recalls `cat`
    await keys.get_by_role("button", name="Up").tap()
    await page.keyboard.type(" and after\n")
    await expect(rows(screen)).to_contain_text("before and after")
    await close_all(screen)


async def test_tabs_search_and_the_way_out_by_keyboard(new_screen: NewScreen) -> None:
    screen = await new_screen()
    page = screen.page
    await screen.go("/terminals")
    await open_terminal(screen)
    await page.keyboard.type("echo nee''dle\n")  # the new terminal has the focus
    await expect(rows(screen)).to_contain_text("needle")
    await open_terminal(screen)
    tabs = page.get_by_role("list", name="Open terminals")
    await expect(tabs.get_by_role("listitem")).to_have_count(2)
    await expect(rows(screen)).not_to_contain_text("needle")
    await page.keyboard.press("F6")
    await expect(tabs.get_by_role("button", name="shop 2", exact=True)).to_be_focused()
    await tabs.get_by_role("button", name="shop 1", exact=True).click()
    await expect(rows(screen)).to_contain_text("needle")
    await page.keyboard.press("Control+Shift+F")
    await page.get_by_role("textbox", name="Find in terminal").fill("needle")
    await expect(page.locator(".xterm-selection div").first).to_be_attached()
    await page.keyboard.press("Escape")
    await close_all(screen)


@pytest.mark.parametrize("mode", ["worktree", "local"])
async def test_a_thread_has_a_terminal_where_it_works(new_screen: NewScreen, house: House, mode: str) -> None:
    screen = await new_screen()
    thread = await house.thread(f"Terminal {mode}", "!say Done.", mode=mode)
    await screen.go(house.path(thread))
    await screen.page.get_by_role("button", name="Terminal", exact=True).click()
    await expect(rows(screen)).to_contain_text("shop")
    await screen.page.keyboard.type("git branch --show-current\n")
    await expect(rows(screen)).to_contain_text("main" if mode == "local" else "shop/terminal-worktree")
    if mode == "worktree":
        await screen.look("thread-terminal")
    await close_all(screen)
