"""The page of a thread."""

import json
import re

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.pages import NewScreen, Screen

REPORT = (
    r"!say # What I found\n\nThe cart **rounds twice**.\n\n```python\ndef total(items):\n    return sum(items)\n```"
    r"\n\n| place | before |\n|---|---:|\n| cart | 10.01 |\n"
)
WORK = "\n".join(
    [
        "Please fix the rounding.",
        "!think Where is the rounding done?",
        REPORT,
        r"!bash printf '\033[31mred\033[0m plain'",
        r"!write cart.py def total(items):\n    return round(sum(items), 2)\n",
        "!edit cart.py round(sum(items), 2) => sum(items)",
        '!tool TodoWrite {"todos": [{"content": "Find it", "status": "completed", "activeForm": "Finding"}]}',
        '!tool mcp__tracker__close {"id": 7} => closed',
        "!cost 0.42",
        "!say Done.",
    ]
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worked(house: House) -> str:
    """A thread whose agent has done a bit of everything."""
    return await house.thread("Fix the rounding", WORK)


async def test_a_conversation_is_shown_with_what_the_agent_did(screen: Screen, house: House, worked: str) -> None:
    await screen.go(house.path(worked))
    page = screen.page
    await expect(page.get_by_role("heading", name="What I found")).to_be_attached()
    await expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    edit = page.locator("[data-tool=Edit]")
    await expect(edit).to_contain_text("+sum(items)")
    await expect(page.locator("[data-tool=mcp__tracker__close]")).to_contain_text("tracker")
    shell = page.locator("[data-tool=Bash]")
    await shell.get_by_role("button").first.click()
    red = shell.get_by_text("red", exact=True)
    await expect(red).to_be_visible()
    assert await red.evaluate("node => node.style.color") == "var(--ansi-red)"
    await expect(page.get_by_text("$0.42").locator("visible=true").first).to_be_visible()
    thinking = page.get_by_role("button", name="Thinking")
    await expect(page.get_by_text("Where is the rounding done?")).to_have_count(1)  # in the question alone
    await thinking.click()
    await expect(page.get_by_text("Where is the rounding done?", exact=True)).to_be_visible()
    await screen.look("thread")
    await screen.check_accessibility("thread")


async def test_a_message_starts_the_agent_and_its_answer_streams_in(screen: Screen, house: House) -> None:
    thread = await house.thread("Talk", "!say Hello.")
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text("Hello.", exact=True)).to_be_visible()
    box = page.get_by_role("combobox", name="Message")
    await box.fill("!stream one two three four\n!say The end.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("one two three four", exact=True)).to_be_visible()
    await expect(page.get_by_text("The end.", exact=True)).to_be_visible()
    await expect(box).to_have_value("")
    await house.until(thread, "completed")
    await expect(page.get_by_text(re.compile("Worked for"))).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("The end.", exact=True)).to_be_visible()
    assert await page.get_by_role("article", name="You").count() == 2


async def test_a_question_is_answered_with_a_click(screen: Screen, house: House) -> None:
    thread = await house.thread("Ask", "!ask Colour: Which one? | Blue | Green", until="waiting")
    await screen.go(house.path(thread))
    card = screen.page.get_by_role("region", name="The agent asks")
    await expect(card.get_by_role("button", name="Answer")).to_be_disabled()
    await screen.look("question")
    await screen.check_accessibility("question")
    await card.get_by_text("Green", exact=True).click()
    await card.get_by_role("button", name="Answer").click()
    await house.until(thread, "completed")
    await expect(card).to_have_count(0)
    messages = (await house.call("GET", f"/api/threads/{thread}"))["messages"]
    assert "→ Green" in messages[-2]["content"] + messages[-1]["content"]


async def test_several_questions_are_answered_together(screen: Screen, house: House) -> None:
    labels = {"Colour": ("Blue", "Green"), "Pages": ("Cart", "Search", "Invoice"), "Name": ("Dusk", "Dawn")}
    asked = [
        {
            "header": header,
            "question": f"{header}?",
            "multiSelect": header == "Pages",
            "options": [{"label": label, "description": f"{label} it is"} for label in options],
        }
        for header, options in labels.items()
    ]
    thread = await house.thread("Ask much", f"!ask {json.dumps(asked)}", until="waiting")
    await screen.go(house.path(thread))
    card = screen.page.get_by_role("region", name="The agent asks")
    await card.get_by_role("radio", name="Green").click()
    for page in ("Cart", "Invoice"):
        await card.get_by_role("checkbox", name=page).click()
    await expect(card.get_by_role("button", name="Answer")).to_be_disabled()
    await card.get_by_role("group", name="Name?").get_by_role("textbox").fill("Night — and day")
    await screen.look("questions")
    await card.get_by_role("button", name="Answer").click()
    for answer in ("Green", "Cart, Invoice", "Night — and day"):
        await expect(screen.page.get_by_text(f"Answer: {answer}", exact=True)).to_be_visible()


async def test_a_plan_is_sent_back_and_then_accepted(screen: Screen, house: House) -> None:
    script = r"!plan ## Plan\n\n1. Index\n2. Route"
    thread = await house.thread("Plan", script, until="waiting", permissionMode="plan")
    await screen.go(house.path(thread))
    card = screen.page.get_by_role("region", name="The agent proposes a plan")
    await expect(card.get_by_text("Index")).to_be_visible()
    await screen.look("plan")
    await screen.check_accessibility("plan")
    await card.get_by_role("button", name="Ask for changes").click()
    await card.get_by_role("textbox", name="What should be different?").fill("The route first")
    await screen.look("plan-changes")
    await card.get_by_role("button", name="Send").click()
    await expect(screen.page.get_by_text("The plan was not accepted: The route first")).to_be_visible()
    await house.until(thread, "completed")
    await house.call("POST", f"/api/threads/{thread}/message", {"content": script})
    await card.get_by_role("button", name="Accept plan").click()
    await house.until(thread, "completed")
    assert (await house.call("GET", f"/api/threads/{thread}"))["permissionMode"] == "autoEdit"


