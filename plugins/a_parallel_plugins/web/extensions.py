"""What the running plugins add to the page."""

import re
from collections.abc import Iterable

from a_parallel_contracts import ApiError, HookError, PluginContext, Request, WireModel
from a_parallel_contracts.pages import ExtensionKind, PageExtension, PageHooks

_ID = re.compile(r"[A-Za-z0-9_-]+")


class Extension(WireModel):
    """An addition to the page as browsers get it; `module` is the address of its ES module."""

    plugin: str
    id: str
    kind: ExtensionKind
    title: str
    module: str
    tools: tuple[str, ...] = ()


class Extensions:
    """Asks the plugins; one that fails loses its own additions only."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    async def show(self, request: Request) -> list[Extension]:
        """List what the running plugins add to the page."""
        found: list[Extension] = []
        for plugin, answer in await self._ctx.hooks.each(PageHooks.page_extensions):
            if isinstance(answer, (HookError, ApiError)):
                self._ctx.log.warning("plugin %s does not say what it adds to the page: %s", plugin, answer)
            else:
                found += self._described(plugin, answer, admin=request.actor.role == "admin")
        return found

    def _described(self, plugin: str, added: Iterable[PageExtension], *, admin: bool) -> list[Extension]:
        found: dict[str, Extension] = {}
        for one in added:
            if problem := _problem(one, found):
                self._ctx.log.warning("plugin %s adds %r to the page, which %s", plugin, one.id, problem)
            elif admin or not one.admin:
                module = f"/plugins/{plugin}/{one.module}"
                found[one.id] = Extension(
                    plugin=plugin, id=one.id, kind=one.kind, title=one.title, module=module, tools=one.tools
                )
        return list(found.values())


def _problem(one: PageExtension, known: dict[str, Extension]) -> str | None:
    if not _ID.fullmatch(one.id):
        return "is no id: use letters, digits, - and _"
    if one.id in known:
        return "it has added already"
    if one.module.startswith("/") or ".." in one.module.split("/"):
        return f"has the module {one.module!r} outside of its static directory"
    return None
