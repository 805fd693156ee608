"""Texts of agents, files and branches that try to run in the page."""

import asyncio
import json
import subprocess

import pytest
from playwright.async_api import Page, expect

from tests.browser.house import House
from tests.browser.pages import NewScreen

PAYLOADS = [
    "<script>window.hit = 1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg/onload=window.hit=1>",
    "<svg><animate onbegin=window.hit=1 attributeName=x dur=1s>",
    "<iframe src=javascript:parent.hit=1></iframe>",
    "<details open ontoggle=window.hit=1>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1>",
    "<a href=javascript:window.hit=1>click</a>",
    "[click](javascript:window.hit=1)",
    "[click](JaVaScRiPt:window.hit=1)",
    "[click](data:text/html;base64,PHNjcmlwdD5wYXJlbnQuaGl0PTE8L3NjcmlwdD4=)",
    "![x](x onerror=window.hit=1)",
    '![x](https://elsewhere.invalid/a.png "onerror=window.hit=1")',
    "<form action=javascript:window.hit=1><input type=submit></form>",
    "<base href=https://elsewhere.invalid/>",
    "<meta http-equiv=refresh content=0;url=https://elsewhere.invalid/>",
    "<style>*{display:none}</style>",
    "'\"><img src=x onerror=window.hit=1>",
    "${window.hit=1}{{constructor.constructor('window.hit=1')()}}",
    "</title><script>window.hit=1</script>",
]
PLANTED = "main :is(script, iframe, base, meta, form[action], object, embed, style, [onerror], [onload], [ontoggle])"
OPEN_ALL = "document.querySelectorAll('[data-tool] > button[aria-expanded=false]').forEach(one => one.click())"
INLINE = """() => {
  const script = document.createElement("script");
  script.textContent = "window.hit = 1";
  document.body.append(script);
}"""
FILE = "<svg:onload=window.hit=1>.py"
BRANCH = "x/<img/src=x/onerror=window.hit=1>"
ESCAPES = (
    r"\033]8;;javascript:window.hit=1\033\\\\click\033]8;;\033\\\\ \033[31m<img src=x onerror=window.hit=1>\033[0m"
)


async def nothing_ran(page: Page) -> None:
    """Check that no payload has become part of the document, or was refused by the policy alone."""
    assert await page.evaluate("window.hit") is None
    planted = (
        "main :is(script, iframe, base, meta, form[action], object, embed, style, [onerror], [onload], [ontoggle])"
    )
    assert await page.locator(planted).count() == 0
    addresses = await page.evaluate(
        "[...document.querySelectorAll('a[href], img[src]')].map(one => one.href || one.src)"
    )
    assert [one for one in addresses if not one.startswith(("http", "mailto:", "data:image/"))] == []


async def test_messages_of_agents_stay_text(new_screen: NewScreen, house: House) -> None:
    script = "\n".join(f"!say {payload}\n!tool Note {{}} => {payload}" for payload in PAYLOADS)
    thread = await house.thread("Messages", script)
    screen = await new_screen()
    await screen.go(house.path(thread))
    page = screen.page
    await expect(page.get_by_text("</title>").last).to_be_attached()
    log = page.get_by_role("log")
    for _ in range(30):
        await nothing_ran(page)
        await page.evaluate(OPEN_ALL)
        if await log.evaluate("one => one.scrollTop") == 0:
            break
        await log.evaluate("one => one.scrollBy(0, -500)")
        await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    for link in await page.get_by_role("link", name="click").all():
        assert not (await link.get_attribute("href") or "").lower().startswith(("javascript", "data"))
    await nothing_ran(page)


async def test_what_people_write_stays_text(new_screen: NewScreen, house: House) -> None:
    thread = await house.thread("<img src=x onerror=window.hit=1>", "\n".join(PAYLOADS))
    screen = await new_screen()
    await screen.go(house.path(thread))
    await expect(screen.page.get_by_role("heading", name="<img src=x")).to_be_visible()
    await nothing_ran(screen.page)
    for path in ("/", f"/projects/{house.project_id}", "/board", "/search"):
        await screen.go(path)
        await expect(screen.page.get_by_role("main")).to_be_visible()
        await nothing_ran(screen.page)


async def test_questions_plans_and_permissions_stay_text(new_screen: NewScreen, house: House) -> None:
    payload = PAYLOADS[1]
    scripts = [
        f"!ask {payload}: {payload} | {payload} | {PAYLOADS[2]}",
        "!plan " + r"\n\n".join(PAYLOADS),
        "!permission Bash " + json.dumps({"command": payload, "description": payload}),
        f"!permission mcp__{'<b>'}__{'<i>'} {json.dumps({payload: payload})}",
    ]
    screen = await new_screen()
    for script in scripts:
        thread = await house.thread("Waits", script, until="waiting", permissionMode="plan")
        await screen.go(house.path(thread))
        await expect(screen.page.locator("section[aria-label]").last).to_be_visible()
        await nothing_ran(screen.page)


async def test_output_and_names_of_files_and_branches_stay_text(new_screen: NewScreen, house: House) -> None:
    await asyncio.to_thread(
        subprocess.run, ["git", "branch", BRANCH], cwd=house.repository, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    script = f"!write {FILE} {PAYLOADS[0]}\n!edit {FILE} window => self\n!bash printf '{ESCAPES}'\n!say Done."
    thread = await house.thread("Names", script, baseBranch=BRANCH)
    screen = await new_screen()
    await screen.go(f"{house.path(thread)}?panel=review")
    page = screen.page
    await expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    await page.evaluate(OPEN_ALL)
    await expect(page.locator("[data-tool=Write]")).to_contain_text(FILE)
    await expect(page.locator("aside").last).to_contain_text("onload")
    await nothing_ran(page)


@pytest.mark.parametrize("path", ["/sign-in?next=//elsewhere.invalid", "/sign-in?next=javascript:window.hit=1"])
async def test_the_way_back_after_signing_in_stays_here(new_screen: NewScreen, path: str) -> None:
    screen = await new_screen()
    await screen.go(path)
    await expect(screen.page.get_by_role("navigation")).to_be_visible()
    assert "elsewhere" not in screen.page.url.split("?")[0]
    await nothing_ran(screen.page)


async def test_the_policy_forbids_inline_scripts(new_screen: NewScreen) -> None:
    screen = await new_screen()
    screen.watch.expected += ["Content Security Policy"]
    await screen.go("/")
    answer = await screen.page.request.get(screen.page.url)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    await screen.page.evaluate(INLINE)
    assert await screen.page.evaluate("window.hit") is None
