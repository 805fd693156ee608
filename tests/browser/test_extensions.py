"""What plugins add to the page."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen
from tests.browser.tools import ROOT

PLUGIN = '''
"""Adds to the page."""

from collections.abc import Iterable

from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.pages import PageExtension, PageHooks


class PagesPlugin(Plugin, PageHooks):
    """Adds one thing of each kind, and one that breaks."""

    manifest = Manifest(api="1.0", static="acme_pages:static")

    @hookimpl
    async def page_extensions(self, ctx: PluginContext) -> Iterable[PageExtension]:
        """Return them."""
        return [
            PageExtension("broken", "panel", "Broken panel", "broken.js"),
            PageExtension("card", "tool_card", "Deployment", "card.js", tools=("Deploy",)),
            PageExtension("act", "thread_action", "Shout", "act.js"),
            PageExtension("section", "settings", "Pages section", "section.js"),
        ]
'''
MODULES = {
    "broken.js": "export function mount() { throw new Error('the panel broke'); }",
    "card.js": (
        "export function mount(element, page) {"
        " element.textContent = `deployed ${JSON.parse(page.call.input).to}: ${page.call.output}`; }"
    ),
    "act.js": "export function run(page) { page.notify('success', page.thread.title.toUpperCase()); }",
    "section.js": "export function mount(element, page) { element.textContent = `settings of ${page.plugin}`; }",
}


def install(directory: Path, name: str, plugin: str, source: Path | None = None) -> Path:
    """Put a package with its entry point into a directory for the path, as pip would."""
    info = directory / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[a_parallel.plugins]\n{plugin}\n")
    if source:
        (directory / name).symlink_to(source)
    return directory


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(client_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server with the example plugin and one of each kind."""
    site = tmp_path_factory.mktemp("site")
    install(site, "acme_notes", "notes = acme_notes:NotesPlugin", ROOT / "examples/acme_notes/src/acme_notes")
    install(site, "acme_pages", "pages = acme_pages:PagesPlugin")
    package = site / "acme_pages"
    (package / "static").mkdir(parents=True)
    (package / "__init__.py").write_text(PLUGIN)
    for name, text in MODULES.items():
        (package / "static" / name).write_text(text)
    opened = House(tmp_path_factory.mktemp("house"), client_directory)
    opened.server.extra_environment["PYTHONPATH"] = str(site)
    try:
        await opened.open()
        await opened.add_project()
        yield opened
        await opened.close()
    finally:
        opened.server.end()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thread(house: House) -> str:
    """A thread with a call of the tool that has a card."""
    return await house.thread("Deploy it", f"!tool Deploy {json.dumps({'to': 'production'})} => all good\n!say Done.")


async def test_a_panel_shows_notes_and_takes_new_ones(screen: Screen, house: House, thread: str) -> None:
    await screen.go(house.path(thread))
    page = screen.page
    if screen.narrow:
        await page.get_by_role("button", name="Actions of thread Deploy it").click()
        await page.get_by_role("menuitem", name="Notes").click()
    else:
        await page.get_by_role("button", name="Notes", exact=True).click()
    panel = page.get_by_role("region", name="Notes")
    note = f"Remember the tests, {screen.size}"
    await panel.get_by_role("textbox").fill(note)
    await panel.get_by_role("button", name="Add").click()
    await expect(panel.get_by_text(note)).to_have_count(1)
    await page.reload()
    await expect(page.get_by_role("region", name="Notes").get_by_text(note)).to_be_visible()
    await screen.look("plugin-panel")


async def test_a_tool_card_an_action_and_a_settings_section(new_screen: NewScreen, house: House, thread: str) -> None:
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.locator("[data-tool=Deploy]")).to_contain_text("deployed production: all good")
    await page.get_by_role("main").get_by_role("button", name="Actions of thread Deploy it").click()
    await page.get_by_role("menuitem", name="Shout").click()
    await expect(page.get_by_text("DEPLOY IT", exact=True)).to_be_visible()
    await screen.go("/settings/pages.section")
    await expect(page.get_by_text("settings of pages")).to_be_visible()


async def test_a_panel_that_breaks_leaves_the_page_alone(new_screen: NewScreen, house: House, thread: str) -> None:
    screen = await new_screen()
    screen.watch.expected += ["the panel broke"]
    await screen.go(f"{house.path(thread)}?panel=pages.broken")
    page = screen.page
    await expect(page.get_by_text("the panel broke")).to_be_visible()
    await expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Notes", exact=True).click()
    await expect(page.get_by_role("region", name="Notes").get_by_role("textbox")).to_be_visible()
