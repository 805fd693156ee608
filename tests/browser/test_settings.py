"""The pages of the settings."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen

PAGES = {
    "Profile": "Git identity",
    "GitHub": "Connection",
    "MCP servers": "Recommended",
    "Skills": "Recommended",
    "Claude plugins": "Claude plugins",
}


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(screen: Screen, house: House) -> None:
    page, name = screen.page, f"Report {screen.size}"
    await screen.go("/settings/tokens")
    await page.get_by_role("button", name="New token").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await screen.check_accessibility("token")
    await form.get_by_role("button", name="New token").click()
    await expect(form.get_by_text("it is not shown again")).to_be_visible()
    token = await form.locator("[data-token]").inner_text()
    listed = await page.evaluate(
        "token => fetch('/api/threads', {headers: {Authorization: `Bearer ${token}`}}).then(answer => answer.status)",
        token,
    )
    assert listed == 200
    await form.get_by_role("button", name="Done").click()
    row = page.get_by_role("listitem").filter(has_text=name)
    await expect(row).to_contain_text("Read")
    assert token not in await page.content()
    await screen.look("tokens")
    await screen.check_accessibility("tokens")
    await row.get_by_role("button", name=f"Revoke {name}").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    await expect(row).to_have_count(0)
    assert name not in [one["name"] for one in (await house.call("GET", "/api/auth/tokens"))["tokens"]]


async def test_a_plugin_is_switched_and_its_settings_are_changed_and_reset(screen: Screen, house: House) -> None:
    page = screen.page
    await screen.go("/settings/plugins")
    await page.get_by_label("Filter plugins").fill("automations")
    row = page.get_by_role("listitem").filter(has=page.get_by_role("switch", name="Plugin automations"))
    await row.get_by_role("button", name="Details of automations").click()
    settings = page.get_by_role("region", name="Settings of automations")
    most = settings.get_by_role("spinbutton", name="Max running")
    await expect(most).to_have_value("4")
    await expect(settings.get_by_text("Agents of automations at work at the same time")).to_be_visible()
    await most.fill("2")
    await settings.get_by_role("button", name="Save").click()
    reset = settings.get_by_role("button", name="Set Max running back to the default")
    await expect(reset).to_be_visible()
    assert (await house.call("GET", "/api/kernel/plugins/automations/settings"))["values"]["max_running"] == 2
    await screen.look("plugins")
    await screen.check_accessibility("plugins")
    await reset.click()
    await expect(most).to_have_value("4")
    await row.get_by_role("switch", name="Plugin automations").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Switch off").click()
    await expect(row.get_by_text("Off", exact=True)).to_be_visible()
    await row.get_by_role("switch", name="Plugin automations").click()
    await expect(row.get_by_text("Running", exact=True)).to_be_visible()


async def test_the_reason_why_a_setting_cannot_be_changed_is_shown(new_screen: NewScreen) -> None:
    screen = await new_screen()
    page = screen.page
    await screen.go("/settings/plugins")
    await page.get_by_role("button", name="Details of agents").click()
    settings = page.get_by_role("region", name="Settings of agents")
    await expect(settings.get_by_label("Provider")).to_be_disabled()
    await expect(settings.get_by_text("change it there")).to_be_visible()


async def test_the_git_identity_and_a_github_token_are_kept(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen("390x844")
    page = screen.page
    await screen.go("/settings/profile")
    await page.get_by_label("Name", exact=True).fill("Ada")
    await page.get_by_label("Email").fill("ada@example.com")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await page.get_by_label("Personal access token").fill("ghp_of_nobody")
    await page.get_by_role("button", name="Store token").click()
    await expect(page.get_by_text("A token is stored.")).to_be_visible()
    profile = await house.call("GET", "/api/profile")
    assert (profile["gitName"], profile["gitEmail"], profile["hasGithubToken"]) == ("Ada", "ada@example.com", True)
    assert "ghp_of_nobody" not in await page.content()
    await page.get_by_role("button", name="Remove token").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("A token is stored.")).to_have_count(0)


async def test_every_page_of_the_settings_can_be_read_by_everybody(screen: Screen) -> None:
    screen.watch.expected += ["424"]  # there is no Claude CLI in this house
    page = screen.page
    await screen.go("/settings/profile")
    for name, heading in PAGES.items():
        await page.get_by_role("navigation", name="Settings").get_by_role("link", name=name, exact=True).click()
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await screen.look(f"settings-{name.replace(' ', '-').lower()}")
        await screen.check_accessibility(name)
