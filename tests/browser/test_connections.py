"""What the page reaches beyond this machine: GitHub, MCP servers, skills, plugins of the Claude CLI."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen
from tests.plugins.github.cloning import until_packing
from tests.plugins.github.standin import StandInGithub
from tests.plugins.mcp.oauth_server import OAuthMcpServer, oauth_mcp_server
from tests.plugins.skills.house import skill
from tests.support.repository import git, make_repository

TOKEN = "gho_16C7e42F292c6912E7710c838347Ae178B4a"
PENDING = {"error": "authorization_pending"}
CLAUDE = Path(__file__).parent / "claude-standin"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def github(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StandInGithub]:
    """A GitHub with a private repository, and one of skills."""
    root = tmp_path_factory.mktemp("github")
    (root / "octo").mkdir()
    make_repository(root / "work/demo", {"README.md": "# demo\n"}, remote=root / "octo/demo.git")
    git(root / "octo/demo.git", "config", "http.receivepack", "true")
    skills = {f"skills/{name}/SKILL.md": skill(name, f"How to {name}.") for name in ("polish", "sweep")}
    make_repository(root / "work/skills", skills, remote=root / "octo/skills.git")
    async with StandInGithub(root) as standin:
        standin.tokens[TOKEN] = "octo"
        standin.private.add("octo/demo")
        standin.interval = 0
        address = f"{standin.url}/octo/demo.git"
        shown = {"id": 1, "name": "demo", "full_name": "octo/demo", "private": True, "clone_url": address}
        more = {"html_url": address, "default_branch": "main", "updated_at": "2026-01-02T03:04:05Z"}
        standin.repositories = [{**shown, **more, "description": "Shows how it is done.", "language": "Python"}]
        yield standin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def oauth() -> AsyncIterator[OAuthMcpServer]:
    """An MCP server at which one signs in."""
    async with oauth_mcp_server() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    client_directory: Path, tmp_path_factory: pytest.TempPathFactory, github: StandInGithub
) -> AsyncIterator[House]:
    """A server whose GitHub is the stand-in, and whose Claude CLI keeps its configuration."""
    config = f'[plugins.github]\napi = "{github.url}/api/v3"\nclient_id = "Iv1.test"\n'
    config += f'[plugins.git]\ngithub_api = "{github.url}/api/v3"\n'
    config += f'[plugins.skills]\ngithub = "{github.url}"\n'
    opened = House(tmp_path_factory.mktemp("house"), client_directory, config, CLAUDE)
    try:
        await opened.open()
        await opened.add_project()
        yield opened
        await opened.close()
    finally:
        opened.server.end()


def row(page: Page, text: str) -> Locator:
    """The row of a list in the view that holds a text."""
    return page.get_by_role("main").get_by_role("listitem").filter(has_text=text)


async def confirm(page: Page, action: str) -> None:
    """Say yes to a question."""
    await page.get_by_role("alertdialog").get_by_role("button", name=action, exact=True).click()


async def test_github_is_connected_by_a_code_a_repository_cloned_and_github_disconnected(
    screen: Screen, house: House, github: StandInGithub
) -> None:
    page, name = screen.page, f"demo-{screen.size}"
    github.device = [PENDING, {"access_token": TOKEN, "token_type": "bearer", "scope": "repo"}]
    await screen.go("/settings/github")
    await page.get_by_role("button", name="Connect with a code").click()
    await expect(page.get_by_text("WDJB-MJHT")).to_be_visible()
    await expect(page.get_by_text("Waiting for GitHub")).to_be_visible()
    leads = page.get_by_role("link", name="Open GitHub")
    await expect(leads).to_have_attribute("href", f"{github.url}/login/device")
    await screen.look("github-code")
    await screen.check_accessibility("github code")
    await expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    await screen.look("github-connected")

    await row(page, "octo/demo").get_by_role("button", name="Clone").click()
    dialog = page.get_by_role("dialog", name="Clone a repository")
    await dialog.get_by_role("textbox", name="Name").fill(name)
    github.packs.clear()
    github.packing.clear()
    await dialog.get_by_role("button", name="Clone", exact=True).click()
    await until_packing(github)
    await expect(dialog.get_by_role("progressbar")).to_be_visible()
    await screen.look("clone-progress")
    screen.watch.expected += ["409 POST"]
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog.get_by_role("textbox", name="Name")).to_have_value(name)
    await expect(dialog.get_by_role("alert")).to_have_count(0)
    github.packs.set()
    await dialog.get_by_role("button", name="Clone", exact=True).click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert (house.server.home / name / "README.md").read_text() == "# demo\n"

    await screen.go("/settings/github")
    await page.get_by_role("button", name="Disconnect").click()
    await confirm(page, "Disconnect")
    await expect(page.get_by_text("Not connected")).to_be_visible()
    assert not (await house.call("GET", "/api/profile"))["hasGithubToken"]


async def test_github_can_refuse(new_screen: NewScreen, house: House, github: StandInGithub) -> None:
    screen = await new_screen("390x844")
    page = screen.page
    github.device = [{"error": "access_denied"}]
    await screen.go("/settings/github")
    await page.get_by_role("button", name="Connect with a code").click()
    await expect(page.get_by_role("alert")).to_contain_text("access was refused")
    await screen.look("github-refused")
    github.device = [PENDING]
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Waiting for GitHub")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("button", name="Connect with a code")).to_be_visible()


async def test_a_branch_is_pushed_and_a_pull_request_opened(
    new_screen: NewScreen, house: House, github: StandInGithub
) -> None:
    screen = await new_screen("390x844")
    page, name = screen.page, f"pull-{screen.size}"
    await house.call("PUT", "/api/profile", {"githubToken": TOKEN})
    address, home = github.repositories[0]["clone_url"], str(house.server.home)
    project = await house.call(
        "POST", "/api/github/clone", {"cloneUrl": address, "destinationPath": home, "name": name}
    )
    script = "!bash echo new > new.txt; git add -A; git commit -qm 'Add it'"
    thread = await house.thread("Add what is new", script, projectId=project["id"])
    await screen.go(f"/projects/{project['id']}/threads/{thread}?panel=review")
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitem", name="Pull request").click()
    dialog = page.get_by_role("dialog", name="Open a pull request")
    await expect(dialog.get_by_role("textbox", name="Title")).to_have_value("Add what is new")
    await dialog.get_by_role("textbox", name="Title").fill("refuse")
    screen.watch.expected += ["400 POST"]
    await dialog.get_by_role("button", name="Open pull request").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("A pull request already exists")
    await screen.look("pull-request")
    await screen.check_accessibility("pull request")
    await dialog.get_by_role("textbox", name="Title").fill("Add what is new")
    await dialog.get_by_role("button", name="Open pull request").click()
    await expect(page.get_by_text("Pull request opened", exact=True)).to_be_visible()
    await screen.look("pull-request-opened")
    branch = (await house.call("GET", f"/api/threads/{thread}?limit=1"))["branch"]
    assert git(github.root / "octo/demo.git", "log", "-1", "--format=%s", branch) == "Add it"


async def test_an_mcp_server_is_added_signed_in_at_and_removed(
    screen: Screen, house: House, oauth: OAuthMcpServer
) -> None:
    page, name = screen.page, f"demo-{screen.size}"
    await screen.go("/settings/mcp")
    await page.get_by_role("button", name="Add server").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Address").fill(oauth.url)
    await screen.look("mcp-add")
    await screen.check_accessibility("mcp add")
    await form.get_by_role("button", name="Add", exact=True).click()
    server = row(page, oauth.url)
    await expect(server.get_by_text("Needs sign-in")).to_be_visible()
    await screen.look("mcp-needs-sign-in")
    oauth.provider.refusal = "Not today."
    async with page.expect_popup() as opened:
        await server.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("The sign-in failed", exact=True)).to_be_visible()
    await expect(page.get_by_text("Not today.", exact=True)).to_be_visible()
    await screen.look("mcp-refused")
    await (await opened.value).close()
    oauth.provider.refusal = None
    async with page.expect_popup() as opened:
        await server.get_by_role("button", name="Sign in").click()
    popup = await opened.value
    await expect(popup.get_by_role("heading", name="Signed in")).to_be_visible()
    await popup.screenshot(path=f"test-output/browser/mcp-signed-in-{screen.size}-light.png")
    await expect(server.get_by_text("Connected")).to_be_visible()
    await screen.look("mcp-connected")
    await screen.check_accessibility("mcp connected")
    if not popup.is_closed():
        await popup.wait_for_event("close")
    await server.get_by_role("button", name=f"Remove {name}").click()
    await confirm(page, "Remove")
    await expect(server).to_have_count(0)


async def test_skills_are_installed_and_removed(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen("390x844")
    page = screen.page
    await screen.go("/settings/skills")
    field = page.get_by_role("textbox", name="Skill")
    screen.watch.expected += ["400 POST"]
    await field.fill("octo/skills@missing")
    await page.get_by_role("button", name="Install", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("missing")
    await screen.look("skills-refused")
    await field.fill("octo/skills@polish")
    await page.get_by_role("button", name="Install", exact=True).click()
    installed = row(page, "How to polish.")
    await expect(installed.get_by_text("Global")).to_be_visible()
    await expect(field).to_have_value("")
    await screen.look("skills")
    await screen.check_accessibility("skills")
    await installed.get_by_role("button", name="Remove polish").click()
    await confirm(page, "Remove")
    await expect(installed).to_have_count(0)
    assert not (house.server.home / ".claude/skills/polish").exists()


async def test_claude_plugins_are_installed_and_removed(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    page = screen.page
    await screen.go("/settings/claude-plugins")
    screen.watch.expected += ["400 POST"]
    await page.get_by_role("textbox", name="Plugin").fill("missing@market")
    await page.get_by_role("button", name="Install").click()
    await expect(page.get_by_role("alert")).to_contain_text("not found in any configured marketplace")
    await page.get_by_role("textbox", name="Plugin").fill("polisher")
    await page.get_by_role("textbox", name="Marketplace").fill("ada/market")
    await page.get_by_role("button", name="Install").click()
    installed = row(page, "What polisher does.")
    await installed.get_by_text("1 command").click()
    await expect(installed.get_by_text("/polish")).to_be_visible()
    await screen.look("claude-plugins")
    await screen.check_accessibility("claude plugins")
    await installed.get_by_role("button", name="Remove polisher").click()
    await confirm(page, "Remove")
    await expect(page.get_by_text("No Claude plugins installed")).to_be_visible()


async def test_the_reason_why_the_cli_cannot_be_used_is_shown(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen("390x844")
    program = house.server.bin / "claude"
    program.unlink()
    try:
        screen.watch.expected += ["424"]
        await screen.go("/settings/mcp")
        said = screen.page.get_by_role("main")
        await expect(said.get_by_text(re.compile("Claude CLI not installed: Install the Claude CLI"))).to_be_visible()
        await screen.look("mcp-no-cli")
    finally:
        program.symlink_to(CLAUDE)
