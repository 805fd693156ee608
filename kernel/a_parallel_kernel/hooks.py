"""Calls hooks plugin by plugin: own context, own deadline, own error slot.

pluggy gives markers, registration and ordering. Its own call ends a whole round at the first exception,
never awaits, and cannot stop at the first result of coroutines; so the calling is done here.
"""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar, cast

import pluggy

from a_parallel_contracts.errors import ApiError, HookError
from a_parallel_contracts.plugin import PROJECT, Plugin, PluginContext
from a_parallel_kernel.lifespan import within

T = TypeVar("T")
log = logging.getLogger("a_parallel.kernel")

IMPL = f"{PROJECT}_impl"
SPEC = f"{PROJECT}_spec"
DEADLINE = 60.0
"""Seconds that one plugin may take for one hook of a capability."""


class PluginManager(pluggy.PluginManager):
    """Registers plugins and knows the kernel's own hooks; looks for hooks on the class alone, where the marks are.

    pluggy looks each attribute of an object up statically, which for all bundled plugins takes as long as
    importing one of them.
    """

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(Plugin)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return the options of a hook implementation, or None if the attribute is none."""
        return super().parse_hookimpl_opts(plugin, name) if hasattr(getattr(type(plugin), name, None), IMPL) else None


def implements(plugin: Plugin, hook: str) -> bool:
    """Tell whether the plugin overrides `hook` and marked it with ``@hookimpl``."""
    return hasattr(getattr(type(plugin), hook, None), IMPL)


def hook_problems(plugin: type[Plugin]) -> list[str]:
    """Return what is wrong with a class's hooks: unknown names, foreign arguments, missing marks.

    Only the class and its bases are looked at, so the answer does not depend on what else is installed.
    """
    names = sorted({name for base in plugin.__mro__ if base not in _OURS for name in vars(base)})
    members = [(name, getattr(plugin, name)) for name in names]
    return [problem for name, member in members if callable(member) and (problem := _problem(plugin, name, member))]


_OURS = frozenset(Plugin.__mro__)


def _problem(plugin: type[Plugin], name: str, member: Any) -> str | None:
    specification = next((vars(base)[name] for base in plugin.__mro__ if hasattr(vars(base).get(name), SPEC)), None)
    if not hasattr(member, IMPL):
        overridden = specification is not None and member is not specification
        return f"{name} overrides a hook without @hookimpl" if overridden else None
    if specification is None:
        return f"{name} is marked @hookimpl, but no class that {plugin.__name__} derives from specifies it"
    foreign = set(_arguments(member)) - set(_arguments(specification))
    return f"{name} has unknown arguments: {', '.join(sorted(foreign))}" if foreign else None


@functools.cache  # asked for every request, as ``authorize`` is a hook
def _arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(function).parameters if name != "self")


class HookDispatcher:
    """Calls one hook on all plugins that are there; implements `a_parallel_contracts.Hooks`.

    Parameters:
        manager: holds the registered plugins.
        context: returns the context of a plugin by id, or None if it is not to be called.
        report: told the plugin and the error (or None) of each call.
    """

    def __init__(
        self,
        manager: pluggy.PluginManager,
        context: Callable[[str], PluginContext | None],
        report: Callable[[str, BaseException | None], None],
    ) -> None:
        self._manager = manager
        self._context = context
        self._report = report

    async def collect(self, hook: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> list[Any]:
        """Return the answers of all plugins."""
        return [await call(*args, **kwargs) for call in self._calls(hook)]

    async def first(self, hook: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Return the first answer that is not None."""
        for call in self._calls(hook):
            answer = await call(*args, **kwargs)
            if answer is not None:
                return answer
        return None

    def is_implemented(self, hook: Callable[..., Any]) -> bool:
        """Tell whether any plugin that is registered has this hook."""
        caller = getattr(self._manager.hook, hook.__name__, None)
        return bool(caller and caller.get_hookimpls())

    async def pipe(self, hook: Callable[..., Awaitable[Any]], value: Any) -> Any:
        """Pass `value` through all plugins."""
        for call in self._calls(hook):
            value = await call(value)
        return value

    async def each(self, hook: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> list[tuple[str, Any]]:
        """Return the answer of each plugin with its id; of one that fails, the exception."""
        answers: list[tuple[str, Any]] = []
        for plugin in self._implementers(hook):
            for call in self._calls(hook, only=plugin):
                try:
                    answers.append((plugin, await call(*args, **kwargs)))
                except (HookError, ApiError) as error:
                    answers.append((plugin, error))
        return answers

    def _implementers(self, hook: Callable[..., Any]) -> list[str]:
        caller = getattr(self._manager.hook, hook.__name__, None)
        return [each.plugin_name for each in reversed(caller.get_hookimpls() if caller else [])]

    async def one(self, plugin: str, hook: Callable[..., Awaitable[T]]) -> T | None:
        """Return the answer of one plugin, or None if it does not implement the hook or fails."""
        try:
            for call in self._calls(hook, only=plugin):
                return cast(T, await call())
        except (HookError, ApiError) as error:
            log.warning("%s", error)
        return None

    def _calls(self, hook: Callable[..., Any], only: str | None = None) -> Iterator[Callable[..., Awaitable[Any]]]:
        caller = getattr(self._manager.hook, hook.__name__, None)
        parameters = _arguments(hook)[1:]
        for implementation in reversed(caller.get_hookimpls() if caller else []):
            ctx = self._context(implementation.plugin_name)
            if ctx is not None and only in (None, implementation.plugin_name):
                yield self._bind(implementation, hook.__name__, parameters, ctx)

    def _bind(
        self, implementation: pluggy.HookImpl, hook: str, parameters: tuple[str, ...], ctx: PluginContext
    ) -> Callable[..., Awaitable[Any]]:
        function = cast(Callable[..., Coroutine[Any, Any, Any]], implementation.function)

        async def call(*args: Any, **kwargs: Any) -> Any:
            given = {"ctx": ctx, **dict(zip(parameters, args, strict=False)), **kwargs}
            accepted = {name: given[name] for name in implementation.argnames if name in given}
            try:
                answer = await within(DEADLINE, function(**accepted), f"{hook} of {implementation.plugin_name}")
            except ApiError:
                self._report(implementation.plugin_name, None)
                raise
            except Exception as error:
                self._report(implementation.plugin_name, error)
                raise HookError(implementation.plugin_name, hook, error) from error
            self._report(implementation.plugin_name, None)
            return answer

        return call