async def test_a_tool_is_permitted_or_denied(screen: Screen, house: House) -> None:
    script = '!permission Bash {"command": "make clean", "description": "Tidy up"}\n!say Went on.'
    thread = await house.thread("Permit", script, until="waiting")
    await screen.go(house.path(thread))
    card = screen.page.get_by_role("region", name="May the agent use Shell?")
    await expect(card.get_by_text("make clean")).to_be_visible()
    await screen.look("permission")
    await screen.check_accessibility("permission")
    await card.get_by_role("button", name="Allow", exact=True).click()
    await house.until(thread, "completed")
    await expect(screen.page.get_by_text("Went on.", exact=True)).to_be_visible()


async def test_a_call_is_allowed_for_good_until_that_is_taken_back(screen: Screen, house: House) -> None:
    call = f'!permission Bash {{"command": "make {screen.size}"}}'
    thread = await house.thread("Permit", f"{call}\n{call}\n!say Went on.", until="waiting")
    await screen.go(house.path(thread))
    page = screen.page
    card = page.get_by_role("region", name="May the agent use Shell?")
    await card.get_by_role("button", name="More").click()
    await screen.look("permission-always")
    await page.get_by_role("menuitem", name="Always allow this call").click()
    await expect(page.get_by_text("Went on.", exact=True)).to_be_visible()
    await house.until(thread, "completed")
    await screen.go(f"/projects/{house.project_id}/settings")
    await page.wait_for_url("**/settings/general")
    rules = page.get_by_role("region", name="Always allowed")
    await expect(rules.get_by_text(f"make {screen.size}")).to_be_visible()
    await screen.look("project-settings")
    await screen.check_accessibility("project settings")
    await rules.get_by_role("button", name="Ask again before Shell").click()
    await expect(rules.get_by_role("listitem")).to_have_count(0)
    await house.call("POST", f"/api/threads/{thread}/message", {"content": call})
    await house.until(thread, "waiting")


async def test_a_run_is_stopped_and_goes_on(screen: Screen, house: House) -> None:
    thread = await house.thread("Stop", "!say Off I go.\n!sleep 3600", until="running")
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text("Working")).to_be_visible()
    await screen.look("running")
    await page.get_by_role("button", name="Stop", exact=True).click()
    await house.until(thread, "stopped")
    await expect(page.get_by_role("button", name="Go on")).to_be_visible()
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("article", name="You").last).to_contain_text("Continue")


async def test_a_run_that_failed_says_why_and_goes_on(screen: Screen, house: House) -> None:
    thread = await house.thread("Crash", "!say Off I go.")
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text("Off I go.", exact=True)).to_be_visible()
    notice = page.get_by_role("region", name="The run failed")
    reasons = {"!crash 2 Out of memory": "Out of memory", "!fail error_max_turns": "limit of its turns"}
    for script, reason in reasons.items():
        await house.call("POST", f"/api/threads/{thread}/message", {"content": script})
        await expect(notice).to_contain_text(reason)
    await page.reload()
    await expect(notice).to_contain_text("limit of its turns")
    await screen.look("failed")
    await screen.check_accessibility("failed")
    await page.get_by_role("button", name="Go on").click()
    await expect(notice).to_have_count(0)
    await expect(page.get_by_role("article", name="You").last).to_contain_text("Continue")


async def test_a_follow_up_reaches_the_agent_while_it_works(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Follow", "!say First.\n!sleep 1\n!say Second.", until="running")
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text("First.", exact=True)).to_be_visible()
    box = page.get_by_role("combobox", name="Message")
    await box.fill("!say Third.")
    await box.press("Enter")
    await expect(page.get_by_text("!say Third.", exact=True)).to_be_visible()
    await expect(page.get_by_text("Third.", exact=True)).to_be_visible()
    await house.until(thread, "completed")
    await expect(page.get_by_role("article", name="You")).to_have_count(2)
    await expect(page.get_by_text("Second.", exact=True)).to_have_count(1)
    await expect(page.get_by_text("Sending")).to_have_count(0)


async def test_what_was_sent_while_the_server_was_away_arrives_once(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Away", "!say Hello.")
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    screen.watch.expected += ["ERR_INTERNET_DISCONNECTED", "WebSocket", "net::ERR"]
    await page.context.set_offline(True)
    box = page.get_by_role("combobox", name="Message")
    await box.fill("!say Back again.")
    await box.press("Enter")
    await expect(page.get_by_text("Sending")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_text("Back again.", exact=True)).to_be_visible()
    await house.until(thread, "completed")
    messages = (await house.call("GET", f"/api/threads/{thread}"))["messages"]
    assert [one["content"] for one in messages if one["role"] == "user"].count("!say Back again.") == 1


async def test_files_are_mentioned_by_typing_their_name(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("Mention", "!say Hello.")
    screen = await new_screen()
    await screen.go(house.path(thread))
    box = screen.page.get_by_role("combobox", name="Message")
    await box.press_sequentially("Look at @READ")
    await expect(screen.page.get_by_role("option", name="README.md")).to_be_visible()
    await box.press("Enter")
    await expect(box).to_have_value("Look at @README.md ")
