"""Automations, the inbox, and the figures."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import Screen

FOUND = "The cart rounds twice."


async def test_an_automation_is_made_run_read_paused_and_deleted(screen: Screen, house: House) -> None:
    page, name = screen.page, f"Morning review {screen.size}"
    await screen.go("/automations")
    await page.get_by_role("button", name="New automation").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Prompt").fill(f"!say {FOUND}")
    await form.get_by_role("button", name="Mondays at 9").click()
    await expect(form.get_by_text("At 09:00, only on Monday")).to_be_visible()
    await expect(form.get_by_role("listitem")).to_have_count(4)
    await form.get_by_label("Schedule", exact=True).fill("every day")
    await expect(form.get_by_text("This is not a schedule that is understood")).to_be_visible()
    await form.get_by_label("Schedule", exact=True).fill("@daily")
    await expect(form.get_by_text("At 00:00", exact=False).first).to_be_visible()
    await form.get_by_role("combobox", name="Time zone").click()
    await page.get_by_role("option", name="The server's time zone (Asia/Kolkata)").click()
    await expect(form.get_by_text("Times in Asia/Kolkata, the server's time zone")).to_be_visible()
    await screen.look("automation")
    await screen.check_accessibility("automation")
    await form.get_by_role("button", name="Save and run").click()
    row = page.get_by_role("main").get_by_role("listitem").filter(has_text=name)
    await row.get_by_role("button", name=f"Runs of {name}").click()
    await expect(row.get_by_text("Completed")).to_be_visible()
    await row.get_by_role("switch").click()
    await expect(row.get_by_text("Paused")).to_be_visible()
    await screen.look("automations")
    await screen.check_accessibility("automations")
    found = [one for one in await house.call("GET", "/api/automations") if one["name"] == name]
    assert [(one["enabled"], one["schedule"]) for one in found] == [(False, "@daily")]

    await screen.go("/inbox")
    item = page.get_by_role("main").get_by_role("listitem").filter(has_text=name)
    await expect(item.get_by_text(FOUND)).to_be_visible()
    await screen.look("inbox")
    await screen.check_accessibility("inbox")
    await item.get_by_role("button", name="Mark as read").click()
    await expect(item).to_have_count(0)
    await page.get_by_role("radio", name="All").click()
    await item.get_by_role("button", name="Mark as unread").click()
    await item.get_by_role("button", name="Dismiss").click()
    await expect(item.get_by_text("Dismissed")).to_be_visible()
    await screen.look("inbox-all")
    await item.get_by_role("link", name=name).click()
    await expect(page.get_by_text(FOUND).last).to_be_visible()

    await screen.go("/automations")
    await row.get_by_role("button", name=f"Actions of {name}").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def test_figures_are_shown_as_cards_charts_and_a_table(screen: Screen, house: House) -> None:
    await house.thread(f"Counted {screen.size}", "!cost 0.42\n!say Done.", mode="local")
    page = screen.page
    await screen.go("/analytics")
    await expect(page.locator("dl > div").filter(has_text="Cost")).to_contain_text("$")
    await expect(page.locator(".recharts-bar-rectangle").first).to_be_visible()
    await page.get_by_role("radio", name="Week", exact=True).click()
    await page.get_by_text("Show as a table").click()
    table = page.get_by_role("region", name="Threads over time").get_by_role("table")
    await expect(table.get_by_role("row")).to_have_count(2)  # the heading and today
    await screen.look("analytics")
    await screen.check_accessibility("analytics")
