"""What plugins add to the web page: panels, actions, cards and settings, as ES modules of theirs."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from a_parallel_contracts.plugin import PluginContext, hookspec

ExtensionKind = Literal["panel", "thread_action", "tool_card", "settings"]
"""Where an addition goes: beside a thread's conversation, into a thread's menu, in the place of a tool call's card, or
among the settings."""


class PageExtension(Struct, frozen=True):
    """One addition to the page.

    Attributes:
        id: unique among the plugin's own; part of addresses, so letters, digits, ``-`` and ``_``.
        kind: where it goes.
        title: what people read.
        module: path of an ES module in the plugin's static directory (`Manifest.static`). It exports ``mount``, which
            fills an element, or ``run`` for a thread action; docs/plugins says with what they are called.
        tools: names of the tools whose calls a ``tool_card`` shows.
        admin: only administrators see it.
    """

    id: str
    kind: ExtensionKind
    title: str
    module: str
    tools: tuple[str, ...] = ()
    admin: bool = False


class PageHooks:
    """How others add to the page. Mix it into your `Plugin` so that type checkers help."""

    @hookspec
    async def page_extensions(self, ctx: PluginContext) -> Iterable[PageExtension]:
        """Return the plugin's additions; asked whenever a page is loaded, so it must return quickly."""
        return ()
