"""Fixtures of the browser tests: one server and one Chromium for each module, a page for each test."""

import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.browser.house import House
from tests.browser.pages import PATIENCE, SIZES, NewScreen, Screen, Size, Watch, new_context
from tests.browser.tools import built_client, chromium

expect.set_options(timeout=PATIENCE)
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests of a module on one worker; asked before pytest-xdist reads the groups."""
    item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and let the tests of a module share a loop, as they share a server and a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if inspect.iscoroutinefunction(getattr(item, "function", None)):
                item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="session")
def client_directory() -> Path:
    """The built client."""
    return built_client()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(client_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server with a sample project."""
    opened = House(tmp_path_factory.mktemp("house"), client_directory)
    try:
        await opened.open()
        await opened.add_project()
        yield opened
        await opened.close()
    finally:
        opened.server.end()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium."""
    program = chromium()
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def new_screen(browser: Browser, house: House) -> AsyncIterator[NewScreen]:
    """Make pages; after the test none of them may have met an error."""
    contexts: list[BrowserContext] = []
    screens: list[Screen] = []

    async def make(size: Size = "1440x900") -> Screen:
        context = await new_context(browser, size)
        contexts.append(context)
        page, watch = await context.new_page(), Watch()
        watch.attach(page)
        screens.append(Screen(page, size, house.url, watch))
        return screens[-1]

    yield make
    for context in contexts:
        await context.close()
    for screen in screens:
        screen.nothing_wrong()


@pytest_asyncio.fixture(loop_scope="module", params=SIZES)
async def screen(request: pytest.FixtureRequest, new_screen: NewScreen) -> Screen:
    """A page, once as wide as a desktop and once as a phone."""
    return await new_screen(request.param)
