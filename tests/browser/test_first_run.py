"""The first minutes with a fresh server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from a_parallel_plugins.scripted.sample import make_sample
from tests.browser.house import House
from tests.browser.pages import NewScreen, Size


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(client_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server that nobody has used."""
    opened = House(tmp_path_factory.mktemp("house"), client_directory)
    try:
        await opened.open()
        yield opened
        await opened.close()
    finally:
        opened.server.end()


@pytest.mark.parametrize("size", ["1440x900", "390x844"])
async def test_from_nothing_to_a_thread_at_work(new_screen: NewScreen, house: House, size: Size) -> None:
    for project in await house.call("GET", "/api/projects"):
        await house.call("DELETE", f"/api/projects/{project['id']}")
    repository = house.server.home / f"shop-{size}"
    make_sample(repository)
    screen = await new_screen(size)
    await screen.go("/")
    page = screen.page
    await expect(page.get_by_role("heading", name="Welcome to a-parallel")).to_be_visible()
    await screen.look("setup")
    await screen.check_accessibility("setup")

    await page.get_by_role("button", name=repository.name).click()
    await expect(page.get_by_role("textbox", name="Name")).to_have_value(repository.name)
    await page.get_by_role("button", name="Add this folder").click()
    await page.get_by_role("button", name="Start the first thread").click()

    dialog = page.get_by_role("dialog", name="New thread")
    await dialog.get_by_role("combobox", name="What is to be done?").fill("!say It is done.")
    await dialog.get_by_role("textbox", name="Title").fill("The first one")
    await screen.look("new-thread")
    await screen.check_accessibility("new thread")
    await dialog.get_by_role("button", name="Start", exact=True).click()

    await expect(page.get_by_role("heading", name="The first one")).to_be_visible()
    await expect(page.get_by_text("It is done.", exact=True)).to_be_visible()
    assert "/threads/" in page.url


async def test_a_folder_becomes_a_repository_when_it_is_none(new_screen: NewScreen, house: House) -> None:
    (house.server.home / "plain").mkdir()
    screen = await new_screen()
    screen.watch.expected += ["400 POST"]
    await screen.go("/setup")
    page = screen.page
    await page.keyboard.press("Control+k")
    await page.get_by_role("option", name="Add project").click()
    dialog = page.get_by_role("dialog", name="Add project")
    await dialog.get_by_role("button", name="plain", exact=True).click()
    await dialog.get_by_role("button", name="Add this folder").click()
    await expect(dialog.get_by_text("This folder is not a git repository yet.")).to_be_visible()
    await screen.look("add-project")
    await dialog.get_by_role("button", name="Make it a repository").click()
    await expect(page.get_by_role("heading", name="plain", exact=True)).to_be_visible()
    assert (house.server.home / "plain/.git").is_dir()


async def test_the_clone_of_a_repository_can_fail_with_a_reason(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    screen.watch.expected += ["POST"]
    await screen.go("/setup")
    page = screen.page
    await page.keyboard.press("Control+k")
    await page.get_by_role("option", name="Add project").click()
    dialog = page.get_by_role("dialog", name="Add project")
    await dialog.get_by_role("tab", name="Clone").click()
    await dialog.get_by_role("textbox", name="Address of the repository").fill("https://127.0.0.1:9/nobody/shop.git")
    await screen.look("clone")
    await screen.check_accessibility("clone")
    await dialog.get_by_role("button", name="Clone", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    assert not (house.server.home / "shop").exists()
