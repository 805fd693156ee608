"""Hooks: checked where they are written, called plugin by plugin."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest

from a_parallel_contracts import Conflict, HookError, Manifest, Plugin, PluginContext, Route, hookimpl, hookspec
from a_parallel_kernel.hooks import HookDispatcher, PluginManager, hook_problems

MANIFEST = Manifest(api="1.0")


class Greetings:
    """A capability's hooks."""

    @hookspec
    async def greet(self, ctx: PluginContext, name: str, loud: bool) -> str | None:
        """Say hello."""

    @hookspec
    async def polish(self, ctx: PluginContext, text: str) -> str:
        """Change a text."""
        return text


class Polite(Plugin, Greetings):
    manifest = MANIFEST

    @hookimpl
    async def greet(self, ctx: PluginContext, name: str) -> str | None:  # type: ignore[override]
        return f"{ctx.id}: good day {name}"

    @hookimpl
    async def polish(self, ctx: PluginContext, text: str) -> str:
        return f"{text}, please"


class Silent(Plugin, Greetings):
    manifest = MANIFEST

    @hookimpl
    async def greet(self, ctx: PluginContext, name: str, loud: bool) -> str | None:
        return None


class Refusing(Plugin, Greetings):
    manifest = MANIFEST

    @hookimpl
    async def greet(self, ctx: PluginContext, name: str, loud: bool) -> str | None:
        raise Conflict(f"nobody greets {name}")


class Broken(Plugin, Greetings):
    manifest = MANIFEST

    @hookimpl
    async def greet(self, ctx: PluginContext, name: str, loud: bool) -> str | None:
        raise ZeroDivisionError("oops")


class FakeContext:
    def __init__(self, id: str) -> None:
        self.id = id


Reports = list[tuple[str, str | None]]


def dispatcher(**plugins: type[Plugin]) -> tuple[HookDispatcher, Reports]:
    manager = PluginManager()
    manager.add_hookspecs(Greetings)
    for id, plugin in plugins.items():
        manager.register(plugin(), name=id)
    reports: Reports = []
    found = HookDispatcher(
        manager,
        lambda name: cast(PluginContext, FakeContext(name)),
        lambda name, error: reports.append((name, type(error).__name__ if error else None)),
    )
    return found, reports


async def test_collect_asks_everybody_with_their_own_context_and_the_arguments_they_take() -> None:
    hooks, _ = dispatcher(a=Polite, b=Silent)
    assert await hooks.collect(Greetings.greet, "Ada", loud=True) == [None, "a: good day Ada"]


async def test_the_first_answer_wins() -> None:
    hooks, reports = dispatcher(a=Polite, b=Silent)
    assert await hooks.first(Greetings.greet, "Ada", True) == "a: good day Ada"
    assert reports == [("b", None), ("a", None)]


async def test_pipe_passes_the_value_on() -> None:
    hooks, _ = dispatcher(a=Polite, b=Polite)
    assert await hooks.pipe(Greetings.polish, "tea") == "tea, please, please"


async def test_a_refusal_passes_through_and_is_no_failure() -> None:
    hooks, reports = dispatcher(a=Refusing)
    with pytest.raises(Conflict, match="nobody greets Ada"):
        await hooks.collect(Greetings.greet, "Ada", True)
    assert reports == [("a", None)]


async def test_a_failure_names_the_plugin() -> None:
    hooks, reports = dispatcher(a=Broken)
    with pytest.raises(HookError, match="greet of plugin a failed") as caught:
        await hooks.first(Greetings.greet, "Ada", True)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert reports == [("a", "ZeroDivisionError")]


async def test_cancelling_the_caller_cancels_the_hook() -> None:
    cancelled = asyncio.Event()

    class Slow(Plugin, Greetings):
        manifest = MANIFEST

        @hookimpl
        async def greet(self, ctx: PluginContext, name: str, loud: bool) -> str | None:
            entered.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise
            return None

    entered = asyncio.Event()
    hooks, _ = dispatcher(a=Slow)
    call = asyncio.ensure_future(hooks.first(Greetings.greet, "Ada", True))
    await entered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await cancelled.wait()


def test_a_hook_nobody_specifies_is_a_mistake() -> None:
    class Misspelt(Plugin):
        @hookimpl
        def rotues(self, ctx: PluginContext) -> Any:
            return ()

    assert hook_problems(Misspelt) == [
        "rotues is marked @hookimpl, but no class that Misspelt derives from specifies it"
    ]


def test_an_override_without_the_mark_is_a_mistake() -> None:
    class Unmarked(Plugin):
        def routes(self, ctx: PluginContext) -> Iterable[Route]:
            return ()

    assert hook_problems(Unmarked) == ["routes overrides a hook without @hookimpl"]


def test_an_unknown_argument_is_a_mistake() -> None:
    class Curious(Plugin, Greetings):
        @hookimpl
        async def greet(self, ctx: PluginContext, nam: str) -> str | None:  # type: ignore[override]
            return nam

    assert hook_problems(Curious) == ["greet has unknown arguments: nam"]
    assert hook_problems(Polite) == []
