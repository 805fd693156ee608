"""Reviewing what an agent has changed: files, diffs, comments, commit, snapshots, merge."""

from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen
from tests.support.repository import git

EVIL = "<img src=x onerror=window.hit=1>.ts"


async def worktree(house: House, thread: str) -> Path:
    """Return where a thread works."""
    return Path((await house.call("GET", f"/api/threads/{thread}?limit=1"))["worktreePath"])


async def changed(house: House, title: str) -> tuple[str, Path]:
    """Start a thread and leave changes of all kinds behind; return its id and its directory."""
    thread = await house.thread(title, "!say Have a look.")
    directory = await worktree(house, thread)
    readme = directory / "README.md"
    readme.write_text("# A better shop\n\n" + readme.read_text())
    (directory / "shop/__init__.py").write_text('"""The shop."""\n')
    (directory / EVIL).write_text("export const text = '<script>window.hit = 1</script>';\n")
    (directory / "many.txt").write_text("".join(f"line {number}\n" for number in range(1, 1501)))
    return thread, directory


@pytest_asyncio.fixture(loop_scope="module")
async def review(house: House, screen: Screen) -> tuple[Screen, str, Path]:
    """The review pane of a thread of its own."""
    thread, directory = await changed(house, f"Review {screen.size}")
    await screen.go(house.path(thread) + "?panel=review")
    await expect(screen.page.get_by_text("4 files")).to_be_visible()
    return screen, thread, directory


async def test_changes_are_shown_as_text_and_staged_and_committed(review: tuple[Screen, str, Path]) -> None:
    screen, _, directory = review
    page = screen.page
    files = page.get_by_role("list", name="Changed files")
    await expect(files.get_by_text("README.md")).to_be_visible()
    await files.get_by_text(EVIL).click()
    evil = page.get_by_role("region", name=EVIL, exact=True)
    await expect(evil).to_contain_text("<script>window.hit = 1</script>")
    assert await page.evaluate("window.hit") is None
    await screen.look("review")
    await screen.check_accessibility("review")
    await page.get_by_role("radio", name="Side by side").click()
    await expect(page.locator(".diff-split").first).to_be_visible()
    await page.get_by_role("radio", name="Unified").click()
    await page.get_by_role("button", name="Stage README.md").locator("visible=true").first.dispatch_event("click")
    await expect(files.get_by_text("Staged 1")).to_be_visible()
    await page.get_by_role("textbox", name="Commit message").fill("Say what is better")
    await page.get_by_role("button", name="Commit 1 staged file").click()
    await expect(page.get_by_text("3 files")).to_be_visible()
    assert git(directory, "log", "-1", "--format=%s") == "Say what is better"
    assert git(directory, "show", "--format=", "--name-only", "HEAD") == "README.md"
    await page.get_by_role("button", name="Write the message").click()
    await expect(page.get_by_role("textbox", name="Commit message")).not_to_have_value("")
    await page.get_by_role("button", name="Stage all and commit").click()
    await expect(page.get_by_text("No uncommitted changes")).to_be_visible()
    await expect(page.get_by_text("2 commits are not pushed yet.")).to_be_visible()
    await screen.look("review-committed")


async def test_what_is_reverted_comes_back_from_its_snapshot(review: tuple[Screen, str, Path]) -> None:
    screen, _, directory = review
    page = screen.page
    await page.get_by_role("button", name="Revert README.md").locator("visible=true").first.dispatch_event("click")
    question = page.get_by_role("alertdialog", name="Revert README.md?")
    await expect(question).to_contain_text("A snapshot of everything is kept")
    await screen.look("review-revert")
    await question.get_by_role("button", name="Revert", exact=True).click()
    await expect(page.get_by_text("3 files")).to_be_visible()
    assert "better" not in (directory / "README.md").read_text()
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitem", name="Snapshots…").click()
    kept = page.get_by_role("dialog", name="Snapshots")
    await expect(kept.get_by_text("Before a revert")).to_be_visible()
    await screen.look("review-snapshots")
    await kept.get_by_role("button", name="Restore").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Restore").click()
    await expect(page.get_by_text("Restored", exact=True)).to_be_visible()
    assert "better" in (directory / "README.md").read_text()


async def test_comments_go_to_the_agent_as_one_message(review: tuple[Screen, str, Path], house: House) -> None:
    screen, thread, _ = review
    page = screen.page
    await page.get_by_role("list", name="Changed files").get_by_text("README.md").click()
    readme = page.get_by_role("region", name="README.md", exact=True)
    await readme.locator("[data-change-key=I1].diff-gutter").last.click()
    form = readme.get_by_role("textbox", name="Comment on line 1")
    await form.fill("Better than what?")
    await screen.look("review-comment")
    await readme.get_by_role("button", name="Add comment").click()
    await expect(page.get_by_text("1 comment", exact=True)).to_be_visible()
    await page.reload()  # nothing that was written is lost
    await expect(page.get_by_text("Better than what?")).to_be_visible()
    await screen.check_accessibility("review with a comment")
    await page.get_by_role("button", name="Send to agent").click()
    await expect(page.get_by_text("1 comment", exact=True)).to_have_count(0)
    sent = (await house.call("GET", f"/api/threads/{thread}"))["messages"]
    message = [one["content"] for one in sent if one["role"] == "user"][-1]
    assert "`README.md`, line 1" in message
    assert "+# A better shop" in message
    assert message.endswith("Better than what?")


