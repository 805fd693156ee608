"""Startup commands in the page."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import Screen

PAYLOAD = "<img src=x onerror=window.hit=1>"
SERVE = f"""printf '\\033[32mready\\033[0m at http://localhost:5173/\\n'; echo '{PAYLOAD}'; exec sleep 600"""


async def test_a_command_is_added_run_read_and_removed(screen: Screen, house: House) -> None:
    page = screen.page
    await screen.go("/commands")
    await expect(page.get_by_text("No commands yet")).to_be_visible()
    await page.get_by_role("button", name="Add command").last.click()
    dialog = page.get_by_role("dialog", name="Add a startup command")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Write something here.")).to_have_count(2)
    await dialog.get_by_role("textbox", name="Name").fill("Serve <b>it</b>")
    await dialog.get_by_role("textbox", name="Command").fill(SERVE)
    await dialog.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Start Serve <b>it</b>").click()
    log = page.get_by_role("log")
    await expect(log).to_contain_text("ready at http://localhost:5173/")
    await expect(log).to_contain_text(PAYLOAD)
    assert await page.evaluate("window.hit") is None
    ready = log.get_by_text("ready", exact=True)
    assert await ready.evaluate("node => node.style.color") == "var(--ansi-green)"
    link = page.get_by_role("link", name="Open http://localhost:5173/")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await screen.look("commands")
    await screen.check_accessibility("commands")
    await page.reload()
    await expect(log).to_contain_text("ready at")
    await expect(link).to_be_visible()
    await page.get_by_role("button", name="Restart Serve <b>it</b>").click()
    await expect(log.get_by_text("ready", exact=True)).to_have_count(1)
    await page.get_by_role("button", name="Stop Serve <b>it</b>").click()
    await expect(page.get_by_role("img", name="Stopped").first).to_be_visible()
    await change(screen, "echo over; exit 3")
    await page.get_by_role("button", name="Start Serve <b>it</b>").click()
    await expect(page.get_by_role("img", name="Ended with code 3").first).to_be_visible()
    await expect(log).to_have_text("over")
    await page.get_by_role("button", name="More: Serve <b>it</b>").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No commands yet")).to_be_visible()
    assert await house.call("GET", f"/api/projects/{house.project_id}/commands") == []


async def change(screen: Screen, command: str) -> None:
    """Give the only command another text."""
    page = screen.page
    await page.get_by_role("button", name="More: Serve <b>it</b>").click()
    await page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit startup command")
    await dialog.get_by_role("textbox", name="Command").fill(command)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
