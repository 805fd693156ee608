"""Signing in to a server of several users."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

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


async def test_signing_in_and_out(screen: Screen, house: House) -> None:
    screen.watch.expected += ["401"]
    await screen.go("/inbox")
    page = screen.page
    await expect(page.get_by_role("heading", name="a-parallel")).to_be_visible()
    await screen.look("sign-in")
    await screen.check_accessibility("sign-in")
    await page.get_by_label("Username").fill("admin")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("Invalid username or password")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("main")).to_be_visible()
    await page.wait_for_url("**/inbox")
    await page.reload()
    if screen.narrow:
        await page.get_by_role("button", name="Show sidebar").click()
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