async def test_the_keyboard_reaches_a_line_and_comments_on_it(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    thread, _ = await changed(house, "Keys")
    await screen.go(house.path(thread) + "?panel=review")
    page = screen.page
    diff = page.get_by_role("group", name="Diff of README.md")
    await diff.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Why this?")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Why this?")).to_be_visible()


async def test_a_long_diff_is_shown_in_portions(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    thread, directory = await changed(house, "Long")
    (directory / "large.json").write_text("[\n" + "".join(f'  "{number:060}",\n' for number in range(10_000)) + "0]\n")
    await screen.go(house.path(thread) + "?panel=review")
    page = screen.page
    files = page.get_by_role("list", name="Changed files")
    await files.get_by_text("many.txt").click()
    many = page.get_by_role("region", name="many.txt", exact=True)
    await expect(many.get_by_text("line 300", exact=True)).to_be_attached()
    await expect(many.get_by_text("line 301", exact=True)).to_have_count(0)
    await many.get_by_role("button", name="Show 1200 more lines").click()
    await expect(many.get_by_text("line 1500", exact=True)).to_be_attached()
    await files.get_by_text("large.json").click()
    large = page.get_by_role("region", name="large.json", exact=True)
    await large.get_by_role("button", name="Load it").click()
    await expect(large.get_by_role("button", name="more lines")).to_be_visible()


async def test_a_branch_is_merged_and_conflicts_are_told(new_screen: NewScreen, house: House) -> None:
    screen = await new_screen()
    page = screen.page
    thread, directory = await changed(house, "Merge me")
    git(directory, "add", "-A")
    git(directory, "commit", "-qm", "Change much")
    await screen.go(house.path(thread) + "?panel=review")
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitem", name="Merge…").click()
    dialog = page.get_by_role("dialog", name="Merge into another branch")
    await expect(dialog.get_by_role("combobox", name="Into")).to_have_text("main")
    await screen.look("review-merge")
    await screen.check_accessibility("merge")
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(page.get_by_text("Merged", exact=True).first).to_be_visible()
    assert git(house.repository, "log", "-1", "--format=%s", "main").startswith("Merge branch")

    other = await house.thread("In conflict", "!say Have a look.")
    theirs = await worktree(house, other)
    git(theirs, "reset", "-q", "--hard", "main~1")
    (theirs / "README.md").write_text("# A worse shop\n")
    git(theirs, "commit", "-qam", "Make it worse")
    await screen.go(house.path(other) + "?panel=review")
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitem", name="Merge…").click()
    screen.watch.expected.append("/merge")
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("README.md")
    await screen.look("review-conflict")
    await dialog.get_by_role("button", name="Let an agent resolve it").click()
    await expect(dialog.get_by_role("link", name="Show its thread")).to_be_visible()
    await screen.look("review-resolving")


async def test_what_is_committed_is_reviewed_against_the_base_branch(screen: Screen, house: House) -> None:
    thread = await house.thread(f"All of it {screen.size}", "!say Have a look.")
    directory = await worktree(house, thread)
    (directory / "README.md").write_text("# A committed shop\n")
    (directory / "large.json").write_text("[\n" + "".join(f'  "{number:060}",\n' for number in range(10_000)) + "0]\n")
    git(directory, "add", "-A")
    git(directory, "commit", "-qm", "Commit it")
    await screen.go(house.path(thread) + "?panel=review")
    page = screen.page
    await expect(page.get_by_text("No uncommitted changes")).to_be_visible()
    await screen.look("review-nothing-uncommitted")
    await page.get_by_role("button", name="Show all changes since main").click()
    await expect(page.get_by_text("2 files")).to_be_visible()
    (directory / "new.txt").write_text("not committed\n")
    await page.get_by_role("button", name="More", exact=True).click()
    await expect(page.get_by_role("menuitem", name="Stage all")).to_have_count(0)
    await page.get_by_role("menuitem", name="Look again").click()
    await expect(page.get_by_text("3 files")).to_be_visible()
    for name in ("Stage", "Revert", "Commit"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    files = page.get_by_role("list", name="Changed files")
    await files.get_by_text("large.json").click()
    large = page.get_by_role("region", name="large.json", exact=True)
    await large.get_by_role("button", name="Load it").click()
    await expect(large.get_by_role("button", name="more lines")).to_be_visible()

    await files.get_by_text("README.md").click()
    readme = page.get_by_role("region", name="README.md", exact=True)
    await readme.locator("[data-change-key=I1].diff-gutter").last.click()
    await readme.get_by_role("textbox", name="Comment on line 1").fill("Which shop?")
    await readme.get_by_role("button", name="Add comment").click()
    await screen.look("review-since-base")
    await screen.check_accessibility("review since the base branch")

    (directory / "README.md").write_text("# A committed shop\n\nMore of it.\n\nAnd more.\n")
    await page.get_by_role("radio", name="Uncommitted").click()
    await expect(page.get_by_text("2 files")).to_be_visible()
    await expect(page.get_by_role("button", name="Stage all and commit")).to_be_visible()
    await expect(page.get_by_text("The line has changed since")).to_have_count(0)
    await page.reload()
    await page.get_by_role("radio", name="All changes since main").click()
    await expect(readme.get_by_text("Which shop?")).to_be_visible()
    await page.get_by_role("button", name="Send to agent").click()
    await expect(page.get_by_text("1 comment", exact=True)).to_have_count(0)
    sent = (await house.call("GET", f"/api/threads/{thread}"))["messages"]
    assert [one["content"] for one in sent if one["role"] == "user"][-1].endswith("Which shop?")
