"""Pages of the client as a person meets them: in two sizes, watched for errors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.browser.tools import ROOT, package_file

OUTPUT = ROOT / "test-output" / "browser"
PATIENCE = 15_000
"""Milliseconds that the page may take for anything; a limit against hanging, not a measure."""

SETTLED = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(done));
  await frame();
  await frame();
  const transitions = document.getAnimations().filter(one => one instanceof CSSTransition);
  await Promise.allSettled(transitions.map(one => one.finished));
  await frame();
}"""

Size = Literal["1440x900", "390x844"]
SIZES: tuple[Size, ...] = ("1440x900", "390x844")
SERIOUS = ("serious", "critical")


@dataclass
class Watch:
    """What went wrong in a page while nobody looked: errors of scripts, refused by the policy, failed requests."""

    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Listen to a page."""
        page.on("pageerror", lambda error: self.note(f"error: {error}"))
        page.on("console", self._said)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def note(self, problem: str) -> None:
        """Keep a problem unless it is expected."""
        if not any(one in problem for one in self.expected):
            self.problems.append(problem)

    def _said(self, message: ConsoleMessage) -> None:
        # A failed request is noted with its address below.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.note(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.note(f"{response.status} {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        # What is under way when a page is left is aborted; that is no fault.
        if request.failure != "net::ERR_ABORTED":
            self.note(f"{request.failure} {request.url}")


class Screen:
    """A browser page in one size.

    Parameters:
        page: of the browser.
        size: of the window.
        url: of the server.
        watch: of the page.
    """

    def __init__(self, page: Page, size: Size, url: str, watch: Watch) -> None:
        self.page = page
        self.size = size
        self.watch = watch
        self._url = url

    @property
    def narrow(self) -> bool:
        """Whether it is a phone."""
        return self.size == "390x844"

    async def go(self, path: str) -> None:
        """Open an address of the client and wait for the view."""
        await self.page.goto(self._url + path)
        await self.page.wait_for_selector("#main, main", timeout=PATIENCE)

    async def look(self, name: str) -> None:
        """Take screenshots of what is shown, light and dark, for people to judge."""
        OUTPUT.mkdir(parents=True, exist_ok=True)
        for theme in ("dark", "light"):
            await self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await self.page.screenshot(path=OUTPUT / f"{name}-{self.size}-{theme}.png", animations="disabled")

    async def check_accessibility(self, name: str) -> None:
        """Let axe look at the page: light on a desktop, dark on a phone, since colours do not depend on the size.

        Raises:
            AssertionError: a violation is serious.
        """
        theme: Literal["dark", "light"] = "dark" if self.narrow else "light"
        axe = package_file("axe-core/axe.min.js").read_text(encoding="utf-8")
        await self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await self.page.evaluate(SETTLED)  # colours change in transitions
        await self.page.evaluate(axe)
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [_told(one) for one in found["violations"] if one["impact"] in SERIOUS]
        assert not serious, f"{name}, {theme}, {self.size}: {serious}"
        await self.page.emulate_media(color_scheme="light")

    def nothing_wrong(self) -> None:
        """Check that the page has met no error."""
        assert not self.watch.problems, "\n".join(self.watch.problems)


def _told(violation: dict[str, Any]) -> str:
    nodes = "; ".join(f"{' '.join(map(str, node['target']))}: {node['html'][:200]}" for node in violation["nodes"][:5])
    return f"{violation['id']}: {violation['help']} [{nodes}]"


NewScreen = Callable[..., Awaitable[Screen]]


async def new_context(browser: Browser, size: Size) -> BrowserContext:
    """Return a context as of a desktop or of a phone."""
    width, height = map(int, size.split("x"))
    phone = size == "390x844"
    context = await browser.new_context(
        viewport={"width": width, "height": height}, has_touch=phone, is_mobile=phone, color_scheme="light"
    )
    context.set_default_timeout(PATIENCE)
    return context


def output(name: str) -> Path:
    """Return where to put a file for people."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    return OUTPUT / name
