"""What plugins add to the page."""

from collections.abc import Iterable
from typing import Any

import pytest

from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.pages import PageExtension, PageHooks
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.web import WebPlugin

ROUTE = "/api/web/extensions"


def adding(*extensions: PageExtension) -> type[Plugin]:
    """Return a plugin that adds `extensions`."""

    class Adding(Plugin, PageHooks):
        """Adds to the page."""

        manifest = Manifest(api="1.0")

        @hookimpl
        async def page_extensions(self, ctx: PluginContext) -> Iterable[PageExtension]:
            """Add what was given."""
            return extensions

    return Adding


class Failing(Plugin, PageHooks):
    """Fails when it is asked."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def page_extensions(self, ctx: PluginContext) -> Iterable[PageExtension]:
        """Fail."""
        raise RuntimeError("no idea")


async def listed(kernel: KernelFactory, role: str = "admin", **plugins: type[Plugin]) -> Any:
    running = await kernel({"web": WebPlugin, **plugins})
    return await running.client.acting_as("somebody", role).get(ROUTE)


async def test_additions_are_listed_with_the_address_of_their_module(kernel: KernelFactory) -> None:
    card = PageExtension("deploy", "tool_card", "Deployment", "cards/deploy.js", tools=("Deploy",))
    assert await listed(kernel, one=adding(card), two=adding()) == [
        {
            "plugin": "one",
            "id": "deploy",
            "kind": "tool_card",
            "title": "Deployment",
            "module": "/plugins/one/cards/deploy.js",
            "tools": ["Deploy"],
        }
    ]


async def test_a_plugin_that_fails_takes_nothing_from_the_others(
    kernel: KernelFactory, caplog: pytest.LogCaptureFixture
) -> None:
    panel = PageExtension("p", "panel", "P", "p.js")
    found = await listed(kernel, broken=Failing, one=adding(panel))
    assert [one["plugin"] for one in found] == ["one"]
    assert "plugin broken does not say what it adds to the page" in caplog.text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (PageExtension("a b", "panel", "P", "p.js"), "letters, digits"),
        (PageExtension("p", "panel", "P", "/etc/p.js"), "outside of its static directory"),
        (PageExtension("p", "panel", "P", "x/../../other/p.js"), "outside of its static directory"),
        (PageExtension("good", "panel", "P", "p.js"), "added already"),
    ],
)
async def test_what_cannot_be_shown_is_left_out_and_named_in_the_log(
    kernel: KernelFactory, caplog: pytest.LogCaptureFixture, bad: PageExtension, reason: str
) -> None:
    found = await listed(kernel, one=adding(PageExtension("good", "panel", "Good", "good.js"), bad))
    assert [one["title"] for one in found] == ["Good"]
    assert reason in caplog.text


async def test_what_is_for_administrators_is_shown_to_them_alone(kernel: KernelFactory) -> None:
    secret = PageExtension("s", "settings", "S", "s.js", admin=True)
    assert len(await listed(kernel, "admin", one=adding(secret))) == 1
    assert await listed(kernel, "user", one=adding(secret)) == []
