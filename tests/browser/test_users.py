"""Accounts, as administrators keep them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.house import House
from tests.browser.pages import Screen

PASSWORD = "a quite long password"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(client_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server that asks who one is."""
    opened = House(tmp_path_factory.mktemp("house"), client_directory)
    opened.server.arguments += ["--auth-mode", "multi"]
    opened.server.extra_environment["A_PARALLEL_ADMIN_PASSWORD"] = PASSWORD
    try:
        await opened.server.start()
        yield opened
        await opened.server.stop()
    finally:
        opened.server.end()


async def sign_in(page: Page, username: str, password: str) -> None:
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_an_account_is_made_promoted_banned_and_removed(screen: Screen) -> None:
    page, name = screen.page, f"ada{screen.size[:3]}"
    await screen.go("/settings/users")
    await sign_in(page, "admin", PASSWORD)
    await page.get_by_role("button", name="New user").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Username").fill(name)
    await form.get_by_label("Password").fill("secret enough")
    await screen.look("user")
    await screen.check_accessibility("user")
    await form.get_by_role("button", name="Add").click()
    row = page.get_by_role("listitem").filter(has_text=name)

    async def choose(action: str) -> None:
        await row.get_by_role("button", name=f"Actions of {name}").click()
        await page.get_by_role("menuitem", name=action).click()

    await choose("Make administrator")
    await expect(row.get_by_text("Administrator")).to_be_visible()
    await choose("Make ordinary user")
    await expect(row.get_by_text("Administrator")).to_have_count(0)
    await choose("Set password")
    await form.get_by_role("textbox", name="Password").fill("another secret")
    await form.get_by_role("button", name="Set password").click()
    await choose("Ban")
    await form.get_by_role("button", name="Ban").click()
    await expect(row.get_by_text("Banned")).to_be_visible()
    await choose("Lift the ban")
    await expect(row.get_by_text("Banned")).to_have_count(0)
    await screen.look("users")
    await screen.check_accessibility("users")
    await choose("Remove")
    await expect(form.get_by_text("passes to the person you choose")).to_be_visible()
    await form.get_by_role("button", name="Remove", exact=True).click()
    await expect(row).to_have_count(0)


async def test_who_is_no_administrator_sees_neither_users_nor_plugins(screen: Screen) -> None:
    page, name = screen.page, f"bob{screen.size[:3]}"
    await screen.go("/settings/users")
    await sign_in(page, "admin", PASSWORD)
    await page.get_by_role("button", name="New user").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Username").fill(name)
    await form.get_by_label("Password").fill("secret enough")
    await form.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("listitem").filter(has_text=name)).to_be_visible()
    await page.context.clear_cookies()
    await screen.go("/settings/profile")
    await sign_in(page, name, "secret enough")
    pages = page.get_by_role("navigation", name="Settings")
    await expect(pages.get_by_role("link", name="Access tokens")).to_be_attached()
    await expect(pages.get_by_role("link", name="Users")).to_have_count(0)
    await expect(pages.get_by_role("link", name="Plugins", exact=True)).to_have_count(0)
    await page.get_by_label("Current password").fill("secret enough")
    await page.get_by_label("New password").fill("yet another secret")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("Password changed", exact=True)).to_be_visible()
